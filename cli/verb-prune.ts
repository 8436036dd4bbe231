import type { Command } from 'commander';
import { diff } from '../fingerprint/diff.ts';
import type { Change } from '../fingerprint/diff-change.ts';
import { fold } from '../fingerprint/diff-fold.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { grantsOf, programId } from '../fingerprint/grants.ts';
import { printable } from '../fingerprint/printable.ts';
import { baseName, identityOf } from '../fingerprint/program.ts';
import { prune } from '../fingerprint/prune.ts';
import { unusedGrants } from '../fingerprint/unused-grants.ts';
import { baselineBytes, readBaseline } from './baseline-file.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';

interface Options {
  readonly out: string;
  readonly program: readonly string[];
  readonly entry: readonly string[];
  readonly unusedBy?: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = changing(
    program
      .command('prune')
      .description('take programs and entries back for good: learning does not bring them back')
      .argument('<baseline>', 'what `whorl learn` wrote')
      .requiredOption('--out <c.json>', 'where the narrower baseline goes')
      .option('--program <exe>', 'executable, or its last name; may be repeated', collect, [])
      .option('--entry <id>', 'as inspect, lint and diff name it with --json; may be repeated', collect, [])
      .option('--unused-by <site.json>', 'everything that this baseline of a site never needed')
      .option('--json', 'one JSON object on stdout'),
  ).action((path: string, options: Options) => pruneFile(io, path, options));
  examples(verb, [
    ['whorl prune cart.json --program /usr/bin/curl --out narrow.json', 'the program, wherever it runs'],
    ['whorl prune cart.json --entry 3f2a9c01d4e5 --out narrow.json', 'one entry of `whorl lint cart.json`'],
    [
      'whorl prune vendor.json --unused-by site.json --out narrow.json --dry-run',
      'what does this site not need?',
    ],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function pruneFile(io: Io, path: string, options: Options): Promise<void> {
  if (options.program.length === 0 && options.entry.length === 0 && options.unusedBy === undefined)
    throw new CliError(exitCodes.usage, 'say what to take back', 'give --program, --entry or --unused-by');
  const baseline = await readBaseline(io, path);
  const ids = new Set([
    ...options.entry.map(asId),
    ...options.program.flatMap((exe) => programsOf(baseline, exe, path)),
    ...(options.unusedBy === undefined ? [] : await unusedIds(io, baseline, options.unusedBy)),
  ]);
  const pruned =
    ids.size === 0 ? baseline : about(fileName(path), () => prune(baseline, ids), exitCodes.usage);
  if (options.dryRun !== true) {
    const bytes = baselineBytes(pruned);
    await io.writeFile(options.out, bytes, { overwrite: true });
  }
  // The tombstones say the same a second time.
  const changes = diff(baseline, pruned).changes.filter((c) => c.kind !== 'tombstone');
  tell(io, options, { changes, ids: ids.size, left: grantsOf(pruned.behaviour).length });
}

function asId(id: string): string {
  if (/^[0-9a-f]{12}$/.test(id)) return id;
  throw new CliError(
    exitCodes.usage,
    `--entry ${JSON.stringify(id.slice(0, 60))} is no id: it has twelve hex digits`,
    'whorl inspect BASELINE --json lists them',
  );
}

function programsOf(baseline: Baseline, exe: string, path: string): string[] {
  const found = baseline.behaviour.programs.filter((p) => p.exe === exe || baseName(p.exe) === exe);
  if (found.length > 0) return found.map((p) => programId(identityOf(p)));
  const known = [...new Set(baseline.behaviour.programs.map((p) => p.exe))].slice(0, 8);
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} knows no program ${printable(exe, 200)}`,
    `it knows ${known.map((k) => printable(k)).join(', ')}`,
  );
}

/** A site that ran another image did not use what is in this one: that says nothing. */
async function unusedIds(io: Io, baseline: Baseline, path: string): Promise<string[]> {
  const site = await readBaseline(io, path);
  if (site.subject.digest !== baseline.subject.digest) {
    throw new CliError(
      exitCodes.usage,
      `${fileName(path)} is about another image, ${site.subject.digest}`,
      'name what was learned of this very image',
    );
  }
  return unusedIdsOf(baseline, site);
}

/** A program that never ran there goes as a whole. One that did keeps its origins: without any it could run from more. */
function unusedIdsOf(baseline: Baseline, site: Baseline): string[] {
  const ran = new Set(site.behaviour.programs.map((p) => programId(identityOf(p))));
  const idle = baseline.behaviour.programs
    .map((p) => programId(identityOf(p)))
    .filter((id) => site.coverage.includes('exec') && !ran.has(id));
  const entries = unusedGrants(baseline.behaviour, site).filter(
    (g) => g.entry.kind !== 'origin' && !idle.includes(programId(g.program)),
  );
  return [...idle, ...entries.map((g) => g.id)];
}

function tell(
  io: Io,
  options: Options,
  { changes, ids, left }: { changes: readonly Change[]; ids: number; left: number },
): void {
  if (options.json === true) {
    const { out, reason } = options;
    const written = options.dryRun !== true;
    io.out(
      JSON.stringify({
        out,
        written,
        removed: ids,
        left,
        changes,
        ...(reason === undefined ? {} : { reason }),
      }),
    );
    return;
  }
  const verb = options.dryRun === true ? 'would write' : 'wrote';
  const what = `${counted(ids, 'program or entry', 'programs and entries')} taken back, ${counted(left, 'entry', 'entries')} left`;
  io.err(`${verb} ${fileName(options.out)}: ${what}`);
  for (const { lines } of fold(changes, { all: false }))
    for (const line of lines) io.err(`  ${line.sentence}`);
}
