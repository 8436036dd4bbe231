import { commonCoverage } from './coverage.ts';
import { type Change, compareChanges } from './diff-change.ts';
import { compareDocuments, type KnownDocument } from './diff-document.ts';
import type { Judges } from './diff-entries.ts';
import { comparePrograms } from './diff-programs.ts';
import { withSteps } from './diff-steps.ts';
import { coversEntry, grantsOf } from './grants.ts';
import { type NotExercised, notExercised } from './not-exercised.ts';

/** What NEW grants more or less than OLD. */
export interface Difference {
  /** Widenings first, gravest first. */
  readonly changes: readonly Change[];
  /** Entries that stand in both. */
  readonly unchanged: number;
  readonly widens: boolean;
  /** What the tests did not try; absent where the new document was not recorded under test. */
  readonly notExercised?: NotExercised;
}

/**
 * Compares two baselines or fingerprints by what they accept, not by how they are written: ids, order and an exact name
 * that a pattern covers make no difference. Whatever drifts by `old` and not by `next` is named by a change that widens;
 * whatever drifts by `next` and not by `old` is named too. Signatures are not looked at.
 */
export function diff(old: KnownDocument, next: KnownDocument): Difference {
  const found = [
    ...compareDocuments(old, next),
    ...withoutEchoes(comparePrograms(old, next, judgesOf(old, next))),
  ];
  const changes = withSteps(found.sort(compareChanges), next);
  const untried = notExercised(old, next);
  const known = new Set(grantsOf(old.behaviour).map((g) => g.id));
  return {
    changes,
    unchanged: grantsOf(next.behaviour).filter((g) => known.has(g.id)).length,
    widens: changes.some((c) => c.widens),
    ...(untried === undefined ? {} : { notExercised: untried }),
  };
}

function judgesOf(old: KnownDocument, next: KnownDocument): Judges {
  const [before, after] = [new Set(old.coverage), new Set(next.coverage)];
  return {
    anything: commonCoverage([old.coverage, next.coverage]).length > 0,
    of: (entry) => {
      const [was, is] = [coversEntry(before, entry), coversEntry(after, entry)];
      if (was && is) return 'both';
      return is ? 'new' : was ? 'old' : 'neither';
    },
  };
}

/** The look-up of a new peer's name says nothing that the peer does not say: it is told with it. */
function withoutEchoes(changes: readonly Change[]): Change[] {
  const peers = new Map(
    changes
      .filter((c) => c.kind === 'connect')
      .map((c) => [echoKey(c, c.subject.slice(0, c.subject.lastIndexOf(':'))), c.id]),
  );
  return changes.map((c) => {
    const partOf = c.kind === 'resolve' ? peers.get(echoKey(c, c.subject)) : undefined;
    return partOf === undefined ? c : { ...c, partOf };
  });
}

function echoKey(c: Change, name: string): string {
  return [c.change, c.root, c.parent ?? '', c.program, name].join('\0');
}
