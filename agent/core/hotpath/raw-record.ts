import type { Event } from '../../../fingerprint/event.ts';
import type { KeyBuffer } from './act-key.ts';

/**
 * One record of a source, read no further than it takes to know whether the same was answered before. Each source has a
 * reader of this shape; one object is placed on record after record, so nothing of it may be kept.
 */
export interface RawRecord {
  /**
   * `act`: an act whose meaning stands in the record alone. `peer`: one whose peer has a name for a time. `accept`: who
   * came is counted, never judged. `other`: it changes who is who, or cannot be answered at a look.
   */
  readonly what: 'act' | 'peer' | 'accept' | 'other';
  /** Who acts, exactly as the event will say (`process`): µs since boot. */
  readonly pid: number;
  readonly start: number;
  /** As the event will say: the id of its control group. */
  readonly cgroup: number;
  /** As the event will say: µs since the Unix epoch. */
  readonly time: number;
  /**
   * Fills in everything that decides the verdict, except who acts: time, pid, start and parent are left out. Two records
   * with equal keys of one program of one copy must become equal events, but for those.
   *
   * @returns false: too long or not shaped as it should be; then it is not for the cache.
   */
  fillKey(key: KeyBuffer): boolean;
}

/** Looks at each whole record before and after it becomes events. */
export interface RecordWatcher {
  /** Asked first; true: dealt with already, no event is made of it. */
  skips(record: RawRecord): boolean;
  /** Takes the events of one that was not skipped, before the next record is looked at: it may change who is who. */
  gave(record: RawRecord, events: readonly Event[]): void;
}
