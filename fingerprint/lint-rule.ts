import type { Side } from './diff-side.ts';
import type { Baseline, Fingerprint } from './fingerprint.ts';
import { type Entry, grantId, programId } from './grants.ts';
import type { Severity } from './incident.ts';
import type { Owners } from './package-owner.ts';
import { identityOf, type ProgramIdentity } from './program.ts';

/** One thing an attacker would love to find in a fingerprint (docs/operations.md, lint). */
export interface LintRule {
  readonly id: string;
  readonly severity: Severity;
  /** What is there, as a heading. */
  readonly what: string;
  /** What somebody inside could make of it. */
  readonly why: string;
  readonly fix: string;
  readonly find: (world: LintWorld) => readonly Place[];
}

/** Where a rule applies. */
export interface Place {
  /** Executable; absent for the document as a whole. */
  readonly program?: string;
  /** Safe for a terminal; whatever comes from the watched world stands in backticks. */
  readonly sentence: string;
  /** Ids of the entries, for `prune --entry` and `lint --allow`. */
  readonly entries: readonly string[];
}

/** What rules look at. */
export interface LintWorld {
  readonly known: Baseline | Fingerprint;
  /** What is accepted, program by program. */
  readonly sides: readonly Side[];
  readonly nameOf: (p: ProgramIdentity) => string;
  /** With an SBOM alone. */
  readonly owners?: Owners;
}

/** A place for each program that has such entries. */
export function placesWhere(
  world: LintWorld,
  entries: (entry: Entry, side: Side) => boolean,
  words: (found: readonly Entry[], side: Side) => string,
): Place[] {
  return world.sides.flatMap((side) => {
    const found = [...side.entries.values()].filter((entry) => entries(entry, side));
    if (found.length === 0) return [];
    const identity = identityOf(side.program);
    const sentence = `${world.nameOf(identity)} ${words(found, side)}`;
    return [{ program: side.program.exe, sentence, entries: found.map((e) => grantId(identity, e)) }];
  });
}

/** A place for each program as a whole. */
export function programsWhere(
  world: LintWorld,
  applies: (side: Side) => boolean,
  words: (side: Side) => string,
): Place[] {
  return world.sides.filter(applies).map((side) => {
    const identity = identityOf(side.program);
    const sentence = `${world.nameOf(identity)} ${words(side)}`;
    return { program: side.program.exe, sentence, entries: [programId(identity)] };
  });
}

/** A place that is the document as a whole. */
export function said(sentence: string): Place {
  return { sentence, entries: [] };
}

/** So many items of one place are named. */
const named = 3;

export function some(words: readonly string[]): string {
  const rest = words.length - named;
  return `${words.slice(0, named).join(', ')}${rest > 0 ? ` and ${rest} more` : ''}`;
}
