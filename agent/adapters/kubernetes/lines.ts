import { ApiError } from './api-error.ts';

/**
 * Splits what comes in pieces into lines. What follows the last line feed was cut off, and is dropped at the end.
 *
 * @throws ApiError `too-large`
 */
export class Lines {
  readonly #maxBytes: number;
  #parts: Buffer[] = [];
  #size = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** @returns the lines that end in this piece, without their ends; empty ones are left out */
  push(piece: Buffer): readonly string[] {
    const lines: string[] = [];
    let from = 0;
    for (let at = piece.indexOf(10); at >= 0; at = piece.indexOf(10, from)) {
      this.#add(piece.subarray(from, at));
      from = at + 1;
      const line = Buffer.concat(this.#parts).toString('utf8').trim();
      this.#parts = [];
      this.#size = 0;
      if (line !== '') lines.push(line);
    }
    this.#add(piece.subarray(from));
    return lines;
  }

  #add(part: Buffer): void {
    if (part.length === 0) return;
    this.#size += part.length;
    if (this.#size > this.#maxBytes)
      throw new ApiError('too-large', `it tells of one object in more than ${this.#maxBytes} bytes`);
    this.#parts.push(part);
  }
}
