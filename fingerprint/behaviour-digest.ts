import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import type { BehaviourSet } from './fingerprint.ts';
import { ProgramSet } from './program-set.ts';

/**
 * `sha256:HEX` over the canonical form of what was learned: equal for equal behaviour, wherever, whenever and in
 * whatever order it was seen.
 */
export function behaviourDigest(set: BehaviourSet): string {
  const canonical = new ProgramSet();
  canonical.addSet(set);
  return `sha256:${sha256Hex(canonicalBytes(canonical.toSet()))}`;
}
