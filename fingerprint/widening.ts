import type { BehaviourSet, Program } from './fingerprint.ts';
import { readActs } from './generalise-forms.ts';
import { type Entry, entriesOf, grantKey, programsByKey } from './grants.ts';
import { isNeverLearnableEntry, isSensitiveEntry } from './grave-entry.ts';
import { identityOf } from './program.ts';
import { type WidenClass, widenClasses } from './trust-classes.ts';

/**
 * What an overlay adds, by the gravest class of each entry, in the order of the table. What stands in `base` already
 * widens nothing.
 *
 * @param base behaviour of the fingerprint it adds to
 */
export function widenClassesOf(add: BehaviourSet, base: BehaviourSet): readonly WidenClass[] {
  const known = programsByKey(base);
  const found = new Set(
    [...programsByKey(add)].flatMap(([key, added]) => {
      const before = known.get(key);
      const isNew = !startsAlike(added, before);
      return [
        ...(isNew ? (['programs'] as const) : []),
        ...entryClasses(added.program, before?.program, isNew),
      ];
    }),
  );
  return widenClasses.filter((c) => found.has(c));
}

interface Placed {
  readonly program: Program;
  readonly starters: ReadonlySet<string>;
}

/** Whether the program is known, below every starter that is named for it. */
function startsAlike(added: Placed, before: Placed | undefined): boolean {
  if (before === undefined || before.starters.size === 0) return false;
  return [...added.starters].every((starter) => before.starters.has(starter));
}

function entryClasses(added: Program, before: Program | undefined, isNew: boolean): WidenClass[] {
  const known = new Set(before === undefined ? [] : entriesOf(before).map(grantKey));
  return entriesOf(added)
    .filter((entry) => !known.has(grantKey(entry)))
    .map((entry) =>
      isNeverLearnableEntry(identityOf(added), entry) ? 'never-learnable' : classOf(entry, isNew),
    );
}

/** @param isNew of a program that was not known: then how it is started is part of adding it */
function classOf(entry: Entry, isNew: boolean): WidenClass {
  if (isSensitiveEntry(entry)) return 'sensitive';
  switch (entry.kind) {
    case 'arguments':
      return isNew ? 'programs' : 'arguments';
    case 'origin':
      return isNew ? 'programs' : 'load';
    case 'hook':
      // A hook puts code into the program before it begins.
      return 'load';
    case 'file':
      if (entry.act === 'load') return 'load';
      return readActs.has(entry.act) ? 'files.read' : 'files.write';
    case 'network':
      return entry.network.do;
    case 'privilege':
      return 'privileges';
  }
}
