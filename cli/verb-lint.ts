import type { Command } from 'commander';
import { shownSubject } from '../fingerprint/image-ref.ts';
import { severities } from '../fingerprint/incident.ts';
import { type Finding, type LintReport, lint, lintRules } from '../fingerprint/lint.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { type KnownFile, readKnown, titleOf } from './known-file.ts';
import { packageLines, packagesTold } from './packages-text.ts';
import { type PackageOptions, type Packages, packageOptions, readPackages } from './sbom-file.ts';
import { styled } from './text.ts';

/** From here on a finding is worth a failed build. */
const failsFrom = severities.indexOf('high');
/** So many places of one finding are listed. */
const shownPlaces = 5;

interface Options extends PackageOptions {
  readonly allow: readonly string[];
  readonly explain?: string;
  readonly all?: boolean;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('lint')
    .description(
      'what an attacker would love in a fingerprint; exit 1 on a finding of severity high or worse',
    )
    .argument('[baseline]', 'baseline, fingerprint or Sigstore bundle; - for stdin')
    .option(
      '--allow <id>',
      'a rule, or a single entry, that was looked at and is accepted; may be repeated',
      collect,
      [],
    )
    .option('--explain <id>', 'what a rule means, and what to do')
    .option('--all', 'list every place')
    .option('--json', 'one JSON object')
    .action((path: string | undefined, options: Options) => lintFile(io, path, options));
  packageOptions(verb);
  examples(verb, [
    ['whorl lint cart.json', 'what would an attacker love here?'],
    ['whorl lint cart.json --allow shell --allow 3f2a9c01d4e5', 'without what was looked at'],
    [
      'whorl lint cart.json --sbom cart.spdx.json',
      'and what runs that no package owns, which packages never run?',
    ],
    [
      'whorl lint cart.json --sbom cart.spdx.json --vulns trivy.json',
      'vulnerabilities, what really ran first',
    ],
    ['whorl lint --explain writable-code', 'what a rule means'],
  ]);
}

function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}

async function lintFile(io: Io, path: string | undefined, options: Options): Promise<void> {
  if (options.explain !== undefined) return explainRule(io, options.explain, options.json === true);
  if (path === undefined)
    throw new CliError(exitCodes.usage, 'name a baseline or fingerprint', 'see whorl lint --help');
  assertKnownIds(options.allow);
  const file = await readKnown(io, path);
  const packages = await readPackages(io, file.known, options);
  const report = lint(file.known, new Set(options.allow), packages.owners);
  if (options.json === true) io.out(JSON.stringify({ ...told(file, report), ...packagesTold(packages) }));
  else print(io, file, report, { all: options.all === true, packages });
  const grave = report.findings.some((f) => severities.indexOf(f.severity) >= failsFrom);
  if (grave) io.exit(exitCodes.drift);
}

/** A mistyped rule would allow nothing and be noticed by nobody. Entries and secrets have ids of their own. */
function assertKnownIds(ids: readonly string[]): void {
  const known = lintRules.map((rule) => rule.id);
  const unknown = ids.find((id) => !known.includes(id) && !/^[0-9a-f]{12}$|:/.test(id));
  if (unknown === undefined) return;
  throw new CliError(
    exitCodes.usage,
    `--allow ${JSON.stringify(unknown.slice(0, 60))} names no rule and no entry`,
    `rules are ${known.join(', ')}; entries have twelve hex digits`,
  );
}

/** Members and their order are a contract with scripts (docs/operations.md). */
function told({ path, known, signed }: KnownFile, { findings, score }: LintReport): object {
  return {
    file: path,
    subject: shownSubject(known.subject),
    signed: signed !== undefined,
    score: rounded(score.total),
    parts: Object.fromEntries(Object.entries(score.parts).map(([kind, part]) => [kind, rounded(part)])),
    findings,
  };
}

function rounded(n: number): number {
  return Math.round(n * 10) / 10;
}

function print(
  io: Io,
  file: KnownFile,
  { findings, score }: LintReport,
  { all, packages }: { readonly all: boolean; readonly packages: Packages },
): void {
  io.out(titleOf(file));
  for (const finding of findings) printFinding(io, finding, all);
  for (const line of packageLines(packages, file.known, all)) io.out(line);
  io.out('');
  const found = findings.length === 1 ? '1 finding' : `${findings.length} findings`;
  io.out([
    styled(
      'bold',
      `${findings.length === 0 ? 'nothing found' : found}; permissiveness ${rounded(score.total).toFixed(1)} of 100`,
    ),
    ' (0 allows nothing, 100 judges nothing)',
  ]);
}

function printFinding(io: Io, { id, severity, what, why, fix, places }: Finding, all: boolean): void {
  io.out('');
  const grave = severities.indexOf(severity) >= failsFrom;
  io.out([styled(grave ? 'red' : 'yellow', severity.padEnd(9)), styled('bold', what), ` [${id}]`]);
  io.out(`  ${why}`);
  const shown = all ? places : places.slice(0, shownPlaces);
  for (const place of shown) {
    const ids = place.entries.slice(0, 2).join(' ');
    io.out([
      `  - ${place.sentence}`,
      ...(ids === '' ? [] : [styled('dim', ` (${ids}${place.entries.length > 2 ? ' …' : ''})`)]),
    ]);
  }
  if (shown.length < places.length) io.out(`  - and ${places.length - shown.length} more; --all lists them`);
  io.out(`  fix: ${fix}`);
}

function explainRule(io: Io, id: string, json: boolean): void {
  const rule = lintRules.find((r) => r.id === id);
  if (rule === undefined) {
    throw new CliError(
      exitCodes.usage,
      `${JSON.stringify(id.slice(0, 60))} is no rule of lint`,
      `rules are ${lintRules.map((r) => r.id).join(', ')}`,
    );
  }
  const { find: _, ...about } = rule;
  if (json) {
    io.out(JSON.stringify(about));
    return;
  }
  io.out([styled('bold', rule.id), ` (${rule.severity}): ${rule.what}.`]);
  io.out(`${rule.why[0]?.toUpperCase()}${rule.why.slice(1)}.`);
  io.out(`What to do: ${rule.fix}.`);
}
