import type { KeyBuffer } from './act-key.ts';
import { type ActWords, numberBits } from './act-words.ts';

const firstSlots = 16;
/** Whoever is watched chooses names and could forge hashes: a chain of this many is not made longer. */
const longestChain = 32;
const numberPart = (1 << numberBits) - 1;
/** The upper bits of the hash: they spare nearly all comparisons that would find a difference. */
const hashPart = ~numberPart;

/**
 * A set of acts, found by their words. One word per slot, at most half of them taken. A bit per act would be smaller, but
 * which bit it is would be known only after the dictionary was asked: three looks more at memory that is in no cache.
 * Here the program's own table is asked, and then the words themselves.
 */
export class ActSet {
  readonly #most: number;
  #slots = new Int32Array(firstSlots);
  #mask = firstSlots - 1;
  #size = 0;

  /** @param most that it holds; with one more it begins anew */
  constructor(most: number) {
    this.#most = most;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns the number of exactly this act when it is in the set, or 0 */
  find(key: KeyBuffer, words: ActWords): number {
    const slots = this.#slots;
    const mask = this.#mask;
    const part = key.hash & hashPart;
    for (let i = key.hash & mask; ; i = (i + 1) & mask) {
      const slot = slots[i] ?? 0;
      if (slot === 0) return 0;
      if ((slot & hashPart) === part && words.is(slot & numberPart, key)) return slot & numberPart;
    }
  }

  /** @returns false: too many of its hash are there already, and it is not added */
  add(act: number, words: ActWords): boolean {
    if (this.#size >= this.#most) this.clear();
    // Half full at most: what is not there is found to be missing within two looks.
    if (this.#size * 2 >= this.#mask) this.#grow(words);
    if (!seat(this.#slots, this.#mask, act, words.hashOf(act))) return false;
    this.#size += 1;
    return true;
  }

  clear(): void {
    this.#slots = new Int32Array(firstSlots);
    this.#mask = firstSlots - 1;
    this.#size = 0;
  }

  #grow(words: ActWords): void {
    const before = this.#slots;
    this.#mask = this.#mask * 2 + 1;
    this.#slots = new Int32Array(this.#mask + 1);
    this.#size = 0;
    for (const slot of before) {
      const act = slot & numberPart;
      if (act !== 0 && seat(this.#slots, this.#mask, act, words.hashOf(act))) this.#size += 1;
    }
  }
}

function seat(slots: Int32Array, mask: number, act: number, hash: number): boolean {
  for (let looked = 0, i = hash & mask; looked < longestChain; looked++, i = (i + 1) & mask) {
    if (slots[i] !== 0) continue;
    slots[i] = (hash & hashPart) | act;
    return true;
  }
  return false;
}
