import { behaviourKinds } from './event.ts';
import type { Baseline, BehaviourSet } from './fingerprint.ts';
import { isNamedLikePattern } from './pattern-names.ts';

/**
 * What a reader must know before it may judge by a statement (`spec.critical`): overlooked, each of them would let
 * something pass, or judge copies it was not meant for.
 */
const baselineFeatures = ['coverage', 'parameters', 'patterns', 'phases', 'removed', 'scope'] as const;
export const criticalFeatures = [...baselineFeatures, 'add', 'remove', 'platform'] as const;
export type CriticalFeature = (typeof criticalFeatures)[number];

/** Those a baseline makes use of: what uses none can be read by anybody. */
export function featuresOf(baseline: Baseline): readonly CriticalFeature[] {
  return baselineFeatures.filter((feature) => {
    if (feature === 'coverage') return namesPrivileges(baseline);
    return feature === 'patterns' ? hasPatterns(baseline.behaviour) : baseline[feature] !== undefined;
  });
}

/** Whether its coverage says more than which kinds are judged. */
function namesPrivileges({ coverage }: Baseline): boolean {
  const kinds: readonly string[] = behaviourKinds;
  return coverage.some((word) => !kinds.includes(word));
}

/** Whether a path in it stands for more than one name. */
export function hasPatterns(set: BehaviourSet): boolean {
  return set.programs.some((p) =>
    p.files.some((f) => isNamedLikePattern(f.path) || (f.to !== undefined && isNamedLikePattern(f.to))),
  );
}
