const windowUs = 1_000_000;

/** What may be spent in a second, of each of two kinds. What is refused is counted by the caller. */
export class Budget {
  readonly #now: () => number;
  readonly #most: { readonly looks: number; readonly bytes: number };
  #since = Number.NEGATIVE_INFINITY;
  #looks = 0;
  #bytes = 0;

  /** @param now µs since any moment. */
  constructor(now: () => number, most: { readonly looks: number; readonly bytes: number }) {
    this.#now = now;
    this.#most = most;
  }

  mayLook(cost = 1): boolean {
    const now = this.#now();
    if (now - this.#since >= windowUs || now < this.#since) {
      this.#since = now;
      this.#looks = 0;
      this.#bytes = 0;
    }
    this.#looks += cost;
    return this.#looks <= this.#most.looks;
  }

  mayRead(bytes: number): boolean {
    if (this.#bytes + bytes > this.#most.bytes) return false;
    this.#bytes += bytes;
    return true;
  }
}
