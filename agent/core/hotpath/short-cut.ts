import type { Event } from '../../../fingerprint/event.ts';
import type { AttributedAct } from '../attributed.ts';
import type { Attribution } from '../attribution.ts';
import type { Counters } from '../counters.ts';
import type { RecordWatcher } from '../normalise/sensor.ts';
import { microsAt, recordHead } from '../normalise/sensor-record.ts';
import type { ProcessRecord } from '../process-table.ts';
import type { WatchedInstance } from '../watched.ts';
import { HotPath } from './hot-path.ts';
import { isAccept } from './sensor-key.ts';

export interface ShortCutOptions {
  readonly attribution: Pick<Attribution, 'unsettled' | 'process' | 'passed'>;
  readonly counters: Counters;
  /** The long way: who did it, is it known, what is told. */
  readonly take: (events: readonly Event[]) => void;
}

/**
 * Stands between the sensor's records and the long way: what the watch found nothing new in is answered by the hot path
 * the next time. Both ways count the same.
 */
export class ShortCut implements RecordWatcher {
  readonly #options: ShortCutOptions;
  readonly #hot: HotPath<ProcessRecord, WatchedInstance>;
  #act: AttributedAct | undefined;
  #copy: WatchedInstance | undefined;
  #known = 0;
  #accepted = 0;
  /** µs since boot of the last record that was answered. */
  #answeredAt = 0;
  /** µs from boot to the epoch, as the normaliser reckoned last. */
  #epochOffset = 0;

  constructor(options: ShortCutOptions) {
    this.#options = options;
    this.#hot = new HotPath({ whoIs: (view, at) => whoIs(options.attribution, view, at) });
  }

  skips(view: DataView, at: number, length: number): boolean {
    // What a sweep found comes first: it may say that the process runs another program.
    if (this.#options.attribution.unsettled) return false;
    if (isAccept(view, at, length)) {
      if (this.#hot.doer(view, at)?.instance?.workload === undefined) return false;
      this.#accepted += 1;
    } else {
      const copy = this.#hot.find(view, at, length);
      if (copy === undefined) return false;
      copy.events += 1;
      this.#known += 1;
    }
    this.#answeredAt = microsAt(view, at + recordHead.time);
    return true;
  }

  gave(view: DataView, at: number, length: number, events: readonly Event[]): void {
    this.#act = undefined;
    this.#copy = undefined;
    const [first] = events;
    if (first !== undefined) this.#epochOffset = first.time - microsAt(view, at + recordHead.time);
    this.#options.take(events);
    // Only where one record is one event is one act does what is known of the act hold for the record.
    if (this.#act === undefined || this.#copy === undefined) return;
    const { event, process, actor } = this.#act as AttributedAct;
    if (events.length !== 1 || event !== first) return;
    const until = peerUntil(event, this.#copy);
    const raw = { view, at, length };
    this.#hot.remember(
      raw,
      process,
      actor,
      this.#copy,
      until === undefined ? undefined : until - this.#epochOffset,
    );
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
    attribution.passed(this.#answeredAt + this.#epochOffset);
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
function whoIs(
  attribution: Pick<Attribution, 'process'>,
  view: DataView,
  at: number,
): ProcessRecord | undefined {
  const pid = view.getUint32(at + recordHead.pid, true);
  const record = attribution.process({ pid, start: microsAt(view, at + recordHead.start) });
  if (record === undefined || record.cgroupInherited || record.own !== 'no') return undefined;
  const cgroup =
    view.getUint32(at + recordHead.cgroup + 4, true) * 2 ** 32 + view.getUint32(at + recordHead.cgroup, true);
  return record.cgroup === cgroup ? record : undefined;
}
