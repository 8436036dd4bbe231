/** As many as a workload has; of more, the others are taken for read. */
const maxSpans = 32;

/** What a reader passed over: whatever stands there, it would have read the same. */
export class Unread {
  readonly #spans = new Int32Array(maxSpans * 2);
  #count = 0;

  clear(): void {
    this.#count = 0;
  }

  add(from: number, to: number): void {
    if (this.#count === maxSpans) return;
    this.#spans[this.#count * 2] = from;
    this.#spans[this.#count * 2 + 1] = to;
    this.#count += 1;
  }

  /** @returns where the bytes that begin at `at` and were not read end; `at` itself where they were */
  after(at: number): number {
    for (let i = 0; i < this.#count * 2; i += 2) {
      const end = this.#spans[i + 1] ?? 0;
      if ((this.#spans[i] ?? 0) <= at && at < end) return end;
    }
    return at;
  }
}
