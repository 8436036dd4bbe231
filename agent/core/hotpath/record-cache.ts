/** Words of a key that is looked up: filled by the caller, read by the cache, never kept. */
export interface KeyBuffer {
  readonly words: Int32Array;
  length: number;
  hash: number;
}

export interface RecordCacheOptions {
  /** Power of two. 16 B each. */
  readonly slots: number;
  /** Of kept keys, 4 B each; when it is full everything is forgotten and learned again. */
  readonly arenaWords: number;
}

/** A new key is tried at this many neighbouring slots; beyond, it displaces the first. Two cache lines. */
const probes = 8;
const stride = 4;

/**
 * Exact answers by key, in two flat arrays: no strings, no objects, no growth. The hash only chooses where to look;
 * a hit is a comparison of every word, because whoever is watched chooses file names and could forge any hash.
 */
export class RecordCache {
  /** Per slot: hash, place in the arena + 1 (0 = free), words, value. */
  readonly #slots: Int32Array;
  readonly #mask: number;
  readonly #arena: Int32Array;
  #used = 0;
  /** Hashes seen once. A key is kept at its second coming, so that names used once do not push out the others. */
  readonly #seen: Int32Array;
  #cleared = 0;

  constructor(options: RecordCacheOptions) {
    this.#slots = new Int32Array(options.slots * stride);
    this.#mask = options.slots - 1;
    this.#arena = new Int32Array(options.arenaWords);
    this.#seen = new Int32Array(options.slots);
  }

  /** How often everything was forgotten for want of room. */
  get cleared(): number {
    return this.#cleared;
  }

  /** @returns the value kept for exactly this key, or -1. */
  find(key: KeyBuffer): number {
    for (let i = 0; i < probes; i++) {
      const at = ((key.hash + i) & this.#mask) * stride;
      if (this.#slots[at + 1] === 0) return -1;
      if (this.#holds(at, key)) return this.#slots[at + 3] ?? -1;
    }
    return -1;
  }

  /** Keeps the value (0 or more) for this key when the key comes the second time. */
  offer(key: KeyBuffer, value: number): void {
    const mark = key.hash & this.#mask;
    if (this.#seen[mark] !== key.hash) {
      this.#seen[mark] = key.hash;
      return;
    }
    const at = this.#slotFor(key);
    if (this.#holds(at, key)) {
      this.#slots[at + 3] = value;
      return;
    }
    if (key.length > this.#arena.length) return;
    if (this.#used + key.length > this.#arena.length) {
      this.clear();
      this.#cleared += 1;
    }
    this.#slots[at] = key.hash;
    this.#slots[at + 1] = this.#used + 1;
    this.#slots[at + 2] = key.length;
    this.#slots[at + 3] = value;
    this.#arena.set(key.words.subarray(0, key.length), this.#used);
    this.#used += key.length;
  }

  clear(): void {
    this.#slots.fill(0);
    this.#used = 0;
  }

  #slotFor(key: KeyBuffer): number {
    for (let i = 0; i < probes; i++) {
      const at = ((key.hash + i) & this.#mask) * stride;
      if (this.#slots[at + 1] === 0 || this.#holds(at, key)) return at;
    }
    return (key.hash & this.#mask) * stride;
  }

  #holds(at: number, key: KeyBuffer): boolean {
    const slots = this.#slots;
    const place = (slots[at + 1] ?? 0) - 1;
    if (place < 0 || slots[at] !== key.hash || slots[at + 2] !== key.length) return false;
    const words = key.words;
    const arena = this.#arena;
    for (let i = 0; i < key.length; i++) if (words[i] !== arena[place + i]) return false;
    return true;
  }
}
