/**
 * A map of what was used last. Bounded by forgetting the older half at once: to take out the oldest one by one makes a
 * Map walk over all the places it has freed, which with 65 536 of them costs more than everything else about an event.
 */
export class Recent<K, V> {
  readonly #half: number;
  #young = new Map<K, V>();
  #old = new Map<K, V>();

  /** @param max entries; at least half as many are always kept */
  constructor(max: number) {
    this.#half = max / 2;
  }

  get(key: K): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}
