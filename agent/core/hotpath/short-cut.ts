import type { Event } from '../../../fingerprint/event.ts';
import type { AttributedAct } from '../attributed.ts';
import type { Attribution } from '../attribution.ts';
import type { Counters } from '../counters.ts';
import type { ProcessRecord } from '../process-record.ts';
import type { WatchedInstance } from '../watched.ts';
import { HotPath } from './hot-path.ts';
import type { RawRecord, RecordWatcher } from './raw-record.ts';
import { Shedding } from './shedding.ts';

export interface ShortCutOptions {
  readonly attribution: Pick<Attribution, 'unsettled' | 'process' | 'passed'>;
  readonly counters: Counters;
  /** The long way: who did it, is it known, what is told. */
  readonly take: (events: readonly Event[]) => void;
}

/**
 * Stands between a source's records and the long way: what the watch found nothing new in is answered by the hot path
 * the next time. Both ways count the same. Of what is new, it lets go when there is no time for all of it.
 */
export class ShortCut implements RecordWatcher {
  readonly #options: ShortCutOptions;
  readonly shedding = new Shedding();
  readonly #hot: HotPath<ProcessRecord, WatchedInstance>;
  #act: AttributedAct | undefined;
  #copy: WatchedInstance | undefined;
  #known = 0;
  #accepted = 0;
  /** µs since the epoch of the last record that was answered. */
  #answeredAt = 0;

  constructor(options: ShortCutOptions) {
    this.#options = options;
    this.#hot = new HotPath({ whoIs: (record) => whoIs(options.attribution, record) });
  }

  skips(record: RawRecord): boolean {
    // What a sweep found comes first: it may say that the process runs another program.
    if (record.what === 'other' || this.#options.attribution.unsettled) return false;
    if (record.what === 'accept') {
      if (this.#hot.doer(record)?.instance?.workload === undefined) return false;
      this.#accepted += 1;
    } else {
      const copy = this.#hot.find(record);
      if (copy === undefined) return record.what === 'act' && this.shedding.drops(record.cgroup, record.time);
      copy.events += 1;
      this.#known += 1;
    }
    // The latest, not the last: sources deliver out of order.
    if (record.time > this.#answeredAt) this.#answeredAt = record.time;
    return true;
  }

  gave(record: RawRecord, events: readonly Event[]): void {
    this.#act = undefined;
    this.#copy = undefined;
    this.#options.take(events);
    // Only where one record is one event is one act does what is known of the act hold for the record.
    if (this.#act === undefined || this.#copy === undefined) return;
    const { event, process, actor } = this.#act as AttributedAct;
    if (events.length !== 1 || event !== events[0]) return;
    this.#hot.remember(record, process, actor, this.#copy, peerUntil(event, this.#copy));
  }

  /** Told by the watch: this act is one the copy is known for. */
  known(act: AttributedAct, copy: WatchedInstance): void {
    this.#act = act;
    this.#copy = copy;
  }

  /** Counts what was answered as the long way would have (pipeline.ts, watch.ts); call after each chunk. */
  settle(): void {
    const [known, accepted] = [this.#known, this.#accepted];
    if (known + accepted === 0) return;
    this.#known = 0;
    this.#accepted = 0;
    const { attribution, counters } = this.#options;
    attribution.passed(this.#answeredAt);
    counters.add('events', known + accepted);
    if (accepted > 0) counters.add('acts.accepted', accepted);
    if (known === 0) return;
    counters.add('behaviours', known);
    counters.add('behaviours.known', known);
  }
}

/** µs since the epoch until when a peer keeps its name; undefined for acts without one. */
function peerUntil(event: AttributedAct['event'], copy: WatchedInstance): number | undefined {
  if (event.kind !== 'connect' || event.transport === 'unix') return undefined;
  return copy.peers.holdsUntil(event.address, event.time);
}

/** A process whose cgroup is settled: before that, an event in another one could still make it somebody else's. */
function whoIs(attribution: Pick<Attribution, 'process'>, record: RawRecord): ProcessRecord | undefined {
  const known = attribution.process(record);
  if (known === undefined || known.cgroupInherited || known.own !== 'no') return undefined;
  return known.cgroup === record.cgroup ? known : undefined;
}
