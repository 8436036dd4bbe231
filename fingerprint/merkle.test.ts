import { describe, expect, it } from 'vitest';
import { grownTree, leavesUpTo } from '../test/fakes/trees.ts';
import {
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOf,
  verifyConsistency,
  verifyInclusion,
} from './merkle.ts';
import { MerkleFrontier } from './merkle-frontier.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

/** The tree of Certificate Transparency's own tests: entries, and the root after each. */
const vectors: readonly (readonly [entry: string, root: string])[] = [
  ['', '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d'],
  ['00', 'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125'],
  ['10', 'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77'],
  ['2021', 'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7'],
  ['3031', '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4'],
  ['40414243', '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef'],
  ['5051525354555657', 'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c'],
  ['606162636465666768696a6b6c6d6e6f', '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328'],
];
const known = grownTree(vectors.map(([entry]) => leafHash(Buffer.from(entry, 'hex'))));

describe('the tree of RFC 6962', () => {
  it('has the root of the empty string when it is empty', () => {
    expect(hex(rootOf(0, known.node))).toBe(
      'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });

  it.each(vectors.map(([, root], i) => [i + 1, root] as const))(
    'of %i entries has the known root',
    (n, root) => {
      expect(hex(rootOf(n, known.node))).toBe(root);
      const frontier = new MerkleFrontier();
      for (const leaf of known.leaves.slice(0, n)) frontier.add(leaf);
      expect(hex(frontier.root)).toBe(root);
    },
  );

  // Of certificate-transparency's merkle_tree_test: index, size, hashes.
  it.each([
    [0, 1, []],
    [
      0,
      8,
      [
        '96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7',
        '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
        '6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4',
      ],
    ],
    [
      5,
      8,
      [
        'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
        'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
        'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
      ],
    ],
  ])('proves entry %i of %i with the known hashes', (index, size, proof) => {
    expect(inclusionProof(index, size, known.node).map(hex)).toEqual(proof);
  });

  it('proves 6 to 8 with the known hashes', () => {
    expect(consistencyProof(6, 8, known.node).map(hex)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('does not cut sizes at 32 bits', () => {
    const [leaf] = leavesUpTo(1) as [Uint8Array];
    const size = 2 ** 33;
    const proof = Array.from({ length: 33 }, () => leaf);
    expect(verifyInclusion(leaf, 2 ** 32 + 1, { size, root: leaf }, proof)).toBe(false);
    expect(inclusionProof(2 ** 32 + 1, size, () => leaf)).toHaveLength(33);
    expect(consistencyProof(2 ** 32, size, () => leaf)).toHaveLength(1);
  });
});

describe('what proves nothing', () => {
  const head = { size: 8, root: rootOf(8, known.node) };
  const [leaf] = known.leaves as [Uint8Array];
  const proof = inclusionProof(0, 8, known.node);

  it.each([
    ['an index outside', () => verifyInclusion(leaf, 8, head, proof)],
    ['an index that is no whole number', () => verifyInclusion(leaf, 0.5, head, proof)],
    [
      'a hash of another length',
      () => verifyInclusion(leaf, 0, head, [...proof.slice(1), new Uint8Array(31)]),
    ],
    ['a proof with a hash more', () => verifyInclusion(leaf, 0, head, [...proof, leaf])],
    ['a proof with a hash less', () => verifyInclusion(leaf, 0, head, proof.slice(1))],
    ['a tree that shrank', () => verifyConsistency(head, { size: 7, root: rootOf(7, known.node) }, [])],
    ['an empty proof between two sizes', () => verifyConsistency({ size: 6, root: head.root }, head, [])],
    ['a proof where sizes are equal', () => verifyConsistency(head, head, [leaf])],
    ['another root for nothing', () => verifyConsistency({ size: 0, root: leaf }, head, [])],
  ])('%s', (_what, holds) => {
    expect(holds()).toBe(false);
  });

  it('is not made either', () => {
    expect(() => inclusionProof(8, 8, known.node)).toThrow(RangeError);
    expect(() => consistencyProof(8, 7, known.node)).toThrow(RangeError);
    expect(() => new MerkleFrontier(3, [leaf])).toThrow(RangeError);
  });
});
