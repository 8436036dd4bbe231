import { fold, headline } from '../../fingerprint/diff-fold.ts';
import { grantsOf } from '../../fingerprint/grants.ts';
import { quoted } from '../../fingerprint/phrase.ts';
import type { Io } from '../io.ts';
import { counted } from '../known-file.ts';
import { packageLines, packagesTold } from '../packages-text.ts';
import { fileName } from '../read-file.ts';
import type { Packages } from '../sbom-file.ts';
import { styled } from '../text.ts';
import type { LockEntry } from './lock-entry.ts';

/** What comes of a recording. */
export interface Outcome {
  readonly entries: readonly LockEntry[];
  /** Of those that have an SBOM. */
  readonly packages: ReadonlyMap<LockEntry, Packages>;
  readonly pathOf: (entry: LockEntry) => string;
  /** Why absence proves nothing, in sentences. */
  readonly incomplete: readonly string[];
  readonly runs: number;
  readonly mode: 'write' | 'check' | 'update';
  readonly dryRun: boolean;
}

/** Sentences named of each list before the rest is counted. */
const listed = 20;

export function tell(io: Io, outcome: Outcome): void {
  for (const entry of outcome.entries) tellEntry(io, entry, outcome);
  for (const sentence of outcome.incomplete) io.err([styled('red', 'incomplete: '), sentence]);
  if (outcome.incomplete.length > 0)
    io.err('what was not seen may have happened all the same: nothing was taken away for its absence');
}

function tellEntry(io: Io, entry: LockEntry, outcome: Outcome): void {
  const { recorded, next, state } = entry;
  const { behaviour } = next;
  const name = fileName(outcome.pathOf(entry));
  const size = `${counted(behaviour.programs.length, 'program')}, ${counted(grantsOf(behaviour).length, 'entry', 'entries')}`;
  const seen = `${counted(recorded.copies, 'copy', 'copies')} in ${counted(outcome.runs, 'run')}`;
  io.err([styled('bold', `${name}: ${doneWords(outcome, state)}`), ` (${size}, from ${seen})`]);
  tellDifference(io, entry);
  tellList(io, 'never learned, left out:', recorded.leftOut);
  tellList(
    io,
    'not in every run:',
    recorded.unstable.map(({ sentence, runs }) => `${sentence} (${runs} of ${outcome.runs})`),
  );
  const packages = outcome.packages.get(entry);
  if (packages !== undefined) for (const line of packageLines(packages, next, false)) io.err(line);
  tellCopies(io, entry);
}

function tellDifference(io: Io, { difference, state }: LockEntry): void {
  if (difference === undefined) return;
  if (state === 'changed') {
    for (const line of fold(difference.changes, { all: false }).flatMap((group) => group.lines))
      io.err([line.widens ? styled('red', '  + ') : '    ', line.sentence]);
    io.err(`  ${headline(difference)}`);
  }
  for (const sentence of difference.notExercised?.sentences ?? []) io.err(`  ${sentence}`);
}

function tellCopies(io: Io, { recorded: { older, digests, target } }: LockEntry): void {
  if (older > 0)
    io.err(
      `  ${counted(older, 'copy', 'copies')} of ${quoted(target.name)} ran already and ${older === 1 ? 'was' : 'were'} left out: the command must start what is to be recorded`,
    );
  if (digests.length > 1)
    io.err(`  it ran from ${digests.length} different builds: all of them are in the file`);
}

function doneWords({ mode, dryRun }: Outcome, state: LockEntry['state']): string {
  if (state === 'unchanged') return 'unchanged';
  if (mode === 'check') return state === 'new' ? 'not there yet' : 'differs';
  const verb = dryRun ? 'would be ' : '';
  return state === 'new' ? `${verb}written` : `${verb}updated`;
}

function tellList(io: Io, title: string, sentences: readonly string[]): void {
  if (sentences.length === 0) return;
  io.err(`  ${title}`);
  for (const sentence of sentences.slice(0, listed)) io.err(`    ${sentence}`);
  if (sentences.length > listed) io.err(`    and ${sentences.length - listed} more; --json lists them`);
}

/** Members and their order are a contract with scripts (docs/operations.md). */
export function toldAsJson(outcome: Outcome): object {
  const { entries, incomplete, runs, mode, dryRun } = outcome;
  return {
    mode,
    dryRun,
    runs,
    widens: entries.some(isWider),
    incomplete,
    images: entries.map((entry) => {
      const { recorded, next, difference, state } = entry;
      const { behaviour, observation } = next;
      return {
        name: recorded.target.name,
        file: outcome.pathOf(entry),
        state,
        copies: recorded.copies,
        digests: recorded.digests,
        programs: behaviour.programs.length,
        entries: grantsOf(behaviour).length,
        ran: observation.ran ?? [],
        leftOut: recorded.leftOut,
        unstable: recorded.unstable,
        olderCopies: recorded.older,
        ...packagesTold(outcome.packages.get(entry) ?? {}),
        ...(difference === undefined ? {} : difference),
      };
    }),
  };
}

/** What is new is allowed nothing yet, so that all of it is more. */
export function isWider({ state, difference }: LockEntry): boolean {
  return state === 'new' || difference?.widens === true;
}
