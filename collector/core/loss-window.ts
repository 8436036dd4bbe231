import type { Change } from './change.ts';

type Loss = Extract<Change, { of: 'loss' }>;

/** A node that loses events loses them for a while: it is told at once, and then how much it came to. */
const windowMs = 10 * 60_000;
/** Twice the nodes of the largest cluster. */
const maxNodes = 20_000;
const maxReasons = 8;

interface Pending {
  since: number;
  events: number;
  records: number;
  readonly reasons: Set<string>;
}

/** Adds up what each node lost, so that a node in trouble is told six times an hour and not six thousand times. */
export class LossWindow {
  readonly #nodes = new Map<string, Pending>();

  /** @returns what is to be told now */
  add(loss: Loss, now: number): Loss | undefined {
    const pending = this.#nodes.get(loss.node);
    if (pending === undefined) {
      if (this.#nodes.size < maxNodes)
        this.#nodes.set(loss.node, { since: now, events: 0, records: 0, reasons: new Set() });
      return loss;
    }
    pending.events += loss.events;
    pending.records += loss.records;
    for (const reason of loss.reasons) if (pending.reasons.size < maxReasons) pending.reasons.add(reason);
    return undefined;
  }

  /** What has added up in windows that are over; with Infinity: in all. */
  due(now: number): Loss[] {
    const due: Loss[] = [];
    for (const [node, pending] of this.#nodes) {
      if (now - pending.since < windowMs) continue;
      const { events, records, reasons } = pending;
      this.#nodes.delete(node);
      if (events + records === 0) continue;
      due.push({ of: 'loss', node, events, records, reasons: [...reasons] });
      // What was told now counts as told at once: the next is added up again.
      this.#nodes.set(node, { since: now, events: 0, records: 0, reasons: new Set() });
    }
    return due;
  }
}
