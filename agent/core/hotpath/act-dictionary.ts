import type { KeyBuffer } from './act-key.ts';
import { ActSet } from './act-set.ts';
import { ActWords, numberBits } from './act-words.ts';

export interface DictionaryOptions {
  /**
   * Acts known at once. 131 072: 110 workloads of 2 000 entries have some 80 000 different ones, because images share
   * their libraries. When it is full everything is forgotten and learned again.
   */
  readonly maxActs?: number;
  /** Of all keys together, 4 B each; 2 Mi words = 8 MiB: 131 072 acts on paths of 50 characters. */
  readonly maxWords?: number;
}

/** Of hashes seen once; a power of two. */
const onceSlots = 65_536;
/** A place is another's after so many others came for it: two acts in turn must not keep each other out for ever. */
const patience = 8;

/**
 * Numbers for acts, shared by all workloads of the node: what two programs do alike is kept once, whoever they are. Flat
 * arrays, no strings, no objects. A hash only chooses where to look; a hit is a comparison of every word, because whoever
 * is watched chooses file names and could forge any hash.
 */
export class ActDictionary {
  readonly words: ActWords;
  readonly #maxActs: number;
  readonly #acts: ActSet;
  /** An act is kept at its second coming, so that names used once do not push out the others. */
  readonly #once = new Int32Array(onceSlots);
  /** How many others may still come before it is forgotten for one of them. */
  readonly #left = new Uint8Array(onceSlots);
  #generation = 0;

  constructor({ maxActs = 131_072, maxWords = 1 << numberBits }: DictionaryOptions = {}) {
    this.#maxActs = maxActs;
    this.#acts = new ActSet(maxActs);
    this.words = new ActWords(maxWords);
  }

  /** Changes whenever everything was forgotten: numbers given before mean nothing any more. */
  get generation(): number {
    return this.#generation;
  }

  get size(): number {
    return this.#acts.size;
  }

  /** @returns the number of exactly this act, or 0. */
  find(key: KeyBuffer): number {
    return this.#acts.find(key, this.words);
  }

  /** @returns the number of this act, which it gets when it comes the second time; until then 0. */
  offer(key: KeyBuffer): number {
    const known = this.find(key);
    if (known > 0) return known;
    return this.#isSecond(key.hash) ? this.#add(key) : 0;
  }

  /** Only says what is worth keeping: another act of the same hash is kept a little early. */
  #isSecond(hash: number): boolean {
    const place = hash & (onceSlots - 1);
    const isIt = this.#once[place] === hash;
    const left = isIt ? 0 : (this.#left[place] ?? 0);
    if (left === 0) this.#once[place] = hash;
    // Whoever was taken in makes room for the next.
    this.#left[place] = isIt ? 0 : left === 0 ? patience : left - 1;
    return isIt;
  }

  #add(key: KeyBuffer): number {
    if (this.size >= this.#maxActs || !this.words.hasRoom(key)) this.#forgetAll();
    if (!this.words.hasRoom(key)) return 0;
    const act = this.words.keep(key);
    if (this.#acts.add(act, this.words)) return act;
    this.words.takeBack(act);
    return 0;
  }

  #forgetAll(): void {
    this.words.clear();
    this.#acts.clear();
    this.#generation += 1;
  }
}
