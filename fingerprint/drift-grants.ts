import type { Behaviour } from './behaviour.ts';
import type { BehaviourSet } from './fingerprint.ts';
import type { Drift } from './incident.ts';
import { ProgramSet } from './program-set.ts';
import { learnable, posesAsPattern } from './sensitive.ts';

/** What a drift showed, exactly; undefined where that was too long to keep. */
export function observedBehaviour({ root, lineage, act }: Drift): Behaviour | undefined {
  return act === undefined ? undefined : { root, lineage, ...act };
}

/** How a person may grant what was observed. */
export type Acceptable =
  /** Like anything that is learned. */
  | 'freely'
  /** Never learnable: only by its own name, and without an end. */
  | 'by-name'
  /** Called as only patterns and parameters are: granted, it would grant what they grant. */
  | 'never';

export function acceptable(b: Behaviour): Acceptable {
  if (posesAsPattern(b)) return 'never';
  return learnable(b) ? 'freely' : 'by-name';
}

/**
 * What an overlay adds to grant exactly these: their normalised subjects, in their places in the tree of programs.
 *
 * @param patterns instead of the path of files that are named by it, a wider one that the same person chose
 */
export function grantsFor(
  behaviours: readonly Behaviour[],
  patterns: ReadonlyMap<string, string> = new Map(),
): BehaviourSet {
  const set = new ProgramSet();
  for (const b of behaviours) set.addBehaviour(widened(b, patterns));
  return set.toSet();
}

/** Where it came from goes with the name: a pattern is about whatever lies there. */
function widened(b: Behaviour, patterns: ReadonlyMap<string, string>): Behaviour {
  switch (b.kind) {
    case 'open': {
      const path = patterns.get(b.path);
      const { origin: _origin, ...rest } = b;
      return path === undefined ? b : { ...rest, path };
    }
    case 'delete':
      return { ...b, path: patterns.get(b.path) ?? b.path };
    case 'rename':
      return { ...b, path: patterns.get(b.path) ?? b.path, to: patterns.get(b.to) ?? b.to };
    default:
      return b;
  }
}
