import { isSameWords, wordsFor, writeWords } from './byte-words.ts';

/**
 * Numbers for byte strings, found where they lie in a message: names of events, ids of containers. Exact: the hash only
 * chooses where to look, and every byte is compared.
 */
export class BytesTable {
  readonly #kept: Kept[] = [];
  #slots = new Int32Array(64);
  #mask = this.#slots.length - 1;

  constructor(names: readonly string[] = []) {
    for (const name of names) this.add(new TextEncoder().encode(name));
  }

  get size(): number {
    return this.#kept.length;
  }

  /** @param view of the same bytes. @returns its number, or -1 */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    const hash = hashOf(bytes, view, from, to);
    for (let i = hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const number = (this.#slots[i] ?? 0) - 1;
      if (number < 0) return -1;
      const kept = this.#kept[number];
      if (kept !== undefined && kept.length === to - from && isSameWords(kept.words, 0, view, from, to))
        return number;
    }
  }

  /** Keeps a copy. @returns its number: one more than the last new one had, from 0 */
  add(bytes: Uint8Array): number {
    const view = viewOf(bytes);
    const { length } = bytes;
    const known = this.find(bytes, view, 0, length);
    if (known >= 0) return known;
    const words = new Int32Array(wordsFor(length));
    writeWords(words, 0, view, 0, length);
    this.#kept.push({ length, words, hash: hashOf(bytes, view, 0, length) });
    if (this.#kept.length * 2 > this.#slots.length) this.#grow();
    else this.#seat(this.#kept.length - 1);
    return this.#kept.length - 1;
  }

  clear(): void {
    this.#kept.length = 0;
    this.#slots.fill(0);
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let number = 0; number < this.#kept.length; number++) this.#seat(number);
  }

  #seat(number: number): void {
    let i = (this.#kept[number]?.hash ?? 0) & this.#mask;
    while (this.#slots[i] !== 0) i = (i + 1) & this.#mask;
    this.#slots[i] = number + 1;
  }
}

interface Kept {
  /** In bytes. */
  readonly length: number;
  readonly words: Int32Array;
  readonly hash: number;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const mixer = 0x9e3779b1;

/** Length, the first four and the last four bytes: names of events differ there, and so do random ids. */
function hashOf(bytes: Uint8Array, view: DataView, from: number, to: number): number {
  let hash = to - from;
  if (hash >= 4) {
    hash = Math.imul(hash ^ view.getInt32(from, true), mixer);
    hash = Math.imul(hash ^ (hash >>> 15) ^ view.getInt32(to - 4, true), mixer);
  } else for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), mixer);
  return hash ^ (hash >>> 15);
}
