const newline = 0x0a;
/** A full alert has some 8 kB, one with a command line of 4 kB and an environment as long has 30. */
export const maxLineBytes = 1 << 20;

export interface LineTaker {
  /** Whole lines, each with its end; the bytes are used again. */
  readonly lines: (bytes: Uint8Array) => void;
  /** A line that is longer than anything Falco writes, once for each. */
  readonly tooLong: () => void;
}

/** Whole lines out of the bytes of one writer: those of several writers must not be mixed within a line. */
export class LineCutter {
  readonly #taker: LineTaker;
  #held: Buffer = Buffer.alloc(0);
  #skipping = false;

  constructor(taker: LineTaker) {
    this.#taker = taker;
  }

  push(chunk: Buffer): void {
    const from = this.#skipping ? chunk.indexOf(newline) + 1 : 0;
    if (this.#skipping && from === 0) return;
    this.#skipping = false;
    const end = chunk.lastIndexOf(newline) + 1;
    if (end <= from) {
      this.#hold(chunk.subarray(from));
      return;
    }
    const whole = chunk.subarray(from, end);
    this.#taker.lines(this.#held.length === 0 ? whole : Buffer.concat([this.#held, whole]));
    this.#held = Buffer.alloc(0);
    this.#hold(chunk.subarray(end));
  }

  /** The writer has gone; a line that it did not end is taken for one: whoever reads it finds out. */
  end(): void {
    if (this.#held.length > 0) this.#taker.lines(Buffer.concat([this.#held, Buffer.from('\n')]));
    this.#held = Buffer.alloc(0);
    this.#skipping = false;
  }

  #hold(rest: Buffer): void {
    if (rest.length === 0) return;
    if (this.#held.length + rest.length <= maxLineBytes) {
      // Copied: the bytes are used again.
      this.#held = Buffer.concat([this.#held, rest]);
      return;
    }
    this.#held = Buffer.alloc(0);
    this.#skipping = true;
    this.#taker.tooLong();
  }
}
