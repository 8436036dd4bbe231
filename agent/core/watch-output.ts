import type { BehaviourKind, EventOf } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
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

type Coverage = readonly BehaviourKind[];

export function started(
  workload: Workload,
  { instance }: WatchedInstance,
  state: 'started' | 'found',
  coverage: Coverage,
): WatchOutput {
  const time = instance.startedAt;
  return { type: 'report', report: { type: 'instance', workload, instance, state, coverage, time } };
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
  { workload, inForce }: WatchedWorkload,
  { instance, shown, events }: WatchedInstance,
  until: number,
): readonly WatchOutput[] {
  const learnsAll = shown.isFromStart && !judges(inForce, 'start');
  return [...shown.support(until, events)]
    .filter(({ phase }) => learnsAll || !judges(inForce, phase))
    .map(({ seen, ...told }) => {
      const bits = Buffer.from(seen).toString('base64');
      return {
        type: 'report',
        report: { type: 'support', workload, instance: instance.id, ...told, seen: bits },
      };
    });
}
