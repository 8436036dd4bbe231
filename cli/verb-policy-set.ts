import type { Command } from 'commander';
import type { PolicyCheckReport } from '../collector/core/check-policy.ts';
import type { ResponsePolicy } from '../collector/core/response-policy.ts';
import { printable } from '../fingerprint/printable.ts';
import { modes } from '../fingerprint/verdict.ts';
import type { ApiClient } from './api-client.ts';
import { type WhereOptions, whereOptions } from './collector-place.ts';
import { CliError, exitCodes } from './exit.ts';
import { changing, examples } from './help.ts';
import type { Io } from './io.ts';
import { needCollector } from './need-collector.ts';
import { policyCheckLines } from './policy-check-text.ts';
import { policyDifference } from './policy-difference.ts';
import { readPolicyFile } from './policy-document.ts';
import {
  checkedPolicy,
  policyHistory,
  policyInForce,
  setMode,
  setPolicy,
  type ToldPolicy,
} from './policy-of.ts';
import { reasonOf } from './reason-option.ts';
import { styled } from './text.ts';

interface Options extends WhereOptions {
  readonly json?: boolean;
  readonly dryRun?: boolean;
  readonly reason?: string;
}

const dayMs = 86_400_000;
/** Versions that are looked through for an earlier one. */
const maxLooked = 9_999;

/** The verbs that make a new version of the response policy. */
export function registerPolicyChanges(policy: Command, io: Io): void {
  const sub = (usage: string, what: string) =>
    changing(
      whereOptions(policy.command(usage).description(what).option('--json', 'one JSON object')),
      'say what it would change and would have stopped, and change nothing',
    );
  const set = sub('set <policy.yaml>', 'set a response policy; what it changes is shown first').action(
    (path: string, options: Options) => setFile(io, path, options),
  );
  examples(set, [
    ['whorl policy set policy.yaml --dry-run --reason CHG-4711', 'what would change?'],
    ['whorl policy set policy.yaml --reason CHG-4711', 'in force at once'],
  ]);
  const again = sub('again <version>', 'set an earlier version once more').action(
    (version: string, options: Options) => setAgain(io, version, options),
  );
  examples(again, [
    ['whorl policy again 3 --reason "CHG-4711 taken back"', 'as whorl policy history counts'],
  ]);
  const mode = sub('mode <mode>', `for whatever no rule is about: ${modes.join(', ')}`).action(
    (given: string, options: Options) => setOnlyMode(io, given, options),
  );
  examples(mode, [
    ['whorl policy mode alert --reason "incident bridge"', 'nothing but rules stops anything'],
  ]);
}

async function setFile(io: Io, path: string, options: Options): Promise<void> {
  const reason = reasonOf(options);
  const { policy, document } = await readPolicyFile(io, path);
  const collector = await needCollector(io, options);
  const before = await policyInForce(collector);
  await change(io, collector, options, { before, policy, document }, () =>
    setPolicy(collector, { policy: document, reason }, before.version),
  );
}

async function setAgain(io: Io, given: string, options: Options): Promise<void> {
  const reason = reasonOf(options);
  if (!/^\d{1,9}$/.test(given))
    throw new CliError(
      exitCodes.usage,
      `${printable(given, 40)} is no version`,
      'whorl policy history lists them',
    );
  const version = Number(given);
  const collector = await needCollector(io, options);
  const before = await policyInForce(collector);
  const set = () => setPolicy(collector, { version, reason }, before.version);
  // What the configuration says is known to the collector alone.
  if (version === 0 && before.version !== 0) return blindly(io, options, version, set);
  const rows = version === before.version ? [before] : await policyHistory(collector, maxLooked);
  const policy = rows.find((row) => row.version === version)?.policy;
  if (policy === undefined)
    throw new CliError(exitCodes.usage, `there is no version ${version}`, 'whorl policy history lists them');
  await change(io, collector, options, { before, policy, document: policy }, set);
}

async function setOnlyMode(io: Io, given: string, options: Options): Promise<void> {
  const reason = reasonOf(options);
  const mode = modes.find((word) => word === given);
  if (mode === undefined)
    throw new CliError(
      exitCodes.usage,
      `${printable(given, 40)} is no mode`,
      `it may be ${modes.join(', ')}`,
    );
  const collector = await needCollector(io, options);
  const before = await policyInForce(collector);
  const policy: ResponsePolicy = { ...before.policy, mode };
  await change(io, collector, options, { before, policy, document: policy }, () =>
    setMode(collector, { mode, reason }, before.version),
  );
}

interface Wanted {
  readonly before: ToldPolicy;
  readonly policy: ResponsePolicy;
  readonly document: unknown;
}

/** Shows what is another and what that would have meant yesterday; then, unless it is only tried, has it done. */
async function change(
  io: Io,
  collector: ApiClient,
  options: Options,
  { before, policy, document }: Wanted,
  set: () => Promise<ToldPolicy>,
): Promise<void> {
  const changes = policyDifference(before.policy, policy);
  if (changes.length === 0) return unchanged(io, options, before);
  const check = await checkedPolicy(collector, document, Math.max(0, io.now() - dayMs));
  const isTried = options.dryRun === true;
  if (options.json !== true) preview(io, changes, check, isTried);
  const after = isTried ? undefined : await set();
  if (options.json === true)
    return io.out(
      JSON.stringify({ dryRun: isTried, before: before.version, changes, check, ...versionOf(after) }),
    );
  if (after === undefined) return io.err(`a dry run: version ${before.version} stays in force`);
  io.out(inForce(after));
}

function versionOf(after: ToldPolicy | undefined): object {
  return after === undefined ? {} : { version: after.version };
}

function unchanged(io: Io, { json, dryRun }: Options, { version }: ToldPolicy): void {
  if (json === true)
    io.out(JSON.stringify({ dryRun: dryRun === true, before: version, version, changes: [] }));
  else io.err(`version ${version}, which is in force, says the same already; nothing was changed`);
}

/** What is only tried is the answer, to stdout; else it is talk beside it. */
function preview(io: Io, changes: readonly string[], check: PolicyCheckReport, isTried: boolean): void {
  const tell = isTried ? io.out : io.err;
  for (const line of changes)
    tell([styled(line.startsWith('-') ? 'red' : line.startsWith('+') ? 'green' : 'yellow', line)]);
  tell('');
  tell('The last 24 hours under it:');
  for (const line of policyCheckLines(check)) tell(line);
}

async function blindly(
  io: Io,
  options: Options,
  version: number,
  set: () => Promise<ToldPolicy>,
): Promise<void> {
  if (options.dryRun === true)
    return io.err(`would set version ${version}, which is what the configuration of the collector says`);
  const after = await set();
  io.out(options.json === true ? JSON.stringify({ dryRun: false, version: after.version }) : inForce(after));
}

function inForce({ version, policy }: ToldPolicy): string {
  const rules = policy.rules.length === 1 ? '1 rule' : `${policy.rules.length} rules`;
  return `version ${version} of the response policy is in force: ${rules}, ${policy.mode} for the rest`;
}
