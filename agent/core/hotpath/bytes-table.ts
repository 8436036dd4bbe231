/**
 * Numbers for byte strings, found where they lie in a message: names of events, ids of containers. Exact: the hash only
 * chooses where to look, and every byte is compared.
 */
export class BytesTable {
  readonly #kept: Kept[] = [];
  #slots = new Int32Array(64);
  #mask = this.#slots.length - 1;

  constructor(names: readonly string[] = []) {
    for (const name of names) this.add(new TextEncoder().encode(name));
  }

  get size(): number {
    return this.#kept.length;
  }

  /** @param view of the same bytes. @returns its number, or -1 */
  find(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    for (let i = hashOf(bytes, from, to) & this.#mask; ; i = (i + 1) & this.#mask) {
      const number = (this.#slots[i] ?? 0) - 1;
      if (number < 0) return -1;
      const kept = this.#kept[number];
      if (kept !== undefined && isSame(kept, bytes, view, from, to)) return number;
    }
  }

  /** Keeps a copy. @returns its number: one more than the last new one had, from 0 */
  add(bytes: Uint8Array): number {
    const known = this.find(bytes, viewOf(bytes), 0, bytes.length);
    if (known >= 0) return known;
    const copy = bytes.slice();
    const view = viewOf(copy);
    const words = Int32Array.from({ length: copy.length >> 2 }, (_, i) => view.getInt32(i * 4, true));
    this.#kept.push({ bytes: copy, words });
    if (this.#kept.length * 2 > this.#slots.length) this.#grow();
    else this.#seat(this.#kept.length - 1);
    return this.#kept.length - 1;
  }

  clear(): void {
    this.#kept.length = 0;
    this.#slots.fill(0);
  }

  #grow(): void {
    this.#slots = new Int32Array(this.#slots.length * 2);
    this.#mask = this.#slots.length - 1;
    for (let number = 0; number < this.#kept.length; number++) this.#seat(number);
  }

  #seat(number: number): void {
    const bytes = this.#kept[number]?.bytes ?? new Uint8Array();
    let i = hashOf(bytes, 0, bytes.length) & this.#mask;
    while (this.#slots[i] !== 0) i = (i + 1) & this.#mask;
    this.#slots[i] = number + 1;
  }
}

interface Kept {
  readonly bytes: Uint8Array;
  /** The same by fours, but for the rest: compared four times as fast. */
  readonly words: Int32Array;
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** Length, the first four and the last four bytes: names of events differ there, and so do random ids. */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = to - from;
  const ahead = Math.min(from + 4, to);
  for (let i = from; i < ahead; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x9e3779b1);
  for (let i = Math.max(from, to - 4); i < to; i++) hash = Math.imul(hash ^ (bytes[i] ?? 0), 0x9e3779b1);
  return hash ^ (hash >>> 15);
}

function isSame(
  { bytes: kept, words }: Kept,
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
): boolean {
  if (kept.length !== to - from) return false;
  for (let i = 0; i < words.length; i++) if (words[i] !== view.getInt32(from + i * 4, true)) return false;
  for (let i = words.length * 4; i < kept.length; i++) if (kept[i] !== bytes[from + i]) return false;
  return true;
}
