import type { Event, EventOf } from '../../fingerprint/event.ts';
import type { Attribution } from '../core/attribution.ts';
import type { Counters } from '../core/counters.ts';
import type { ProcessRecord } from '../core/process-record.ts';
import type { ProcessGlance, ProcessView, StateView } from '../ports/state-view.ts';

/** What the parts of a sweep work with. */
export interface SweepWorld {
  readonly view: StateView;
  readonly attribution: Pick<Attribution, 'alive'>;
  /** Takes what was found of known processes. */
  readonly found: (events: readonly Event[]) => void;
  /** Takes a process nobody told of. */
  readonly foundUnknown: (event: EventOf<'exec'>) => void;
  readonly counters: Counters;
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

/** A living process of a watched copy. */
export interface Member {
  readonly glance: ProcessGlance;
  readonly record: ProcessRecord;
  readonly view: ProcessView;
}

/** Whether what is found of a process is anybody's business. */
export function isWatched({ own, instance }: ProcessRecord): boolean {
  return own === 'no' && instance !== undefined && !instance.abandoned;
}

/** What every event of a sweep begins with. */
export function foundBy(record: ProcessRecord, time: number) {
  return { time, process: record.ref, found: true } as const;
}

export function oldestFirst(a: ProcessGlance, b: ProcessGlance): number {
  return a.startTicks - b.startTicks || a.pid - b.pid;
}
