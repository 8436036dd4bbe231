/** Words of a key that is looked up: filled by the caller, read by the dictionary, never kept. */
export interface KeyBuffer {
  readonly words: Int32Array;
  length: number;
  hash: number;
}

/** 1 KiB: a path of 900 characters with its head. Longer ones take the long way. */
const maxKeyWords = 256;

const mixer = 0x9e3779b1;

export function newKeyBuffer(): KeyBuffer {
  return { words: new Int32Array(maxKeyWords), length: 0, hash: 0 };
}

/** The first `length` words are the key. @returns true, so that a reader can end with it */
export function seal(key: KeyBuffer, length: number): true {
  let hash = 0x243f6a88;
  const { words } = key;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ (words[i] ?? 0), mixer);
    hash ^= hash >>> 15;
  }
  key.length = length;
  key.hash = hash;
  return true;
}

export interface DictionaryOptions {
  /**
   * Acts known at once. 131 072: 110 workloads of 2 000 entries have some 80 000 different ones, because images share
   * their libraries. When it is full everything is forgotten and learned again.
   */
  readonly maxActs?: number;
  /** Of all keys together, 4 B each; 2 Mi words = 8 MiB: 131 072 acts on paths of 50 characters. */
  readonly maxWords?: number;
}

const firstSlots = 4_096;
/** Per slot: hash, place in the arena + 1 (0 = free), words, number of the act. */
const stride = 4;
/** Of hashes seen once; a power of two. */
const onceSlots = 65_536;
/** A place is another's after so many others came for it: two acts in turn must not keep each other out for ever. */
const patience = 8;

/**
 * Numbers for acts, shared by all workloads of the node: what two programs do alike has one number, whoever they are.
 * Flat arrays, no strings, no objects. The hash only chooses where to look; a hit is a comparison of every word, because
 * whoever is watched chooses file names and could forge any hash.
 */
export class ActDictionary {
  readonly #maxActs: number;
  readonly #maxWords: number;
  #slots = new Int32Array(firstSlots * stride);
  #mask = firstSlots - 1;
  #arena = new Int32Array(firstSlots);
  #used = 0;
  #size = 0;
  /** An act is kept at its second coming, so that names used once do not push out the others. */
  readonly #once = new Int32Array(onceSlots);
  /** How many others may still come before it is forgotten for one of them. */
  readonly #left = new Uint8Array(onceSlots);
  #generation = 0;

  constructor({ maxActs = 131_072, maxWords = 2 << 20 }: DictionaryOptions = {}) {
    this.#maxActs = maxActs;
    this.#maxWords = maxWords;
  }

  /** Changes whenever everything was forgotten: numbers given before mean nothing any more. */
  get generation(): number {
    return this.#generation;
  }

  get size(): number {
    return this.#size;
  }

  /** @returns the number of exactly this act, or -1. */
  find(key: KeyBuffer): number {
    const slots = this.#slots;
    for (let i = key.hash & this.#mask; ; i = (i + 1) & this.#mask) {
      const at = i * stride;
      if (slots[at + 1] === 0) return -1;
      if (this.#holds(at, key)) return slots[at + 3] ?? -1;
    }
  }

  /** @returns the number of this act, which it gets when it comes the second time; until then -1. */
  offer(key: KeyBuffer): number {
    const known = this.find(key);
    if (known >= 0) return known;
    return this.#isSecond(key.hash) ? this.#add(key) : -1;
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
    if (this.#size >= this.#maxActs || this.#used + key.length > this.#maxWords) this.#forgetAll();
    if (key.length > this.#maxWords) return -1;
    // Half full at most: what is not there is found to be missing within two looks.
    if (this.#size * 2 >= this.#mask) this.#grow();
    if (this.#used + key.length > this.#arena.length) this.#arena = larger(this.#arena, this.#maxWords);
    let i = key.hash & this.#mask;
    while (this.#slots[i * stride + 1] !== 0) i = (i + 1) & this.#mask;
    this.#slots.set([key.hash, this.#used + 1, key.length, this.#size], i * stride);
    this.#arena.set(key.words.subarray(0, key.length), this.#used);
    this.#used += key.length;
    this.#size += 1;
    return this.#size - 1;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(before.length * 2);
    this.#mask = this.#mask * 2 + 1;
    for (let at = 0; at < before.length; at += stride) {
      if (before[at + 1] === 0) continue;
      let i = (before[at] ?? 0) & this.#mask;
      while (this.#slots[i * stride + 1] !== 0) i = (i + 1) & this.#mask;
      this.#slots.set(before.subarray(at, at + stride), i * stride);
    }
  }

  #forgetAll(): void {
    this.#slots.fill(0);
    this.#used = 0;
    this.#size = 0;
    this.#generation += 1;
  }

  #holds(at: number, key: KeyBuffer): boolean {
    const slots = this.#slots;
    if (slots[at] !== key.hash || slots[at + 2] !== key.length) return false;
    const place = (slots[at + 1] ?? 0) - 1;
    const words = key.words;
    const arena = this.#arena;
    for (let i = 0; i < key.length; i++) if (words[i] !== arena[place + i]) return false;
    return true;
  }
}

function larger(arena: Int32Array, most: number): Int32Array<ArrayBuffer> {
  // By half: what was copied is thrown away, and what is not filled is a node's memory.
  const next = new Int32Array(Math.min(Math.ceil(arena.length * 1.5), Math.max(most, arena.length)));
  next.set(arena);
  return next;
}
