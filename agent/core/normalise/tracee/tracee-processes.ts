import type { ProcessRef } from '../../../../fingerprint/event.ts';
import type { NodeView } from '../node-view.ts';
import { StartClock } from '../start-clock.ts';
import { KnownStarts } from './known-starts.ts';

const tickUs = 10_000;

/**
 * When a process started. Tracee tells the start of the *thread* that acts: of the main thread it is the process's own,
 * of the others it must be remembered, or asked of /proc. Whatever it was once taken for it stays: the pair of pid and
 * start is the process.
 */
export class TraceeProcesses {
  readonly #view: NodeView;
  readonly #clock: StartClock;
  readonly #known = new KnownStarts();

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
    const known = this.#known;
    const at = known.find(pid);
    if (tid !== pid) return this.#ofThread(at, { pid, tid, told, uid });
    if (at < 0 || known.told(at) !== told) return this.#ofMain(at, pid, told, uid);
    if (known.uid(at) < 0) known.setUid(at, uid);
    return known.start(at);
  }

  /** A child, told of by its parent. */
  born(pid: number, told: number): number {
    const known = this.#known;
    const at = known.find(pid);
    if (at >= 0 && known.told(at) === told) return known.start(at);
    const start = this.#clock.startOf(pid, told);
    // Told late, after the child itself had acted, or even after the pid came back.
    if (at < 0 || known.told(at) < told) known.set(pid, start, told, -1);
    return start;
  }

  /** The parent that an event names, by pid and hash alone. Of one that nobody knows the start is 0. */
  parent(pid: number, uid: number): ProcessRef {
    const at = this.#known.find(pid);
    if (at >= 0 && this.#isThat(at, uid)) return { pid, start: this.#known.start(at) };
    const ticks = at < 0 ? this.#view.startTicks(pid) : undefined;
    if (ticks === undefined) return { pid, start: 0 };
    const start = ticks * tickUs;
    this.#known.set(pid, start, -1, uid);
    return { pid, start };
  }

  #isThat(at: number, uid: number): boolean {
    const known = this.#known.uid(at);
    return known === uid || known < 0;
  }

  #ofMain(at: number, pid: number, told: number, uid: number): number {
    const known = this.#known;
    const start = this.#clock.startOf(pid, told);
    if (at >= 0) {
      // News of a predecessor, late: the pid belongs to another by now.
      if (told < known.told(at)) return start;
      if (known.told(at) < 0 && known.uid(at) === uid) {
        known.setTold(at, told);
        return known.start(at);
      }
    }
    known.set(pid, start, told, uid);
    return start;
  }

  #ofThread(at: number, { pid, tid, told, uid }: Thread): number {
    if (at >= 0 && this.#isThat(at, uid)) {
      this.#known.setUid(at, uid);
      return this.#known.start(at);
    }
    // Settled by the thread itself: it may have begun long after its process.
    const own = this.#clock.startOf(tid, told);
    const ticks = this.#view.startTicks(pid);
    // Older than the process that has the pid now: its own is gone, and nobody knows since when it was.
    const start = ticks === undefined || own < (ticks - 1) * tickUs ? own : ticks * tickUs;
    this.#known.set(pid, start, -1, uid);
    return start;
  }
}

interface Thread {
  readonly pid: number;
  readonly tid: number;
  readonly told: number;
  readonly uid: number;
}
