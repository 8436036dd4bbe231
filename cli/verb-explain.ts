import type { Command } from 'commander';
import { CliError, exitCodes } from './exit.ts';
import type { Meaning } from './glossary.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { styled } from './text.ts';

/** An incident with the most drifts it may carry, twice over. */
const maxIncidentBytes = 4 << 20;

interface Options {
  readonly file?: string;
  readonly json?: boolean;
}

export function register(program: Command, io: Io): void {
  const verb = program
    .command('explain')
    .description('what a word, a code or an incident means and what can be done')
    .argument(
      '[word]',
      'reason for drift, verdict, mode, origin, error code, readiness reason, rule of lint or exit code',
    )
    .option(
      '--file <incident.json>',
      'an incident or drift line of judge, backtest or incidents; - for stdin',
    )
    .option('--json', 'one JSON object')
    .action((word: string | undefined, options: Options) => explain(io, word, options));
  examples(verb, [
    ['whorl explain never-learnable', 'a reason for drift'],
    ['whorl explain BAD_SIGNATURE', 'a code of verify'],
    ['whorl explain writable-code', 'a rule of lint'],
    ['whorl explain 4', 'an exit code'],
    ['whorl judge … --json | head -1 | whorl explain --file -', 'an incident, in detail'],
  ]);
}

async function explain(io: Io, word: string | undefined, options: Options): Promise<void> {
  if (options.file !== undefined && word === undefined) {
    const { explainFile } = await import('./explain-incident.ts');
    return explainFile(io, options.file, { maxBytes: maxIncidentBytes, json: options.json === true });
  }
  if (word === undefined || options.file !== undefined) {
    throw new CliError(
      exitCodes.usage,
      'give one word, or --file with an incident',
      'see whorl explain --help',
    );
  }
  const known = await glossary();
  const found = known.get(word) ?? known.get(word.toLowerCase()) ?? known.get(word.toUpperCase());
  if (found === undefined) throw unknown(word, [...known.keys()]);
  const [means, remedy] = found;
  if (options.json === true)
    return io.out(JSON.stringify({ word, means, ...(remedy === undefined ? {} : { remedy }) }));
  io.out([styled('bold', word), `: ${means}.`]);
  if (remedy !== undefined) io.out(`What to do: ${remedy}.`);
}

async function glossary(): Promise<ReadonlyMap<string, Meaning>> {
  const g = await import('./glossary.ts');
  const codes = await import('./glossary-codes.ts');
  const tables = [
    g.driftMeanings,
    g.unjudgedMeanings,
    g.modeMeanings,
    g.exitMeanings,
    codes.errorMeanings,
    codes.warningMeanings,
    codes.registryMeanings,
    g.readinessMeanings,
    g.receiptMeanings,
    g.verdictMeanings,
    g.originMeanings,
    g.changeMeanings,
    codes.sourceMeanings,
    await lintMeanings(),
    Object.fromEntries(Object.entries(g.kindMeanings).map(([kind, means]) => [kind, [means] as const])),
  ];
  // A word of two tables keeps the meaning of the first: reasons for drift are what people look up.
  return new Map(tables.flatMap((table) => Object.entries(table)).reverse());
}

async function lintMeanings(): Promise<Readonly<Record<string, Meaning>>> {
  const { lintRules } = await import('../fingerprint/lint.ts');
  return Object.fromEntries(
    lintRules.map(({ id, what, why, fix }) => [id, [`${what}: ${why}`, fix] as const]),
  );
}

/** The shortest beginning of an id that `whorl incidents` prints is twelve digits; people shorten it further. */
const incidentId = /^[0-9a-f]{6,64}$/;

function unknown(word: string, known: readonly string[]): CliError {
  if (incidentId.test(word)) {
    const how = `whorl incidents ${word} tells of it; whorl incidents ${word} --json | whorl explain --file - explains it`;
    return new CliError(exitCodes.usage, `${word} looks like the id of an incident`, how);
  }
  const near = known.filter(
    (k) => k.toLowerCase().includes(word.toLowerCase()) || word.toLowerCase().includes(k.toLowerCase()),
  );
  const hint =
    near.length > 0
      ? `did you mean ${near.slice(0, 5).join(', ')}?`
      : `known are ${known.toSorted().join(', ')}`;
  return new CliError(exitCodes.usage, `${JSON.stringify(word.slice(0, 60))} is no word of whorl`, hint);
}
