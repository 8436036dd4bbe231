import { TraceeWorkload } from './tracee-workload.ts';
import type { Unread } from './unread.ts';

/** Threads of a full node with what they call, most of them: two share a pair of places. A power of two. */
const maxKept = 1_024;
/** 256 KiB: a thread as Tracee tells it whole takes some 190 B. With what is kept beside them it is 450 KiB at most. */
const maxWords = 65_536;
/** Of one: what has more to compare is read anew each time. */
const maxWordsOfOne = 512;
/** From behind the name of the program: ids, thread and what is begun of the parent. */
const sampled = 96;
const mixer = 0x9e3779b1;

/**
 * Workloads that were read before, found by their bytes: message after message of a thread has the same. Exact: a sample
 * only chooses where to look, and every byte that was read is compared, because whoever is watched has a say in them.
 */
export class WorkloadMemo {
  readonly #kept: Kept[] = new Array<Kept>(maxKept).fill(nothing);
  readonly #samples = new Int32Array(maxKept);
  /** By pair of places, of the one that was asked for last in vain: what comes only once is not worth a copy. */
  readonly #once = new Int32Array(maxKept >> 1);
  /** Offsets, each with the four bytes that stand there. Written round and round: what was written over is gone. */
  readonly #words = new Int32Array(maxWords);
  /** Words written since the beginning. */
  #written = 0;
  #sample = 0;

  /** @param view of the same bytes. @returns undefined: it is not known, or not any more */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): TraceeWorkload | undefined {
    const sample = sampleOf(bytes, view, from, to);
    this.#sample = sample;
    const place = sample & (maxKept - 2);
    if (this.#samples[place] === sample && this.#holds(place, view, from, to)) return this.#kept[place]?.says;
    if (this.#samples[place + 1] === sample && this.#holds(place + 1, view, from, to))
      return this.#kept[place + 1]?.says;
    return undefined;
  }

  /**
   * What was not found, right after that: it is kept when it comes the second time.
   *
   * @returns what may be written over in its stead: `says` itself, or an older one
   */
  offer(says: TraceeWorkload, unread: Unread, view: DataView, from: number, to: number): TraceeWorkload {
    const sample = this.#sample;
    const pair = (sample & (maxKept - 2)) >> 1;
    if (this.#once[pair] !== sample) {
      this.#once[pair] = sample;
      return says;
    }
    const begin = this.#write(unread, view, from, to);
    return begin < 0 ? says : this.#seat({ begin, end: this.#written, length: to - from, says });
  }

  #holds(place: number, view: DataView, from: number, to: number): boolean {
    const kept = this.#kept[place] ?? nothing;
    if (kept.length !== to - from || this.#written - kept.begin > maxWords) return false;
    const words = this.#words;
    const begin = kept.begin & (maxWords - 1);
    const end = begin + kept.end - kept.begin;
    for (let n = begin; n < end; n += 2)
      if (view.getInt32(from + (words[n] ?? 0), true) !== words[n + 1]) return false;
    return true;
  }

  /** @returns how many words had been written before it; -1: it is too short or too long to be kept */
  #write(unread: Unread, view: DataView, from: number, to: number): number {
    if (to - from < 4) return -1;
    const room = maxWords - (this.#written & (maxWords - 1));
    // In one piece: what is left before the end stays as it is.
    if (room < maxWordsOfOne) this.#written += room;
    const begin = this.#written & (maxWords - 1);
    let n = begin;
    let at = unread.after(from);
    for (; at < to && n < begin + maxWordsOfOne; at = unread.after(at + 4)) {
      // The last reaches back, over bytes that may be compared already.
      const here = Math.min(at, to - 4);
      this.#words[n++] = here - from;
      this.#words[n++] = view.getInt32(here, true);
    }
    const before = this.#written;
    // Also of what was not whole: what stood there is written over.
    this.#written += n - begin;
    return at < to ? -1 : before;
  }

  #seat(kept: Kept): TraceeWorkload {
    const place = this.#sample & (maxKept - 2);
    const oldest = this.#kept[place + 1] ?? nothing;
    this.#kept[place + 1] = this.#kept[place] ?? nothing;
    this.#samples[place + 1] = this.#samples[place] ?? 0;
    this.#kept[place] = kept;
    this.#samples[place] = this.#sample;
    return oldest === nothing ? new TraceeWorkload() : oldest.says;
  }
}

interface Kept {
  /** How many words had been written before it, and when it was. */
  readonly begin: number;
  readonly end: number;
  /** Of the workload, in bytes. */
  readonly length: number;
  readonly says: TraceeWorkload;
}

/** As long as no workload is. */
const nothing: Kept = { begin: 0, end: 0, length: -1, says: new TraceeWorkload() };

/** A few words of where threads differ, wherever they are; a program's name stands before them and is as long as it is. */
function sampleOf(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  let at = from;
  if (to - from > 8) {
    at += (bytes[from + 1] ?? 0) < 0x80 ? 2 : 3;
    if (bytes[at] === 0x0a) at += 2 + (bytes[at + 1] ?? 0);
  }
  const end = Math.min(at + sampled, to) - 4;
  let sample = to - from;
  for (; at <= end; at += 8) sample = ((sample << 5) | (sample >>> 27)) ^ view.getInt32(at, true);
  sample = Math.imul(sample, mixer);
  return sample ^ (sample >>> 15);
}
