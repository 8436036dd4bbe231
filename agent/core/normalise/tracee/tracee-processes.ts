import type { ProcessRef } from '../../../../fingerprint/event.ts';
import { Recent } from '../../recent.ts';
import type { NodeView } from '../node-view.ts';
import { StartClock } from '../start-clock.ts';

/** Linux's classic pid_max twice over; some 6 MB. */
const maxKnown = 65_536;
const tickUs = 10_000;

interface Known {
  readonly start: number;
  /** As Tracee tells it of the main thread; -1 while only other threads have shown. */
  told: number;
  /** Tracee's hash of the process, the same for all its threads; -1 while unknown. */
  uid: number;
}

/**
 * When a process started. Tracee tells the start of the *thread* that acts: of the main thread it is the process's own,
 * of the others it must be remembered, or asked of /proc. Whatever it was once taken for it stays: the pair of pid and
 * start is the process.
 */
export class TraceeProcesses {
  readonly #view: NodeView;
  readonly #clock: StartClock;
  readonly #known = new Recent<number, Known>(maxKnown);

  constructor(view: NodeView) {
    this.#view = view;
    this.#clock = new StartClock(view);
  }

  /** µs since the epoch. */
  timeOf(told: number): number {
    return this.#clock.timeOf(told);
  }

  /** Start of the process whose thread acts. @param told µs, of that thread; @param uid Tracee's hash of the process */
  startOf(pid: number, tid: number, told: number, uid: number): number {
    const known = this.#known.get(pid);
    if (tid !== pid) return this.#ofThread(known, { pid, tid, told, uid });
    if (known === undefined || known.told !== told) return this.#ofMain(known, pid, told, uid);
    if (known.uid < 0) known.uid = uid;
    return known.start;
  }

  /** A child, told of by its parent. */
  born(pid: number, told: number): number {
    const known = this.#known.get(pid);
    if (known?.told === told) return known.start;
    const start = this.#clock.startOf(pid, told);
    // Told late, after the child itself had acted, or even after the pid came back.
    if (known === undefined || known.told < told) this.#known.set(pid, { start, told, uid: -1 });
    return start;
  }

  /** The parent that an event names, by pid and hash alone. Of one that nobody knows the start is 0. */
  parent(pid: number, uid: number): ProcessRef {
    const known = this.#known.get(pid);
    if (known !== undefined && (known.uid === uid || known.uid < 0)) return { pid, start: known.start };
    const ticks = known === undefined ? this.#view.startTicks(pid) : undefined;
    if (ticks === undefined) return { pid, start: 0 };
    const start = ticks * tickUs;
    this.#known.set(pid, { start, told: -1, uid });
    return { pid, start };
  }

  #ofMain(known: Known | undefined, pid: number, told: number, uid: number): number {
    const start = this.#clock.startOf(pid, told);
    if (known !== undefined) {
      // News of a predecessor, late: the pid belongs to another by now.
      if (told < known.told) return start;
      if (known.told < 0 && known.uid === uid) {
        known.told = told;
        return known.start;
      }
    }
    this.#known.set(pid, { start, told, uid });
    return start;
  }

  #ofThread(known: Known | undefined, { pid, tid, told, uid }: Thread): number {
    if (known !== undefined && (known.uid === uid || known.uid < 0)) {
      known.uid = uid;
      return known.start;
    }
    // Settled by the thread itself: it may have begun long after its process.
    const own = this.#clock.startOf(tid, told);
    const ticks = this.#view.startTicks(pid);
    // Older than the process that has the pid now: its own is gone, and nobody knows since when it was.
    const start = ticks === undefined || own < (ticks - 1) * tickUs ? own : ticks * tickUs;
    this.#known.set(pid, { start, told: -1, uid });
    return start;
  }
}

interface Thread {
  readonly pid: number;
  readonly tid: number;
  readonly told: number;
  readonly uid: number;
}
