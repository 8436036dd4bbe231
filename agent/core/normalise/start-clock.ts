import type { NodeView } from './node-view.ts';

const tickUs = 10_000;
/** Nothing boots before 2001 and runs for 30 years: what is smaller was counted from boot. */
const firstEpochUs = 1e15;

/**
 * When a process started, in µs since boot, from what a source says. Sources tell it since the epoch by a boot time they
 * reckoned themselves, once; ours may differ by as much as the clock was set since. The first living process that both
 * know settles it, and then it stays: the same process must get the same start for ever.
 */
export class StartClock {
  readonly #view: NodeView;
  #offset: number;
  #settled = false;
  /** How far ours had to be moved, µs. */
  shifted = 0;

  constructor(view: NodeView) {
    this.#view = view;
    this.#offset = view.bootOffset();
  }

  /** @param told µs since the epoch, or since boot where the source counts so */
  startOf(pid: number, told: number): number {
    if (told < firstEpochUs) return told;
    if (!this.#settled) this.#settle(pid, told);
    return Math.max(0, told - this.#offset);
  }

  /** µs since the epoch, of a time told since the epoch or since boot. */
  timeOf(told: number): number {
    return told < firstEpochUs ? told + this.#offset : told;
  }

  #settle(pid: number, told: number): void {
    const ticks = this.#view.startTicks(pid);
    if (ticks === undefined) return;
    const reckoned = told - this.#offset;
    const distance = reckoned - ticks * tickUs;
    // Another process has the pid by now: says nothing.
    if (Math.abs(distance) > maxShiftUs) return;
    this.#settled = true;
    if (distance >= 0 && distance < tickUs) return;
    this.shifted = distance - tickUs / 2;
    this.#offset += this.shifted;
  }
}

/** A clock that is set further than this while a source runs makes its times useless anyway. */
const maxShiftUs = 60_000_000;
