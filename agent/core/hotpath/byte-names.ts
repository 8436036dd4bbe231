/** Which of a few known names some bytes are: one look at a table, one comparison, nothing decoded. */
export class ByteNames {
  readonly #mask: number;
  /** Place in the names + 1, by hash; 0 = free. */
  readonly #slots: Int32Array;
  readonly #names: readonly Uint8Array[];

  /** @param names ASCII, each once */
  constructor(names: readonly string[]) {
    this.#names = names.map((name) => Buffer.from(name, 'latin1'));
    // A quarter full at most: what is not there is found to be missing at the first look, as a rule.
    const size = 2 ** Math.ceil(Math.log2(names.length * 4));
    this.#mask = size - 1;
    this.#slots = new Int32Array(size);
    for (const [i, name] of this.#names.entries()) {
      let slot = hashOf(name, 0, name.length) & this.#mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#slots[slot] = i + 1;
    }
  }

  /** @returns the place in the list of names, or -1 */
  find(bytes: Uint8Array, from: number, to: number): number {
    for (let slot = hashOf(bytes, from, to) & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const place = (this.#slots[slot] ?? 0) - 1;
      if (place < 0) return -1;
      const name = this.#names[place];
      if (name !== undefined && isSame(name, bytes, from, to)) return place;
    }
  }
}

/** Falco's names differ in length or in their last letters. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  const last = (bytes[to - 1] ?? 0) + ((bytes[to - 2] ?? 0) << 5) + ((bytes[to - 4] ?? 0) << 10);
  return Math.imul(last ^ ((to - from) << 17) ^ ((bytes[from] ?? 0) << 3), 0x9e3779b1) >>> 15;
}

function isSame(name: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (name.length !== to - from) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[from + i]) return false;
  return true;
}
