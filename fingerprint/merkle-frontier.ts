import { completedBy, foldPeaks, hashLength, nodeHash, subtrees } from './merkle.ts';

/** A growing tree of which only the peaks are held, the complete subtrees: as much as it takes for the next root. */
export class MerkleFrontier {
  #size: number;
  readonly #peaks: Uint8Array[];

  /** @throws RangeError when these cannot be the peaks of a tree of that size */
  constructor(size = 0, peaks: readonly Uint8Array[] = []) {
    const isTree = peaks.length === subtrees(0, size).length && peaks.every((p) => p.length === hashLength);
    if (!isTree) throw new RangeError(`a tree of ${size} leaves has other peaks`);
    this.#size = size;
    this.#peaks = [...peaks];
  }

  get size(): number {
    return this.#size;
  }

  /** From left to right. */
  get peaks(): readonly Uint8Array[] {
    return [...this.#peaks];
  }

  get root(): Uint8Array {
    return foldPeaks(this.#peaks);
  }

  /** @returns the hashes of the nodes that `completedBy` names for this leaf, in its order */
  add(leaf: Uint8Array): Uint8Array[] {
    let right = leaf;
    const made = completedBy(this.#size).map(() => {
      right = nodeHash(this.#peaks.pop() ?? right, right);
      return right;
    });
    this.#peaks.push(right);
    this.#size += 1;
    return made;
  }
}
