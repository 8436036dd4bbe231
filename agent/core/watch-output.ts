import type { CoverageWord } from '../../fingerprint/coverage.ts';
import type { EventOf } from '../../fingerprint/event.ts';
import { generaliseArgs } from '../../fingerprint/generalise.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import { printable } from '../../fingerprint/printable.ts';
import { maxSchedules, type Report, type ScheduledCommand } from '../../fingerprint/report.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { judges } from './opinion.ts';
import type { WatchedInstance, WatchedWorkload } from './watched.ts';

/** What the watch has to tell. */
export type WatchOutput =
  | { readonly type: 'report'; readonly report: Report }
  | {
      readonly type: 'incident';
      readonly incident: Incident;
      readonly isNew: boolean;
      /** µs since the epoch of the event that changed it. */
      readonly eventTime: number;
    };

type Coverage = readonly CoverageWord[];

export function started(
  workload: Workload,
  copy: WatchedInstance,
  state: 'started' | 'found',
  coverage: Coverage,
): WatchOutput {
  const { instance } = copy;
  const schedules = schedulesOf(copy);
  const about = { workload, instance, state, coverage, time: instance.startedAt };
  return {
    type: 'report',
    report: { type: 'instance', ...about, ...(schedules.length === 0 ? {} : { schedules }) },
  };
}

/** In the form in which the shell that cron starts is learned: without secrets. */
function schedulesOf({ record }: WatchedInstance): ScheduledCommand[] {
  const given = record.surroundings?.schedules ?? [];
  return given.slice(0, maxSchedules).map(({ timing, command }) => {
    const [, , general = ''] = generaliseArgs(['/bin/sh', '-c', command], {});
    return { timing: printable(timing), command: printable(general, 1024) };
  });
}

export function ended(
  workload: Workload,
  { instance }: WatchedInstance,
  time: number,
  coverage: Coverage,
): WatchOutput {
  return {
    type: 'report',
    report: { type: 'instance', workload, instance, state: 'exited', coverage, time },
  };
}

export function gap(
  { since, until, lost, reason }: EventOf<'gap'>,
  instance: string | undefined,
): WatchOutput {
  const of = instance === undefined ? {} : { instance };
  return { type: 'report', report: { type: 'gap', since, until, lost, reason, ...of } };
}

export function restated(incident: Incident): WatchOutput {
  return { type: 'incident', incident, isNew: false, eventTime: incident.last };
}

/**
 * What a copy has shown in the phases of its life that are learned; nothing of those that are judged. Where starts are
 * still learned, the daily work of a copy that was seen to start is learned along: with its true lineage.
 */
export function support(
  { workload, inForce, untrusted }: WatchedWorkload,
  { instance, shown, events }: WatchedInstance,
  until: number,
): readonly WatchOutput[] {
  const learnsAll = shown.isFromStart && !judges(inForce, 'start');
  const isLearned = (phase: Phase): boolean =>
    untrusted === undefined && (learnsAll || !judges(inForce, phase));
  return [...shown.support(until, events)]
    .filter(({ phase }) => isLearned(phase))
    .map(({ seen, ...told }) => {
      const bits = Buffer.from(seen).toString('base64');
      return {
        type: 'report',
        report: { type: 'support', workload, instance: instance.id, ...told, seen: bits },
      };
    });
}
