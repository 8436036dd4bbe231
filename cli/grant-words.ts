import { rootWords } from '../fingerprint/diff-names.ts';
import { entryWords } from '../fingerprint/explain-entry.ts';
import type { BehaviourSet, Program } from '../fingerprint/fingerprint.ts';
import { entriesOf, type Grant, grantsOf, programsByKey } from '../fingerprint/grants.ts';
import { quoted } from '../fingerprint/phrase.ts';
import { identityOf, type ProgramIdentity } from '../fingerprint/program.ts';

/** As long as the kernel lets a path be: of a name that is cut, nobody knows whose it is, nor of a command what it does. */
const wholeLength = 4096;

/**
 * Each entry as a sentence: "`/usr/bin/cart` connects to `redis.shop:6379`". Programs by their whole path and who starts
 * them, because people sign what they read here: `/tmp/backup` is not to pass for `/usr/bin/backup`.
 */
export function grantSentences(grants: readonly Grant[]): readonly string[] {
  return grants.map(({ program, entry }) => {
    const isCommand = entry.kind === 'arguments';
    const words = isCommand ? `runs ${quoted(entry.args.join(' '), wholeLength)}` : entryWords(entry);
    return `${programWords(program)} ${words}`;
  });
}

/** What an overlay grants, entry by entry, and the starts of programs that no entry tells. */
export function addedSentences(set: BehaviourSet): readonly string[] {
  const byEntry = grantSentences(grantsOf(set));
  return [...byEntry, ...[...programsByKey(set).values()].flatMap(startSentences)];
}

/** A start stands in no entry, yet below that starter the program is no new one any more. */
function startSentences({
  program,
  starters,
}: {
  readonly program: Program;
  readonly starters: ReadonlySet<string>;
}): readonly string[] {
  const isTold = entriesOf(program).length > 0;
  return [...starters]
    .filter((starter) => starter !== '' || !isTold)
    .map((starter) => {
      const there = starter === '' ? '' : `, where ${path(starter)} started that`;
      return `${programWords(identityOf(program))} is started${there}`;
    });
}

/** What an overlay takes away; a program that is named without entries is taken away as a whole. */
export function removedSentences(set: BehaviourSet): readonly string[] {
  return set.programs.flatMap((p) =>
    entriesOf(p).length === 0
      ? [`anything that ${programWords(identityOf(p))} does`]
      : grantSentences(grantsOf({ programs: [p] })),
  );
}

function programWords({ root, parent, exe }: ProgramIdentity): string {
  const below = parent === '' ? '' : ` below ${path(parent)}`;
  return `${path(exe)}${below}${rootWords(root)}`;
}

function path(exe: string): string {
  return quoted(exe, wholeLength);
}

/** As many as a person reads; the rest is counted. */
export function firstOf(sentences: readonly string[], most: number): readonly string[] {
  const more = sentences.length - most;
  return more <= 0 ? sentences : [...sentences.slice(0, most), `and ${more} more`];
}
