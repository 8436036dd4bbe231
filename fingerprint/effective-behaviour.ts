import { underCeiling } from './ceiling.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { type Grant, grantsOf } from './grants.ts';
import { withoutNarrowing, withoutWidening } from './narrowed.ts';
import { identityOf, programKey } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { uniteRemoved, withoutRemoved } from './tombstones.ts';
import type { CeilingClass } from './trust-classes.ts';

interface Granted {
  readonly behaviour: BehaviourSet;
  /** What a person took back of it: patterns do not let it in again. */
  readonly removed?: BehaviourSet;
}

/** What an overlay does to behaviour. */
interface Changed {
  readonly add?: BehaviourSet;
  readonly remove?: BehaviourSet;
}

export interface EffectiveBehaviour extends Granted {
  /** The same with everything the ceiling holds back: what was signed, and what the effective digest is about. */
  readonly whole: BehaviourSet;
  readonly inert: readonly Grant[];
}

/**
 * Base − remove ∪ add, in canonical form (docs/format.md, effective fingerprint). The order of the overlays is nothing: a
 * removal by any of them wins over an addition by another, because what one person took back nobody else is to return
 * unseen. What an overlay adds is the site's own word, so no ceiling holds it back.
 * @param approved what the site approved of an earlier version: no ceiling holds that back either
 */
export function effectiveBehaviour(
  base: Granted,
  overlays: readonly Changed[],
  ceiling: readonly CeilingClass[],
  approved?: BehaviourSet,
): EffectiveBehaviour {
  const stones = [base.removed, ...overlays.map((o) => o.remove)].filter((set) => set !== undefined);
  const removed = stones.length === 0 ? undefined : uniteRemoved(...stones);
  const left = removed === undefined ? base.behaviour : without(base.behaviour, removed);
  const added = overlays
    .flatMap((o) => o.add ?? [])
    .map((set) => (removed === undefined ? set : without(set, removed)));
  const before = new Set(approved === undefined ? [] : grantsOf(approved).map((g) => g.id));
  const { behaviour, inert } = underCeiling(left, ceiling, before);
  const granted = new Set(added.flatMap(grantsOf).map((g) => g.id));
  return {
    behaviour: union([behaviour, ...added]),
    whole: union([left, ...added]),
    inert: inert.filter((g) => !granted.has(g.id)),
    ...(removed === undefined ? {} : { removed }),
  };
}

/** Without what tombstones name, and without anything that taking it away would let in. */
function without(set: BehaviourSet, removed: BehaviourSet): BehaviourSet {
  const before = new Map(set.programs.map((p) => [programKey(identityOf(p)), p]));
  const { programs } = withoutRemoved(set, removed);
  return { programs: programs.map((p) => withoutWidening(p, before.get(programKey(identityOf(p))) ?? p)) };
}

/** All of them together, so that none shuts out what another lets in. */
function union(sets: readonly BehaviourSet[]): BehaviourSet {
  const [only, ...others] = sets;
  // What was read is in canonical form already, and most fingerprints have no overlay.
  if (only !== undefined && others.length === 0) return only;
  const all = new Map(plainUnion(sets).programs.map((p) => [programKey(identityOf(p)), p]));
  const open = (p: Program): Program => withoutNarrowing(p, all.get(programKey(identityOf(p))) ?? p);
  return plainUnion(sets.map(({ programs }) => ({ programs: programs.map(open) })));
}

function plainUnion(sets: readonly BehaviourSet[]): BehaviourSet {
  const all = new ProgramSet();
  for (const set of sets) all.addSet(set);
  return all.toSet();
}
