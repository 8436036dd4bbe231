import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { predicate } from '../../fingerprint/phrase.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import type { LearnedWorkload } from './learned.ts';

/** A behaviour that one node alone, or one copy alone, says it has seen though others ran as well. */
export interface ThinSupport {
  readonly behaviour: Behaviour;
  readonly sentence: string;
  readonly only: 'node' | 'copy';
  readonly node: string;
  /** Of how many. */
  readonly of: number;
}

/**
 * What a person should look at before signing what was learned (threat: one node that was taken over teaches a fleet).
 * A node can claim any copy and any behaviour of its own; it cannot make another node claim it. So what others ran and
 * did not show is marked, and what is never learnable is in no baseline however many claim it.
 */
export function thinSupport({ novelties, instances }: LearnedWorkload): readonly ThinSupport[] {
  const nodes = new Set(instances.map((i) => i.instance.node)).size;
  const seenOn = new Map<number, { nodes: Set<string>; copies: number }>();
  for (const { instance, seen } of instances) {
    for (const ordinal of new Set([...seen.start, ...seen.steady])) {
      const known = seenOn.get(ordinal) ?? { nodes: new Set<string>(), copies: 0 };
      known.nodes.add(instance.node);
      seenOn.set(ordinal, { nodes: known.nodes, copies: known.copies + 1 });
    }
  }
  return novelties
    .filter(({ behaviour }) => learnable(behaviour))
    .flatMap(({ ordinal, behaviour, node }): ThinSupport[] => {
      // A copy that has told of no support yet has shown at least this.
      const on = seenOn.get(ordinal) ?? { nodes: new Set([node]), copies: 1 };
      const about = { behaviour, sentence: predicate(behaviour), node: [...on.nodes][0] ?? node };
      if (nodes > 1 && on.nodes.size === 1) return [{ ...about, only: 'node', of: nodes }];
      if (instances.length > 1 && on.copies === 1) return [{ ...about, only: 'copy', of: instances.length }];
      return [];
    });
}
