import type { Baseline } from './fingerprint.ts';
import { isNamedLikePattern } from './pattern-names.ts';

/**
 * What a reader must know before it may judge by a statement (`spec.critical`): overlooked, each of them would let
 * something pass, or judge copies it was not meant for.
 */
export const criticalFeatures = ['parameters', 'patterns', 'phases', 'removed', 'scope'] as const;
export type CriticalFeature = (typeof criticalFeatures)[number];

/** Those a baseline makes use of: what uses none can be read by anybody. */
export function featuresOf(baseline: Baseline): readonly CriticalFeature[] {
  return criticalFeatures.filter((f) =>
    f === 'patterns' ? hasPatterns(baseline) : baseline[f] !== undefined,
  );
}

function hasPatterns({ behaviour }: Baseline): boolean {
  return behaviour.programs.some((p) =>
    p.files.some((f) => isNamedLikePattern(f.path) || (f.to !== undefined && isNamedLikePattern(f.to))),
  );
}
