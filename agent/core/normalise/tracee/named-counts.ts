/** Names are the source's, and a source may be anybody's: so many are told apart, the others counted together. */
const maxNames = 64;
const others = 'others';

/** How often each name came, for names nobody has a table of. */
export class NamedCounts {
  readonly #counts = new Map<string, number>();
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(name: string): void {
    this.#total += 1;
    const plain = /^[A-Za-z0-9_-]{1,64}$/.test(name) ? name : others;
    const key = this.#counts.has(plain) || this.#counts.size < maxNames ? plain : others;
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1);
  }

  /** @param prefix of the counters' names */
  counters(prefix: string): Record<string, number> {
    return Object.fromEntries([...this.#counts].map(([name, count]) => [`${prefix}.${name}`, count]));
  }
}
