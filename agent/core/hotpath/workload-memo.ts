import { isSameWords, wordsFor, writeWords } from './byte-words.ts';
import { TraceeWorkload } from './tracee-workload.ts';

/** Threads of a full node with the calls they make, most of them: two share a pair of places. A power of two. */
const maxKept = 1_024;
/** 256 KiB: of 730 threads, each 350 B as Tracee tells them whole. With what is kept beside them it is 450 KiB at most. */
const maxWords = 65_536;
/** Of one: what says more than that (names of images have no bound) is read anew each time. */
const maxLength = 4_096;
/** From behind the name of the program: ids, thread and what is begun of the parent. */
const sampled = 96;
const mixer = 0x9e3779b1;

/**
 * Workloads that were read before, found by their bytes: message after message of a thread has the same. Exact: a sample
 * only chooses where to look, and every byte is compared, because whoever is watched has a say in them.
 */
export class WorkloadMemo {
  readonly #kept: Kept[] = new Array<Kept>(maxKept).fill(nothing);
  readonly #samples = new Int32Array(maxKept);
  /** By pair of places, of the one that was asked for last in vain: what comes only once is not worth a copy. */
  readonly #once = new Int32Array(maxKept >> 1);
  /** Written round and round; what was written over is no longer there. */
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
  offer(says: TraceeWorkload, view: DataView, from: number, to: number): TraceeWorkload {
    const sample = this.#sample;
    const pair = (sample & (maxKept - 2)) >> 1;
    if (this.#once[pair] !== sample) {
      this.#once[pair] = sample;
      return says;
    }
    return to - from > maxLength ? says : this.#keep(says, sample, view, from, to);
  }

  #holds(place: number, view: DataView, from: number, to: number): boolean {
    const kept = this.#kept[place] ?? nothing;
    return (
      kept.length === to - from &&
      this.#written - kept.begin <= maxWords &&
      isSameWords(this.#words, kept.begin & (maxWords - 1), view, from, to)
    );
  }
  #keep(says: TraceeWorkload, sample: number, view: DataView, from: number, to: number): TraceeWorkload {
    const length = to - from;
    const room = maxWords - (this.#written & (maxWords - 1));
    // In one piece: what is left before the end stays as it is.
    if (wordsFor(length) > room) this.#written += room;
    const begin = this.#written;
    writeWords(this.#words, begin & (maxWords - 1), view, from, to);
    this.#written += wordsFor(length);
    const place = sample & (maxKept - 2);
    const first = this.#kept[place] ?? nothing;
    const second = this.#kept[place + 1] ?? nothing;
    this.#kept[place] = { begin, length, says };
    this.#samples[place + 1] = this.#samples[place] ?? 0;
    this.#samples[place] = sample;
    this.#kept[place + 1] = first;
    return second === nothing ? new TraceeWorkload() : second.says;
  }
}

interface Kept {
  /** How many words had been written before it. */
  readonly begin: number;
  /** In bytes. */
  readonly length: number;
  readonly says: TraceeWorkload;
}

/** As long as no workload is. */
const nothing: Kept = { begin: 0, length: -1, says: new TraceeWorkload() };

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
