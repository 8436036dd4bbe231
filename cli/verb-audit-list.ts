import type { Command } from 'commander';
import { auditTypes } from '../collector/core/audit-entry.ts';
import { printable } from '../fingerprint/printable.ts';
import { formatSeconds, parseTime } from '../fingerprint/time.ts';
import { Answer } from './answer.ts';
import { choice } from './choice.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { momentOption } from './moment.ts';
import { needCollector } from './need-collector.ts';
import { styled, type Text } from './text.ts';

interface Options extends WhereOptions {
  readonly limit: string;
  readonly since?: string;
  readonly until?: string;
  readonly type?: string;
  readonly author?: string;
  readonly about?: string;
  readonly json?: boolean;
}

/** `audit list`: what is on record, for people. */
export function registerAuditList(audit: Command, io: Io): void {
  const verb = whereOptions(
    audit
      .command('list')
      .description('what was done, by whom and why, newest first')
      .option('--since <time>', 'nothing before it, such as 2026-05-01T08:00:00Z')
      .option('--until <time>', 'nothing from it on')
      .addOption(choice('--type <type>', 'one sort of entry, such as policy-changed', [...auditTypes]))
      .option('--author <name>', 'what one person or agent did')
      .option('--about <id>', 'what was done about one thing: an incident, a node, a policy')
      .option('--limit <n>', 'the newest n', '100')
      .option('--json', 'one JSON line per entry'),
  ).action((options: Options) => list(io, options));
  examples(verb, [
    ['whorl audit list', 'the newest, a line each'],
    ['whorl audit list --type policy-changed', 'who changed the response policy, and why'],
    ['whorl audit list --author ada --since 2026-05-01T08:00:00Z', 'what ada did since'],
  ]);
}

async function list(io: Io, options: Options): Promise<void> {
  const { author, about, json } = options;
  const limit = /^[1-9]\d{0,4}$/.test(options.limit) ? Number(options.limit) : undefined;
  if (limit === undefined || limit > 10_000)
    throw new CliError(exitCodes.usage, '--limit must be a number from 1 to 10000');
  const type = typeOf(options.type);
  const query = {
    ...(options.since === undefined ? {} : { since: auditMoment('--since', options.since) }),
    ...(options.until === undefined ? {} : { until: auditMoment('--until', options.until) }),
    ...(type === undefined ? {} : { type }),
    ...(author === undefined ? {} : { author }),
    ...(about === undefined ? {} : { about }),
  };
  const rows = await (await needCollector(io, options)).list('/audit', query, limit);
  for (const row of rows) io.out(json === true ? JSON.stringify(row) : entryLine(new Answer(row)));
  if (rows.length === 0 && json !== true) io.err('nothing of that is on record');
}

function typeOf(given: string | undefined): string | undefined {
  if (given === undefined || auditTypes.some((type) => type === given)) return given;
  throw new CliError(exitCodes.usage, `--type may be ${auditTypes.join(', ')}`);
}

/** A time on the command line as the API takes it, ms since the Unix epoch. @throws CliError */
export function auditMoment(option: string, text: string): string {
  return String((parseTime(momentOption(option, text)) ?? 0) / 1000);
}

function entryLine(row: Answer): Text {
  const reason = row.at('entry').text('reason');
  const [author, about] = [row.text('author'), row.text('about')];
  const isErased = author === '';
  return [
    styled('dim', `${String(row.number('seq')).padStart(6)} ${formatSeconds(row.number('at') * 1000)} `),
    styled('bold', printable(row.text('type'), 64)),
    isErased ? ' erased; its hash is kept' : ` ${printable(author, 128)}`,
    about === '' ? '' : ` ${printable(about, 200)}`,
    reason === '' ? '' : `: ${printable(reason, 400)}`,
  ];
}
