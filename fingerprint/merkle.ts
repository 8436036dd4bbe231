import { sha256 } from './digest.ts';

/**
 * The Merkle tree of RFC 6962 over an append-only list. A log is handed round as its size and its root; whoever kept both
 * can later be shown that an entry was in it (inclusion) and that nothing was changed since (consistency).
 */

/** Hash of a complete subtree: level 0 are the leaves, node `i` of level `l` is over leaves `i·2^l` to `(i+1)·2^l - 1`. */
export type NodeReader = (level: number, index: number) => Uint8Array;

export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

export const hashLength = 32;
/** A proof of a tree that a double can count has at most two hashes for each of 53 levels. */
const maxProof = 106;

/** The prefix keeps a leaf from passing for a node: else an entry could be made whose hash is that of a whole subtree. */
export function leafHash(entry: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Uint8Array.of(0), entry]));
}

export function nodeHash(left: Uint8Array, right: Uint8Array): Uint8Array {
  return sha256(Buffer.concat([Uint8Array.of(1), left, right]));
}

/** The complete subtrees that the leaves from `begin` to before `end` fall into, from left to right. */
export function subtrees(begin: number, end: number): TreeNode[] {
  const found: TreeNode[] = [];
  for (let at = begin; at < end; ) {
    let [level, width] = [0, 1];
    while (at % (width * 2) === 0 && at + width * 2 <= end) [level, width] = [level + 1, width * 2];
    found.push({ level, index: at / width });
    at += width;
  }
  return found;
}

/** The nodes that leaf `size` completes when it is added, lowest first, without the leaf itself. */
export function completedBy(size: number): TreeNode[] {
  const completed: TreeNode[] = [];
  for (let [level, index] = [1, size]; index % 2 === 1; level += 1) {
    index = (index - 1) / 2;
    completed.push({ level, index });
  }
  return completed;
}

/** One root over neighbouring subtrees given from left to right; of none, the root of the empty tree. */
export function foldPeaks(peaks: readonly Uint8Array[]): Uint8Array {
  const last = peaks.at(-1);
  if (last === undefined) return sha256(new Uint8Array());
  return peaks.slice(0, -1).reduceRight((right, left) => nodeHash(left, right), last);
}

export function rootOf(size: number, node: NodeReader): Uint8Array {
  return rangeHash(0, size, node);
}

function rangeHash(begin: number, end: number, node: NodeReader): Uint8Array {
  return foldPeaks(subtrees(begin, end).map(({ level, index }) => node(level, index)));
}

/** That leaf `index` is in the tree of `size` leaves. @throws RangeError when there is no such leaf */
export function inclusionProof(index: number, size: number, node: NodeReader): Uint8Array[] {
  if (!(index >= 0 && index < size)) throw new RangeError(`there is no leaf ${index} in a tree of ${size}`);
  const path: Uint8Array[] = [];
  let [begin, end] = [0, size];
  while (end - begin > 1) {
    const middle = begin + widthBelow(end - begin);
    const isLeft = index < middle;
    path.push(isLeft ? rangeHash(middle, end, node) : rangeHash(begin, middle, node));
    if (isLeft) end = middle;
    else begin = middle;
  }
  return path.reverse();
}

/** That the tree of `from` leaves is the beginning of the one of `to`. @throws RangeError unless 0 ≤ from ≤ to */
export function consistencyProof(from: number, to: number, node: NodeReader): Uint8Array[] {
  if (!(from >= 0 && from <= to)) throw new RangeError(`a tree of ${from} does not begin one of ${to}`);
  if (from === 0) return [];
  const path: Uint8Array[] = [];
  let [begin, end] = [0, to];
  while (from < end) {
    const middle = begin + widthBelow(end - begin);
    const isLeft = from <= middle;
    path.push(isLeft ? rangeHash(middle, end, node) : rangeHash(begin, middle, node));
    if (isLeft) end = middle;
    else begin = middle;
  }
  // The verifier holds the whole old tree itself, but not a part of it.
  if (begin > 0) path.push(rangeHash(begin, end, node));
  return path.reverse();
}

/** Largest power of two below `n`, for n > 1. */
function widthBelow(n: number): number {
  let width = 1;
  while (width * 2 < n) width *= 2;
  return width;
}

/** A root, and the number of leaves it is over. */
export interface TreeHead {
  readonly size: number;
  readonly root: Uint8Array;
}

/** RFC 9162, 2.1.3.2. Never throws: what is malformed proves nothing. */
export function verifyInclusion(
  leaf: Uint8Array,
  index: number,
  { size, root }: TreeHead,
  proof: readonly Uint8Array[],
): boolean {
  if (!isCount(index) || !isCount(size) || index >= size || !areHashes([leaf, root, ...proof])) return false;
  let [node, last, hash] = [index, size - 1, leaf];
  for (const sibling of proof) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      hash = nodeHash(sibling, hash);
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else hash = nodeHash(hash, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(hash, root);
}

/** RFC 9162, 2.1.4.2. Never throws. The empty tree begins every other. */
export function verifyConsistency(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  if (!isCount(older.size) || !isCount(newer.size) || !areHashes([older.root, newer.root, ...proof]))
    return false;
  if (older.size === 0) return proof.length === 0 && equal(older.root, foldPeaks([]));
  if (older.size === newer.size) return proof.length === 0 && equal(older.root, newer.root);
  if (older.size > newer.size) return false;
  return walkConsistency(older, newer, proof);
}

function walkConsistency(older: TreeHead, newer: TreeHead, proof: readonly Uint8Array[]): boolean {
  let [node, last] = [older.size - 1, newer.size - 1];
  while (isOdd(node)) [node, last] = [half(node), half(last)];
  // A complete old tree is a node of the new one: its root is where the walk begins, and is not sent.
  const [first, ...rest] = node === 0 ? [older.root, ...proof] : proof;
  if (first === undefined) return false;
  let [was, is] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(node) || node === last) {
      [was, is] = [nodeHash(sibling, was), nodeHash(sibling, is)];
      while (!isOdd(node) && node !== 0) [node, last] = [half(node), half(last)];
    } else is = nodeHash(is, sibling);
    [node, last] = [half(node), half(last)];
  }
  return last === 0 && equal(was, older.root) && equal(is, newer.root);
}

function areHashes(hashes: readonly Uint8Array[]): boolean {
  return hashes.length <= maxProof && hashes.every((h) => h.length === hashLength);
}

function isCount(n: number): boolean {
  return Number.isSafeInteger(n) && n >= 0;
}

/** Not by bit operators: they would cut a number at 32 bits. */
function isOdd(n: number): boolean {
  return n % 2 === 1;
}

function half(n: number): number {
  return Math.floor(n / 2);
}

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
