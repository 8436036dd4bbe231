/** As much as a message may have before it is passed over: sixteen times what grpc servers send by default at most. */
const maxMessage = 64 << 20;
const head = 5;
/** A page: most messages that a chunk cuts fit. */
const firstHeld = 4_096;

/**
 * Messages out of a gRPC stream: each has a byte that says whether it is compressed and four of length. Bytes come cut
 * anywhere; what is whole is given on where it lies, and only what a cut went through is put together elsewhere.
 */
export class GrpcFrames {
  /** The beginning of a message whose end is still to come. */
  #held = new Uint8Array(firstHeld);
  #heldLength = 0;
  /** Bytes of a message too long to be kept that are still to come. */
  #toSkip = 0;
  #refused = 0;

  /** Messages passed over: compressed (nobody asked for it), or longer than anything a source writes. */
  get refused(): number {
    return this.#refused;
  }

  /** @param each the message lies in `bytes` from `from` up to `to`, until it returns */
  push(chunk: Uint8Array, each: (bytes: Uint8Array, from: number, to: number) => void): void {
    let at = Math.min(this.#toSkip, chunk.length);
    this.#toSkip -= at;
    if (this.#heldLength > 0) at = this.#complete(chunk, each);
    while (chunk.length - at >= head) {
      const length = lengthAt(chunk, at + 1);
      if (length > maxMessage) {
        at = this.#refuse(length, chunk.length, at + head);
        continue;
      }
      const end = at + head + length;
      if (end > chunk.length) break;
      if (chunk[at] === 0) each(chunk, at + head, end);
      else this.#refused += 1;
      at = end;
    }
    // Copied: the bytes are the source's to use again.
    if (at < chunk.length) this.#hold(chunk, at, chunk.length);
  }

  /** A new stream begins. */
  reset(): void {
    this.#heldLength = 0;
    this.#toSkip = 0;
    if (this.#held.length > firstHeld) this.#held = new Uint8Array(firstHeld);
  }

  /** Ends what was begun in earlier chunks, as far as this one goes. @returns where the next message begins in it */
  #complete(chunk: Uint8Array, each: (bytes: Uint8Array, from: number, to: number) => void): number {
    let at = this.#fill(chunk, 0, head);
    if (this.#heldLength < head) return at;
    const length = lengthAt(this.#held, 1);
    if (length > maxMessage) {
      this.#heldLength = 0;
      return this.#refuse(length, chunk.length, at);
    }
    at = this.#fill(chunk, at, head + length);
    if (this.#heldLength < head + length) return at;
    this.#heldLength = 0;
    if (this.#held[0] === 0) each(this.#held, head, head + length);
    else this.#refused += 1;
    return at;
  }

  #refuse(length: number, end: number, at: number): number {
    this.#refused += 1;
    const here = Math.min(length, end - at);
    this.#toSkip = length - here;
    return at + here;
  }

  /** Holds on to as much of the chunk as makes `wanted` bytes in all. */
  #fill(chunk: Uint8Array, at: number, wanted: number): number {
    const to = Math.min(chunk.length, at + Math.max(0, wanted - this.#heldLength));
    this.#hold(chunk, at, to);
    return to;
  }

  /** Grows by what has come, never by what a head claims will come. */
  #hold(chunk: Uint8Array, from: number, to: number): void {
    const length = this.#heldLength + to - from;
    if (length > this.#held.length) {
      const larger = new Uint8Array(Math.max(length, this.#held.length * 2));
      larger.set(this.#held.subarray(0, this.#heldLength));
      this.#held = larger;
    }
    this.#held.set(chunk.subarray(from, to), this.#heldLength);
    this.#heldLength = length;
  }
}

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 2 ** 24 +
    ((bytes[at + 1] ?? 0) << 16) +
    ((bytes[at + 2] ?? 0) << 8) +
    (bytes[at + 3] ?? 0)
  );
}
