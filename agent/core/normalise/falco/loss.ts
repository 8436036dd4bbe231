import type { Event, EventOf } from '../../../../fingerprint/event.ts';
import { type FalcoRecord, numberOf } from './record.ts';

/** What Falco can lose: calls, before it looked at them; and alerts, before it wrote them out. */
export const falcoLosses = {
  kernel: 'falco dropped system calls, its buffer in the kernel was full',
  queue: 'falco dropped alerts, its queue of outputs was full',
} as const;
type Loss = keyof typeof falcoLosses;
const losses = Object.keys(falcoLosses) as readonly Loss[];

/** Falco counts drops over a second before it says so. */
const countedUs = 1_000_000;

type Gap = Pick<EventOf<'gap'>, 'since' | 'until' | 'lost' | 'reason'>;

function gapEvent(gap: Gap): Event {
  return { kind: 'gap', time: gap.until, process: { pid: 0, start: 0 }, ...gap };
}

/** "Falco internal: syscall event drop" of a recording, where the site lets Falco say so. */
export function dropAlertOf(record: FalcoRecord): Event[] {
  const lost = numberOf(record, 'droppedEvents') ?? 0;
  const { time } = record;
  if (lost <= 0) return [];
  return [gapEvent({ since: time - countedUs, until: time, lost, reason: falcoLosses.kernel })];
}

/** The same loss may be told by up to three: Falco's alert, its metrics as an alert, its page of metrics. */
type Teller = 'alert' | 'snapshot' | 'metrics';

/** Loss as it is told while Falco runs, each once however many tell it. */
export class FalcoLoss {
  readonly #told = new Map<`${Loss} ${Teller}`, number>();
  readonly #reported = new Map<Loss, number>();
  /** The last snapshot: its time, and what its counters said. */
  #snapshotAt: number | undefined;
  readonly #snapshot = new Map<Loss, number>();

  /** What Falco says of itself in the stream (source `internal`). */
  internal(record: FalcoRecord): Event[] {
    const { time } = record;
    const dropped = numberOf(record, 'droppedEvents') ?? 0;
    return [
      ...this.#lost('kernel', 'alert', dropped, time - countedUs, time),
      ...this.#counted(record, 'kernel', numberOf(record, 'kernelDrops')),
      ...this.#counted(record, 'queue', numberOf(record, 'queueDrops')),
    ];
  }

  /** A gap that the adapter found. Those with other reasons are nobody else's. */
  note(gap: Gap): Event[] {
    const loss = losses.find((l) => falcoLosses[l] === gap.reason);
    return loss === undefined ? [gapEvent(gap)] : this.#lost(loss, 'metrics', gap.lost, gap.since, gap.until);
  }

  #counted(record: FalcoRecord, loss: Loss, now: number | undefined): Event[] {
    if (now === undefined) return [];
    const before = this.#snapshot.get(loss);
    const since = this.#snapshotAt ?? record.time;
    this.#snapshot.set(loss, now);
    this.#snapshotAt = record.time;
    // What was counted before the first one nobody was promised; after a restart it begins at nought.
    const grown = before === undefined ? 0 : now < before ? now : now - before;
    return this.#lost(loss, 'snapshot', grown, since, record.time);
  }

  #lost(loss: Loss, teller: Teller, amount: number, since: number, until: number): Event[] {
    if (amount <= 0) return [];
    const told = (this.#told.get(`${loss} ${teller}`) ?? 0) + amount;
    this.#told.set(`${loss} ${teller}`, told);
    const lost = told - (this.#reported.get(loss) ?? 0);
    if (lost <= 0) return [];
    this.#reported.set(loss, told);
    return [gapEvent({ since, until, lost, reason: falcoLosses[loss] })];
  }
}
