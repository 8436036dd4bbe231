/** What this node knows of the collector it was last acknowledged by. */
export interface KnownEpoch {
  readonly epoch: string;
  /** What had been acknowledged before that collector took over: of this it never said that it has it. */
  readonly base: number;
}

export interface Welcomed {
  /** What the collector has; absent where it is of a release that tells no epoch. */
  readonly epoch?: string;
  readonly stored: number;
  /** The highest number this spool was ever acknowledged. */
  readonly acked: number;
}

export type Meeting =
  | { readonly kind: 'as-before' }
  | { readonly kind: 'first'; readonly known: KnownEpoch }
  /** Restored from a backup, or another collector: it is to be told again what is the case. */
  | { readonly kind: 'another'; readonly known: KnownEpoch; readonly lost: number }
  /** It says it is the same and has less than it acknowledged: its disk was put back, and nobody said so. */
  | { readonly kind: 'rolled-back'; readonly known: KnownEpoch; readonly lost: number };

/**
 * What a welcome means for what was acknowledged earlier. Those records are gone from the spool, so a collector that lacks
 * them can only be told how many they are; the numbers go on growing whatever it says.
 */
export function meet(known: KnownEpoch | undefined, { epoch, stored, acked }: Welcomed): Meeting {
  if (epoch === undefined) return { kind: 'as-before' };
  const lost = Math.max(0, acked - stored);
  const now: KnownEpoch = { epoch, base: acked };
  if (known === undefined && lost === 0) return { kind: 'first', known: now };
  if (known?.epoch !== epoch) return { kind: 'another', known: now, lost };
  // Nothing was acknowledged under it yet: that it has less is what was told when it took over.
  if (lost === 0 || acked <= known.base) return { kind: 'as-before' };
  return { kind: 'rolled-back', known: now, lost };
}
