/** Acts of a page: half a KiB. Numbers are given in order of coming, so a program's acts lie close together. */
const pageBits = 4_096;

/** A set of acts by their numbers (act-dictionary.ts): one bit each, in pages that exist only where a bit is set. */
export class ActSet {
  readonly #pages: (Int32Array | undefined)[] = [];

  has(act: number): boolean {
    const page = this.#pages[act >>> 12];
    return page !== undefined && (((page[(act & (pageBits - 1)) >>> 5] ?? 0) >>> (act & 31)) & 1) === 1;
  }

  add(act: number): void {
    const number = act >>> 12;
    // Without holes, so that the list stays a plain one.
    while (this.#pages.length <= number) this.#pages.push(undefined);
    const page = this.#pages[number] ?? new Int32Array(pageBits >>> 5);
    this.#pages[number] = page;
    const word = (act & (pageBits - 1)) >>> 5;
    page[word] = (page[word] ?? 0) | (1 << (act & 31));
  }
}
