import type { Command } from 'commander';
import { parseResponsePolicy } from '../collector/core/parse-response-policy.ts';
import { printable } from '../fingerprint/printable.ts';
import { formatSeconds, parseTime } from '../fingerprint/time.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { momentOption } from './moment.ts';
import { needCollector } from './need-collector.ts';
import { policyCheckLines } from './policy-check-text.ts';
import { policyProblems, policyYaml, readPolicyDocument } from './policy-document.ts';
import { checkedPolicy, policyHistory, policyInForce, type ToldPolicy } from './policy-of.ts';
import { fileName } from './read-file.ts';
import { styled } from './text.ts';
import { registerPolicyChanges } from './verb-policy-set.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
}

interface CheckOptions extends Options {
  readonly against?: string;
}

export function register(program: Command, io: Io): void {
  const policy = program.command('policy').description('what may be done about drift: the response policy');
  examples(policy, [
    ['whorl policy show >policy.yaml', 'the one in force, to be changed'],
    ['whorl policy check policy.yaml --against 24h', 'what would it have stopped?'],
    ['whorl policy set policy.yaml --reason CHG-4711', 'in force at once'],
    ['whorl policy history', 'who set what, and why'],
    ['whorl policy again 3 --reason "CHG-4711 taken back"', 'an earlier version once more'],
  ]);
  const show = whereOptions(
    policy
      .command('show')
      .description('the response policy in force, as YAML that can be changed and set')
      .option('--json', 'one JSON object, with who set it and why'),
  ).action((options: Options) => showPolicy(io, options));
  examples(show, [['whorl policy show >policy.yaml', 'the one in force']]);
  const check = whereOptions(
    policy
      .command('check')
      .description(
        'whether a response policy can be read, and what it would have done; exit 2 when it cannot',
      )
      .argument('<policy.yaml>', 'YAML or JSON; - for stdin')
      .option('--against <since>', 'try it on what drifted since then: 24h, 7d, or a time')
      .option('--json', 'one JSON object'),
  ).action((path: string, options: CheckOptions) => checkFile(io, path, options));
  examples(check, [
    ['whorl policy check policy.yaml', 'every problem at once, each with its place'],
    ['whorl policy check policy.yaml --against 24h', 'what would have been stopped, and what is today'],
  ]);
  const history = whereOptions(
    policy
      .command('history')
      .description('every version that was set, newest first')
      .option('--limit <n>', 'the newest n', '20')
      .option('--json', 'one JSON line per version'),
  ).action((options: Options & { limit: string }) => showHistory(io, options));
  examples(history, [['whorl policy history', 'who set what, and why']]);
  registerPolicyChanges(policy, io);
}

async function showPolicy(io: Io, options: Options): Promise<void> {
  const told = await policyInForce(await needCollector(io, options));
  if (options.json === true) return io.out(JSON.stringify(told.answer));
  io.out(policyYaml(told.policy));
  io.err(setBy(told));
}

function setBy({ version, author, reason, setAt }: ToldPolicy): string {
  if (version === 0) return 'version 0: what the configuration of the collector says; nobody has set another';
  return `version ${version}, set ${formatSeconds(setAt * 1000)} by ${printable(author, 128)}: ${printable(reason, 400)}`;
}

async function showHistory(io: Io, options: Options & { limit: string }): Promise<void> {
  if (!/^[1-9]\d{0,3}$/.test(options.limit))
    throw new CliError(exitCodes.usage, '--limit must be a number from 1 to 9999');
  const rows = await policyHistory(await needCollector(io, options), Number(options.limit));
  for (const row of rows) io.out(options.json === true ? JSON.stringify(row.answer) : historyLine(row));
  if (rows.length === 0 && options.json !== true)
    io.err('nobody has set a response policy: the configuration of the collector says it');
}

function historyLine(row: ToldPolicy) {
  const { mode, rules, dryRun } = row.policy;
  const what = `${mode}, ${rules.length === 1 ? '1 rule' : `${rules.length} rules`}${dryRun ? ', a dry run' : ''}`;
  return [
    styled('bold', String(row.version).padStart(4)),
    styled('dim', ` ${formatSeconds(row.setAt * 1000)} `),
    `${what}; ${printable(row.author, 128)}: ${printable(row.reason, 400)}`,
  ];
}

async function checkFile(io: Io, path: string, options: CheckOptions): Promise<void> {
  const json = options.json === true;
  const document = await readPolicyDocument(io, path);
  const parsed = parseResponsePolicy(document);
  if (parsed.kind === 'refused') {
    if (json) io.out(JSON.stringify({ ok: false, problems: parsed.problems, warnings: [] }));
    throw policyProblems(path, parsed.problems);
  }
  const { policy, warnings } = parsed;
  const { against } = options;
  const since = against === undefined ? undefined : sinceOf(io, against);
  const report =
    since === undefined ? undefined : await checkedPolicy(await needCollector(io, options), document, since);
  if (json)
    return io.out(
      JSON.stringify({ ok: true, problems: [], warnings, policy, ...(report && { check: report }) }),
    );
  const count = policy.rules.length === 1 ? '1 rule' : `${policy.rules.length} rules`;
  if (report === undefined)
    for (const warning of warnings) io.out([styled('yellow', 'warning'), ` ${warning}`]);
  io.out(
    `${fileName(path)} can be read: ${count}, ${policy.mode} for the rest${policy.dryRun ? ', a dry run' : ''}`,
  );
  for (const line of report === undefined ? [] : policyCheckLines(report)) io.out(line);
}

const unitMs: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** `24h`, `7d`, `30m`, or a time. @returns ms since the Unix epoch. @throws CliError */
function sinceOf(io: Io, given: string): number {
  const [, count = '', unit = ''] = /^(\d{1,5})([mhd])$/.exec(given) ?? [];
  const ms = unitMs[unit];
  if (ms !== undefined) return Math.max(0, io.now() - Number(count) * ms);
  return (parseTime(momentOption('--against', given)) ?? 0) / 1000;
}
