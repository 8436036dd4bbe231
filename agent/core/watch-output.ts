import type { BehaviourKind, EventOf } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
import type { Workload } from '../../fingerprint/workload.ts';
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

/** What a copy has shown while its workload is learned; nothing once it is judged. */
export function support(
  watched: WatchedWorkload,
  instance: WatchedInstance,
  until: number,
): readonly WatchOutput[] {
  if (watched.inForce !== undefined) return [];
  const report: Report = {
    type: 'support',
    workload: watched.workload,
    instance: instance.instance.id,
    phase: 'steady',
    seen: Buffer.from(instance.seen.bytes()).toString('base64'),
    since: instance.since,
    until,
    events: instance.events,
    lost: instance.lost,
  };
  return [{ type: 'report', report }];
}
