import { completedBy, leafHash, type NodeReader } from '../../fingerprint/merkle.ts';
import { MerkleFrontier } from '../../fingerprint/merkle-frontier.ts';

export interface GrownTree {
  readonly node: NodeReader;
  readonly leaves: readonly Uint8Array[];
  readonly frontier: MerkleFrontier;
}

/** A tree that was grown leaf by leaf, with every complete node that came to be on the way. */
export function grownTree(leaves: readonly Uint8Array[]): GrownTree {
  const frontier = new MerkleFrontier();
  const nodes = new Map<string, Uint8Array>();
  for (const leaf of leaves) {
    const places = completedBy(frontier.size);
    nodes.set(`0/${frontier.size}`, leaf);
    for (const [i, hash] of frontier.add(leaf).entries())
      nodes.set(`${places[i]?.level}/${places[i]?.index}`, hash);
  }
  const node: NodeReader = (level, index) => {
    const hash = nodes.get(`${level}/${index}`);
    if (hash === undefined) throw new Error(`node ${level}/${index} is not complete`);
    return hash;
  };
  return { node, leaves, frontier };
}

export function leavesUpTo(size: number): Uint8Array[] {
  return Array.from({ length: size }, (_, i) => leafHash(Buffer.from(`entry ${i}`)));
}
