import type { TraceeMetrics } from './messages.ts';

/** What two looks at Tracee's counters, one after the other, say of the time between them. */
export type Finding =
  | { readonly type: 'lost'; readonly since: number; readonly until: number; readonly lost: number }
  | { readonly type: 'wedged'; readonly why: string };

/**
 * Looks in a row without a byte on the stream, while Tracee counts, before it is called wedged: at one look every two
 * seconds, ten. An event is counted when it was handed over, so that one look may see it a moment early.
 */
const silentLooks = 5;

/**
 * Tracee's stream has no sequence numbers and never says that something is missing; its counters do. They also tell a
 * quiet node (nothing counted, nothing heard) from a Tracee that stands still: one client that stopped reading blocks
 * its whole pipeline for ever, and nothing on the stream tells (event-sources §1.4).
 */
export class LossWatch {
  #last: (TraceeMetrics & { readonly at: number }) | undefined;
  #silent = 0;

  /**
   * @param at µs since the epoch
   * @param heard whether the stream delivered anything since the look before
   */
  look(metrics: TraceeMetrics, at: number, heard: boolean): readonly Finding[] {
    const last = this.#last;
    this.#last = { ...metrics, at };
    if (last === undefined) return [];
    const handedOver = metrics.events - last.events;
    const lost = metrics.lost - last.lost;
    const findings: Finding[] = [];
    if (lost > 0) findings.push({ type: 'lost', since: last.at, until: at, lost });
    const moves = handedOver !== 0 || lost > 0;
    this.#silent = heard ? 0 : this.#silent + (moves ? 1 : 0);
    if (this.#silent >= silentLooks) findings.push({ type: 'wedged', why: whyWedged(handedOver) });
    return findings;
  }
}

function whyWedged(handedOver: number): string {
  return handedOver > 0
    ? 'it counts events and hands us none'
    : 'the kernel reports to it and it hands over nothing: another client of it has stopped reading, or had';
}
