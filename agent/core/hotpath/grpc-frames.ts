/** As much as a message may have before it is passed over: sixteen times what grpc servers send by default at most. */
const maxMessage = 64 << 20;
const head = 5;

/**
 * Messages out of a gRPC stream: each has a byte that says whether it is compressed and four of length. Bytes come cut
 * anywhere; what is whole is given on where it lies.
 */
export class GrpcFrames {
  #held: Uint8Array = new Uint8Array();
  /** Bytes of a message too long to be kept that are still to come. */
  #toSkip = 0;
  #refused = 0;

  /** Messages passed over: compressed (nobody asked for it), or longer than anything a source writes. */
  get refused(): number {
    return this.#refused;
  }

  /** @param each the message lies in `bytes` from `from` up to `to`, until it returns */
  push(chunk: Uint8Array, each: (bytes: Uint8Array, from: number, to: number) => void): void {
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    let at = Math.min(this.#toSkip, bytes.length);
    this.#toSkip -= at;
    while (bytes.length - at >= head) {
      const length = lengthAt(bytes, at + 1);
      if (length > maxMessage) {
        this.#refused += 1;
        const here = Math.min(length, bytes.length - at - head);
        at += head + here;
        this.#toSkip = length - here;
        continue;
      }
      const end = at + head + length;
      if (end > bytes.length) break;
      if (bytes[at] === 0) each(bytes, at + head, end);
      else this.#refused += 1;
      at = end;
    }
    // Copied: the bytes are the source's to use again.
    this.#held = at === bytes.length ? nothing : bytes.slice(at);
  }

  /** A new stream begins. */
  reset(): void {
    this.#held = nothing;
    this.#toSkip = 0;
  }
}

const nothing = new Uint8Array();

function lengthAt(bytes: Uint8Array, at: number): number {
  return (
    (bytes[at] ?? 0) * 2 ** 24 +
    ((bytes[at + 1] ?? 0) << 16) +
    ((bytes[at + 2] ?? 0) << 8) +
    (bytes[at + 3] ?? 0)
  );
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
