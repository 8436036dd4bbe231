import type { KeyBuffer } from './act-key.ts';

/** Numbers of acts are below 2^21: the rest of a word is for a part of the hash (act-set.ts). */
export const numberBits = 21;
/** A page: 64 KiB. Memory grows by pages, and none of it is copied. */
const pageBits = 14;
const pageWords = 1 << pageBits;
/** Before the words of an act: its hash and how many they are. */
const headWords = 2;

/** The words of all known acts, one after the other. The number of an act is the place where its words are. */
export class ActWords {
  readonly #most: number;
  /** No act lies across two of them. */
  #pages: Int32Array[] = [];
  /** Word 0 is nobody's, so that no act has the number 0. */
  #used = 1;

  /** @param most words, 4 B each; up to 2^21 */
  constructor(most: number) {
    this.#most = Math.min(most, 1 << numberBits);
  }

  /** Whether the act of that number is exactly this one. */
  is(act: number, key: KeyBuffer): boolean {
    const page = this.#pages[act >>> pageBits];
    const at = act & (pageWords - 1);
    const { words, length } = key;
    if (page === undefined || page[at + 1] !== length) return false;
    for (let i = 0, of = at + headWords; i < length; i++, of++) if (words[i] !== page[of]) return false;
    return true;
  }

  hashOf(act: number): number {
    return this.#pages[act >>> pageBits]?.[act & (pageWords - 1)] ?? 0;
  }

  hasRoom({ length }: KeyBuffer): boolean {
    return this.#placeFor(length) + headWords + length <= this.#most;
  }

  /** @returns the number, from 1; the caller looked whether there is room */
  keep({ words, length, hash }: KeyBuffer): number {
    const act = this.#placeFor(length);
    const page = this.#pages[act >>> pageBits] ?? new Int32Array(pageWords);
    this.#pages[act >>> pageBits] = page;
    const at = act & (pageWords - 1);
    page[at] = hash;
    page[at + 1] = length;
    for (let i = 0; i < length; i++) page[at + headWords + i] = words[i] ?? 0;
    this.#used = act + headWords + length;
    return act;
  }

  /** The act that was kept last is not kept after all. */
  takeBack(act: number): void {
    this.#used = act;
  }

  clear(): void {
    this.#pages = [];
    this.#used = 1;
  }

  #placeFor(length: number): number {
    const left = pageWords - (this.#used & (pageWords - 1));
    return headWords + length <= left ? this.#used : this.#used + left;
  }
}
