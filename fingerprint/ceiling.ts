import type { BehaviourSet, Program } from './fingerprint.ts';
import { type Entry, entriesOf, type Grant, grantId, grantKey, programOfEntries } from './grants.ts';
import { isNeverLearnableEntry, isSensitiveEntry } from './grave-entry.ts';
import { isShellName, isVariedName, openVectors, toolKindsOf } from './lint-names.ts';
import { withoutWidening } from './narrowed.ts';
import { baseName, identityOf } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { parameterOf } from './site-parameter.ts';
import type { CeilingClass } from './trust-classes.ts';

/** A behaviour set without what may not be granted yet, and what that is. */
export interface UnderCeiling {
  readonly behaviour: BehaviourSet;
  readonly inert: readonly Grant[];
}

/**
 * Takes out what a vendor may never grant alone (DESIGN §6): each such entry is judged as if it had never been written.
 * The program itself stays, so that what it starts is still told apart.
 * @param approved ids of grants that the site has approved already
 */
export function underCeiling(
  set: BehaviourSet,
  classes: readonly CeilingClass[],
  approved: ReadonlySet<string> = new Set(),
): UnderCeiling {
  if (classes.length === 0) return { behaviour: set, inert: [] };
  const inert: Grant[] = [];
  const left = new ProgramSet();
  const programs = set.programs.map((p) => {
    const entries = entriesOf(p);
    const program = identityOf(p);
    const isHeld = (e: Entry): boolean =>
      classes.some((c) => isOf[c](p, e)) && !approved.has(grantId(program, e));
    const held = new Set(entries.filter(isHeld).map(grantKey));
    if (held.size === 0) return p;
    const kept = programOfEntries(
      p,
      entries.filter((e) => !held.has(grantKey(e))),
    );
    const without = withoutWidening(kept, p);
    const stays = new Set(entriesOf(without).map(grantKey));
    for (const entry of entries)
      if (!stays.has(grantKey(entry))) inert.push({ id: grantId(program, entry), program, entry });
    return without;
  });
  if (inert.length === 0) return { behaviour: set, inert };
  left.addSet({ programs });
  return { behaviour: left.toSet(), inert };
}

/** Whether an entry is one of a class. */
const isOf: Readonly<Record<CeilingClass, (p: Program, e: Entry) => boolean>> = {
  shells: isShell,
  'wildcard-egress': (_, e) => isWildcardEgress(e),
  'never-learnable': (p, e) => isNeverLearnableEntry(identityOf(p), e),
  sensitive: (_, e) => isSensitiveEntry(e),
};

/**
 * Each start of a shell, also through another program (`env sh`, the loader with a shell behind it), and the starts of an
 * interpreter that take their code from whoever is at the other end.
 */
function isShell(p: Program, e: Entry): boolean {
  if (e.kind !== 'arguments') return false;
  if (e.args.some((arg) => isShellName(baseName(arg)))) return true;
  // One by one: busybox is a shell in one vector and `ls` in the next.
  const alone = { ...p, args: [e.args] };
  return toolKindsOf(alone).has('shell') || openVectors(alone).length > 0;
}

/** More peers than anybody has named: a network, an address that means any, a name of which a part may vary. */
function isWildcardEgress(e: Entry): boolean {
  if (e.kind !== 'network') return false;
  const n = e.network;
  switch (n.do) {
    case 'listen':
      return false;
    case 'resolve':
      return isWild(n.name) || isVariedName(n.name);
    case 'connect':
      return n.transport !== 'unix' && isWild(n.peer);
  }
}

function isWild(peer: string): boolean {
  if (parameterOf(peer) !== undefined) return false;
  return /[*{]|\/\d+$/.test(peer) || peer === '0.0.0.0' || peer === '::';
}
