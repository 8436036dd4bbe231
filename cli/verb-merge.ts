import type { Command } from 'commander';
import { diff } from '../fingerprint/diff.ts';
import { fold } from '../fingerprint/diff-fold.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import { merge } from '../fingerprint/merge.ts';
import { baselineBytes, readBaseline } from './baseline-file.ts';
import { about, CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { counted } from './known-file.ts';
import { fileName } from './read-file.ts';

interface Options {
  readonly out: string;
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

interface Part {
  readonly path: string;
  readonly baseline: Baseline;
}

export function register(program: Command, io: Io): void {
  const verb = changing(
    program
      .command('merge')
      .description('everything two or more baselines of one image know, as one baseline')
      .argument('<baseline...>', 'two or more baselines of the same image, learned by the same rules')
      .requiredOption('--out <c.json>', 'where the merged baseline goes')
      .option('--json', 'one JSON object on stdout'),
  ).action((paths: string[], options: Options) => mergeFiles(io, paths, options));
  examples(verb, [
    ['whorl merge monday.json tuesday.json --out cart.json', 'what both saw'],
    ['whorl merge old.json new.json --out /dev/null --dry-run', 'what would each of them bring?'],
  ]);
}

async function mergeFiles(io: Io, paths: readonly string[], options: Options): Promise<void> {
  if (paths.length < 2) {
    throw new CliError(
      exitCodes.usage,
      'name two baselines or more',
      'whorl merge A.json B.json --out C.json',
    );
  }
  const parts: Part[] = [];
  for (const path of paths) parts.push({ path, baseline: await readBaseline(io, path) });
  const merged = mergeAll(parts);
  if (options.dryRun !== true) {
    const bytes = baselineBytes(merged);
    await io.writeFile(options.out, bytes, { overwrite: true });
  }
  tell(io, options, parts, merged);
}

function mergeAll(parts: readonly Part[]): Baseline {
  const [first, ...rest] = parts;
  if (first === undefined) throw new CliError(exitCodes.usage, 'nothing to merge');
  const both = (path: string): string => `${fileName(first.path)} and ${fileName(path)}`;
  return rest.reduce(
    (sum, { path, baseline }) => about(both(path), () => merge(sum, baseline), exitCodes.usage),
    first.baseline,
  );
}

/** What the merged one would lack without this part, in sentences. */
function broughtBy(part: Part, parts: readonly Part[], merged: Baseline): string[] {
  const others = parts.filter((p) => p !== part);
  const { changes } = diff(mergeAll(others), merged);
  const brought = changes.filter((c) => c.widens && c.kind !== 'coverage');
  return fold(brought, { all: false }).flatMap((g) => g.lines.map((line) => line.sentence));
}

function tell(io: Io, options: Options, parts: readonly Part[], merged: Baseline): void {
  const programs = merged.behaviour.programs.length;
  const entries = grantsOf(merged.behaviour).length;
  const told = parts.map((part) => ({ path: part.path, brings: broughtBy(part, parts, merged) }));
  const unjudged = [...new Set(parts.flatMap((p) => p.baseline.coverage))].filter(
    (kind) => !merged.coverage.includes(kind),
  );
  if (options.json === true) {
    const { out, reason } = options;
    io.out(
      JSON.stringify({
        out,
        written: options.dryRun !== true,
        programs,
        entries,
        coverage: merged.coverage,
        unjudged,
        from: told.map(({ path, brings }) => ({ file: path, brings })),
        ...(reason === undefined ? {} : { reason }),
      }),
    );
    return;
  }
  const verb = options.dryRun === true ? 'would write' : 'wrote';
  const what = `${counted(programs, 'program')}, ${counted(entries, 'entry', 'entries')}`;
  io.err(`${verb} ${fileName(options.out)}: ${what} from ${parts.length} baselines`);
  for (const { path, brings } of told) {
    io.err(
      `${fileName(path)} ${brings.length === 0 ? 'brings nothing that the others lack' : 'alone brings:'}`,
    );
    for (const sentence of brings) io.err(`  ${sentence}`);
  }
  if (unjudged.length > 0)
    io.err(`${unjudged.join(', ')} will not be judged: not all of them watched it throughout`);
}
