import type { Actor } from '../../../fingerprint/behaviour.ts';
import { RecordCache } from './record-cache.ts';
import { fillKey, head, isRepeatable, newKeyBuffer } from './sensor-key.ts';

export interface HotPathOptions {
  /** Power of two; 65 536 = 1.3 MiB. Behaviours in steady use on a node, not all that were ever learned. */
  readonly slots?: number;
  /** 2 Mi words = 8 MiB: 65 536 records of a path of 60 characters. */
  readonly arenaWords?: number;
  /** Processes whose program is remembered; 32 768 is Linux's classic pid_max. */
  readonly maxProcesses?: number;
}

/** Which program a process runs, as long as its cgroup is that one. */
interface Known {
  readonly startLow: number;
  readonly startHigh: number;
  readonly cgroupLow: number;
  readonly cgroupHigh: number;
  readonly actor: number;
}

/**
 * Answers for raw records of the sensor what was answered before: "the same program of the same copy did exactly this,
 * and it was expected". Nothing is decoded. It can only ever confirm what the long way said since the last `forgetAll`;
 * everything else, each first time, whatever is not a plain file act, and each doubt goes the long way.
 *
 * `T` is what an answer is counted under; the caller collects the counts with `drain`.
 */
export class HotPath<T> {
  readonly #cache: RecordCache;
  readonly #key = newKeyBuffer();
  readonly #maxProcesses: number;
  readonly #processes = new Map<number, Known>();
  readonly #actors = new WeakMap<Actor, number>();
  #nextActor = 1;
  #tallies: T[] = [];
  #tallyIndex = new Map<T, number>();
  #counts: number[] = [];
  #hits = 0;

  constructor(options: HotPathOptions = {}) {
    this.#cache = new RecordCache({
      slots: options.slots ?? 65_536,
      arenaWords: options.arenaWords ?? 2 << 20,
    });
    this.#maxProcesses = options.maxProcesses ?? 32_768;
  }

  get hits(): number {
    return this.#hits;
  }

  /** How often the cache was emptied for want of room. */
  get cleared(): number {
    return this.#cache.cleared;
  }

  /** True: expected, counted, nothing more to do. The record of `length` bytes at `at` must be whole. */
  expected(view: DataView, at: number, length: number): boolean {
    if (!isRepeatable(view, at)) return false;
    const known = this.#processes.get(view.getUint32(at + head.pid, true));
    if (known === undefined || !isThat(known, view, at)) return false;
    if (!fillKey(this.#key, known.actor, view, at, length)) return false;
    const tally = this.#cache.find(this.#key);
    if (tally < 0) return false;
    this.#counts[tally] = (this.#counts[tally] ?? 0) + 1;
    this.#hits += 1;
    return true;
  }

  /** The long way found: this record was one act of `actor`, it was expected, and would be so again. */
  remember(view: DataView, at: number, length: number, actor: Actor, tally: T): void {
    if (!isRepeatable(view, at)) return;
    const id = this.#actorId(actor);
    if (!fillKey(this.#key, id, view, at, length)) return;
    this.#know(view, at, id);
    this.#cache.offer(this.#key, this.#indexOf(tally));
  }

  /** The process executes, moves, ends: what it runs must be learned anew. */
  forget(pid: number): void {
    this.#processes.delete(pid);
  }

  /** What was expected may no longer be: a fingerprint changed, an instance was judged otherwise. Drain first. */
  forgetAll(): void {
    this.#cache.clear();
    this.#processes.clear();
    this.#tallies = [];
    this.#tallyIndex = new Map();
    this.#counts = [];
  }

  /** Hands over what was counted since the last time. */
  drain(count: (tally: T, times: number) => void): void {
    for (const [i, tally] of this.#tallies.entries()) {
      const times = this.#counts[i] ?? 0;
      if (times === 0) continue;
      this.#counts[i] = 0;
      count(tally, times);
    }
  }

  #actorId(actor: Actor): number {
    const known = this.#actors.get(actor);
    if (known !== undefined) return known;
    const id = this.#nextActor++;
    this.#actors.set(actor, id);
    return id;
  }

  #know(view: DataView, at: number, actor: number): void {
    const pid = view.getUint32(at + head.pid, true);
    const known = this.#processes.get(pid);
    if (known !== undefined && known.actor === actor && isThat(known, view, at)) return;
    // Forgetting costs each process one long way; a table that only grows costs the node its memory.
    if (this.#processes.size >= this.#maxProcesses) this.#processes.clear();
    this.#processes.set(pid, {
      startLow: view.getInt32(at + head.startLow, true),
      startHigh: view.getInt32(at + head.startHigh, true),
      cgroupLow: view.getInt32(at + head.cgroupLow, true),
      cgroupHigh: view.getInt32(at + head.cgroupHigh, true),
      actor,
    });
  }

  #indexOf(tally: T): number {
    const known = this.#tallyIndex.get(tally);
    if (known !== undefined) return known;
    const index = this.#tallies.push(tally) - 1;
    this.#tallyIndex.set(tally, index);
    this.#counts.push(0);
    return index;
  }
}

function isThat(known: Known, view: DataView, at: number): boolean {
  return (
    known.startLow === view.getInt32(at + head.startLow, true) &&
    known.startHigh === view.getInt32(at + head.startHigh, true) &&
    known.cgroupLow === view.getInt32(at + head.cgroupLow, true) &&
    known.cgroupHigh === view.getInt32(at + head.cgroupHigh, true)
  );
}
