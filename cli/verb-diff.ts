import type { Command } from 'commander';
import { type Difference, diff } from '../fingerprint/diff.ts';
import { type FoldedGroup, type FoldedLine, fold, headline } from '../fingerprint/diff-fold.ts';
import { diffMarkdown } from '../fingerprint/diff-markdown.ts';
import { diffSarif } from '../fingerprint/diff-sarif.ts';
import { shownSubject } from '../fingerprint/image-ref.ts';
import { quoted } from '../fingerprint/phrase.ts';
import { printable } from '../fingerprint/printable.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type KnownFile, readKnown, titleOf } from './known-file.ts';
import { type Style, styled } from './text.ts';
import { version } from './version.ts';

interface Options {
  readonly all?: boolean;
  readonly json?: boolean;
  readonly markdown?: boolean;
  readonly sarif?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('diff')
    .description('what NEW allows more or less than OLD, in sentences; exit 1 when NEW allows more')
    .argument('<old>', 'baseline, fingerprint or Sigstore bundle; - for stdin')
    .argument('<new>', 'the same')
    .option('--all', 'list everything; heaps of similar files are counted otherwise')
    .option('--json', 'one JSON object with every change')
    .option('--markdown', 'a comment for a pull request')
    .option('--sarif', 'SARIF 2.1.0 for code scanning')
    .action((old: string, next: string, options: Options) => compare(io, old, next, options));
  examples(verb, [
    ['whorl diff cart-1.4.json cart-1.5.json', 'what does the new release do that the old did not?'],
    ['whorl diff cart.intoto.json cart.json --markdown', 'as a comment on a pull request'],
    ['whorl diff cart.intoto.json cart.json --sarif > whorl.sarif', 'for code scanning'],
  ]);
}

async function compare(io: Io, oldPath: string, newPath: string, options: Options): Promise<void> {
  assertOneForm(options);
  if (oldPath === '-' && newPath === '-')
    throw new CliError(exitCodes.usage, 'stdin can be one of the two only', 'name a file for the other');
  const old = await readKnown(io, oldPath);
  const next = await readKnown(io, newPath);
  const difference = diff(old.known, next.known);
  if (options.json === true) io.out(JSON.stringify(told(difference, old, next)));
  else if (options.sarif === true)
    io.out(JSON.stringify(diffSarif(difference, { version: version(), uri: uriOf(newPath) })));
  else if (options.markdown === true) io.out(diffMarkdown(difference, titlesOf(old, next)));
  else print(io, difference, { old, next, all: options.all === true });
  if (difference.widens) io.exit(exitCodes.drift);
}

function assertOneForm({ json, markdown, sarif }: Options): void {
  const forms = [json, markdown, sarif].filter((form) => form === true);
  if (forms.length < 2) return;
  throw new CliError(exitCodes.usage, '--json, --markdown and --sarif exclude each other', 'choose one');
}

function titlesOf(old: KnownFile, next: KnownFile): { subject: string; old: string; next: string } {
  return { subject: quoted(next.known.subject.name), old: titleOf(old), next: titleOf(next) };
}

/** Members and their order are a contract with scripts (docs/operations.md). */
function told(d: Difference, old: KnownFile, next: KnownFile): object {
  const about = ({ path, known, signed }: KnownFile): object => ({
    file: path,
    subject: shownSubject(known.subject),
    ...(signed === undefined ? { signed: false } : { signed: true, ...signed }),
  });
  return {
    old: about(old),
    new: about(next),
    widens: d.widens,
    unchanged: d.unchanged,
    changes: d.changes,
    ...(d.notExercised === undefined ? {} : { notExercised: d.notExercised }),
  };
}

function print(
  io: Io,
  d: Difference,
  { old, next, all }: { old: KnownFile; next: KnownFile; all: boolean },
): void {
  io.out(`${titleOf(old)} → ${titleOf(next)}`);
  for (const group of fold(d.changes, { all })) printGroup(io, group);
  io.out('');
  for (const sentence of d.notExercised?.sentences ?? []) io.out(sentence);
  io.out([styled('bold', headline(d))]);
}

function printGroup(io: Io, { program, startedBy = '', lines }: FoldedGroup): void {
  io.out('');
  if (program === undefined) io.out([styled('bold', 'the document')]);
  else io.out([styled('bold', printable(program)), styled('dim', ` started by ${printable(startedBy)}`)]);
  for (const line of lines) io.out([...markOf(line), line.sentence]);
}

function markOf({ change, widens }: FoldedLine): readonly (string | { style: Style; text: string })[] {
  const severity = (widens ? (change?.severity ?? '') : '').padEnd(9);
  if (widens) return [styled('red', '  + '), severity];
  if (change?.change === 'changed') return ['  ~ ', severity];
  const more = change?.change === 'added' || change?.change === 'widened';
  return more ? ['  + ', severity] : [styled('green', '  - '), severity];
}

/** SARIF wants a relative reference; of a file elsewhere its name must do. */
function uriOf(path: string): string {
  const relative = path === '-' ? 'stdin' : path.replace(/^(\.?\.?\/)+/, '');
  return relative.split('/').map(encodeURIComponent).join('/');
}
