import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  consistencyProof,
  inclusionProof,
  rootOf,
  subtrees,
  verifyConsistency,
  verifyInclusion,
} from '../../fingerprint/merkle.ts';
import { MerkleFrontier } from '../../fingerprint/merkle-frontier.ts';
import { grownTree, leavesUpTo } from '../fakes/trees.ts';

const maxSize = 200;
const { node, leaves } = grownTree(leavesUpTo(maxSize));
const heads = Array.from({ length: maxSize + 1 }, (_, size) => ({ size, root: rootOf(size, node) }));
const head = (size: number) => heads[size] ?? expect.fail();
const leaf = (index: number) => leaves[index] ?? expect.fail();

const twoSizes = fc
  .tuple(fc.integer({ min: 1, max: maxSize }), fc.integer({ min: 1, max: maxSize }))
  .map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);

/** One bit of one hash, somewhere in a list of them. */
const flip = (hashes: readonly Uint8Array[], at: number): Uint8Array[] =>
  hashes.map((hash, i) =>
    i === Math.floor(at / 256) % hashes.length
      ? hash.map((b, j) => (j === (at >> 3) % 32 ? b ^ (1 << (at & 7)) : b))
      : hash,
  );

describe('for all sizes up to 200', { timeout: 120_000 }, () => {
  it('each entry is proved to be in the tree, and nothing else in its place', () => {
    for (let size = 1; size <= maxSize; size += 1)
      for (let index = 0; index < size; index += 1) {
        const proof = inclusionProof(index, size, node);
        if (!verifyInclusion(leaf(index), index, head(size), proof)) expect.fail(`${index} of ${size}`);
        const other = (index + 1) % size;
        if (other !== index && verifyInclusion(leaf(other), index, head(size), proof))
          expect.fail(`${other} passes for ${index} of ${size}`);
      }
  });

  it('each is proved to begin each larger one', () => {
    for (let to = 0; to <= maxSize; to += 1)
      for (let from = 0; from <= to; from += 1)
        if (!verifyConsistency(head(from), head(to), consistencyProof(from, to, node)))
          expect.fail(`${from} of ${to}`);
  });
});

describe('what was tampered with never verifies', () => {
  it('a bit of an inclusion proof, its place or its size', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), fc.nat(), ([a, size], at, shift) => {
        const index = a - 1;
        const proof = inclusionProof(index, size, node);
        const elsewhere = (index + 1 + (shift % maxSize)) % (maxSize + 1);
        if (proof.length > 0)
          expect(verifyInclusion(leaf(index), index, head(size), flip(proof, at))).toBe(false);
        if (elsewhere !== index)
          expect(verifyInclusion(leaf(index), elsewhere, head(size), proof)).toBe(false);
        expect(verifyInclusion(leaf(index), index, head(size), [...proof, leaf(0)])).toBe(false);
        expect(verifyInclusion(leaf(index), index, head((size % maxSize) + 1), proof)).toBe(false);
      }),
    );
  });

  it('a bit of a consistency proof, or a root of another history', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([from, to], at) => {
        const proof = consistencyProof(from, to, node);
        if (proof.length > 0) expect(verifyConsistency(head(from), head(to), flip(proof, at))).toBe(false);
        const [root = head(0).root] = flip([head(from).root], at);
        expect(verifyConsistency({ size: from, root }, head(to), proof)).toBe(false);
      }),
    );
  });

  it('an entry that was changed after its root was published, whatever proof is made then', () => {
    fc.assert(
      fc.property(twoSizes, fc.nat(), ([from, to], at) => {
        const changed = leaves.slice(0, to).map((l, i) => (i === at % from ? leaf((i + 1) % maxSize) : l));
        const rewritten = grownTree(changed);
        const now = { size: to, root: rewritten.frontier.root };
        expect(verifyConsistency(head(from), now, consistencyProof(from, to, rewritten.node))).toBe(false);
      }),
    );
  });
});

it('a tree that is grown on from its peaks has the root of one grown at once', () => {
  fc.assert(
    fc.property(twoSizes, ([from, to]) => {
      const peaks = subtrees(0, from).map(({ level, index }) => node(level, index));
      const frontier = new MerkleFrontier(from, peaks);
      for (const next of leaves.slice(from, to)) frontier.add(next);
      expect(frontier.root).toEqual(head(to).root);
    }),
  );
});
