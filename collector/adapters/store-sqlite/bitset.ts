/** Bit i of byte ⌊i/8⌋, least significant first: the form of support reports and of `instances.seen`. */

/** The indices that are set, ascending. */
export function bits(set: Uint8Array): number[] {
  const found: number[] = [];
  for (const [at, byte] of set.entries()) {
    for (let bit = 0; byte >> bit !== 0; bit++) if ((byte >> bit) & 1) found.push(at * 8 + bit);
  }
  return found;
}

/** A copy with `indices` set as well; grows as needed. */
export function withBits(set: Uint8Array, indices: readonly number[]): Uint8Array {
  const highest = indices.reduce((a, b) => Math.max(a, b), -1);
  const out = new Uint8Array(Math.max(set.length, (highest >> 3) + 1));
  out.set(set);
  for (const index of indices) out[index >> 3] = (out[index >> 3] ?? 0) | (1 << (index & 7));
  return out;
}
