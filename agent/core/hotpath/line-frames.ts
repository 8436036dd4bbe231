/** A full alert has some 8 kB, one with a command line of 4 kB and an environment as long has 30. */
const maxLine = 1 << 20;
const newline = 0x0a;

/** Lines out of a stream of bytes that is cut anywhere; what is whole is given on where it lies. */
export class LineFrames {
  #held: Uint8Array = nothing;
  #skipping = false;
  #refused = 0;

  /** Lines passed over: longer than anything Falco writes, or never ended. */
  get refused(): number {
    return this.#refused;
  }

  /** @param each the line lies in `bytes` from `from` up to `to`, until it returns; empty ones are left out */
  push(chunk: Uint8Array, each: (bytes: Uint8Array, from: number, to: number) => void): void {
    let at = 0;
    if (this.#skipping) {
      at = chunk.indexOf(newline) + 1;
      if (at === 0) return;
      this.#skipping = false;
    }
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    // What was held has no end of a line in it.
    for (
      let end = bytes.indexOf(newline, at + this.#held.length);
      end >= 0;
      end = bytes.indexOf(newline, at)
    ) {
      if (end - at > maxLine) this.#refused += 1;
      else if (end > at) each(bytes, at, end);
      at = end + 1;
    }
    const rest = bytes.length - at;
    this.#skipping = rest > maxLine;
    if (this.#skipping) this.#refused += 1;
    // Copied: the bytes are the source's to use again.
    this.#held = rest === 0 || this.#skipping ? nothing : bytes.slice(at);
  }

  /** A new stream begins: what was left of the last one never ends. */
  reset(): void {
    if (this.#held.length > 0) this.#refused += 1;
    this.#held = nothing;
    this.#skipping = false;
  }
}

const nothing = new Uint8Array();

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
