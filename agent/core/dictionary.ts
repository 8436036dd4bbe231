import type { Report } from '../../fingerprint/report.ts';

/** As many entries as a fingerprint may hold (fingerprint/parse-fingerprint.ts). */
const maxEntries = 20_000;

/** How a behaviour was told for the first time. */
export type Novelty = Extract<Report, { readonly type: 'novelty' }>;

/** What was seen of one workload, each behaviour under a number. Numbers are given once and never reused. */
export class Dictionary {
  readonly #indexes = new Map<string, number>();
  /** As told: a collector that was restored from a backup has to be told again, and an identity cannot be read back. */
  readonly #told: Novelty[] = [];

  get size(): number {
    return this.#indexes.size;
  }

  /** @returns its number and whether it is new; undefined when there is no room for another. */
  indexOf(identity: string): { readonly index: number; readonly isNew: boolean } | undefined {
    const known = this.#indexes.get(identity);
    if (known !== undefined) return { index: known, isNew: false };
    if (this.#indexes.size >= maxEntries) return undefined;
    const index = this.#indexes.size;
    this.#indexes.set(identity, index);
    return { index, isNew: true };
  }

  tell(novelty: Novelty): Novelty {
    this.#told.push(novelty);
    return novelty;
  }

  told(): Iterable<Novelty> {
    return this.#told;
  }
}

/** Which entries of a dictionary one instance has shown. */
export class Bitset {
  #bytes = new Uint8Array(64);

  /** @returns false when it was set already. */
  set(index: number): boolean {
    const at = index >> 3;
    if (at >= this.#bytes.length) {
      const grown = new Uint8Array(Math.max(at + 1, this.#bytes.length * 2));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    const bit = 1 << (index & 7);
    const byte = this.#bytes[at] ?? 0;
    if ((byte & bit) !== 0) return false;
    this.#bytes[at] = byte | bit;
    return true;
  }

  /** Little-endian bits, without zero bytes at the end. */
  bytes(): Uint8Array {
    let end = this.#bytes.length;
    while (end > 0 && this.#bytes[end - 1] === 0) end -= 1;
    return this.#bytes.slice(0, end);
  }
}
