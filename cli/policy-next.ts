import { realpath } from 'node:fs/promises';
import type { Command } from 'commander';
import { nextPolicy, unmetSets } from '../fingerprint/policy-change.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { about, CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { issuingMoment, momentOption } from './moment.ts';
import { type GivenPolicy, readGivenPolicy } from './policy-file.ts';
import { signatures } from './policy-text.ts';
import { fileName } from './read-file.ts';

export interface ChangeOptions {
  readonly out: string;
  readonly expires?: string;
  readonly amend?: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

/** What every verb takes that writes the next version of a policy. */
export function nextOptions(command: Command): Command {
  return command
    .requiredOption('--out <next.json>', 'the file to write; may be the policy itself')
    .option('--expires <time>', 'the end of the new version (default: that of the one before)')
    .option('--amend', 'change this version, which nobody signed yet, instead of making the next')
    .option('--dry-run', 'print the policy and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object');
}

/** What a verb changes, and the sentences that say it. */
export interface Change {
  readonly changes: Parameters<typeof nextPolicy>[2];
  readonly said: readonly string[];
}

/**
 * Reads a policy, changes it, and writes version N+1: whole or not at all. The sentences go to stdout, what is to be
 * done next to stderr.
 */
export async function changePolicy(
  io: Io,
  path: string,
  options: ChangeOptions,
  change: (policy: TrustPolicy, issuedAt: string) => Change | Promise<Change>,
): Promise<void> {
  const given = await readGivenPolicy(io, path);
  const overwrite = await isSameFile(path, options.out);
  if (overwrite && given.envelope !== undefined) throw signedInPlace(path);
  const issuedAt = issuingMoment(io);
  const { changes, said } = await change(given.policy, issuedAt);
  const expires =
    options.expires === undefined ? {} : { expiresAt: momentOption('--expires', options.expires) };
  const before = options.amend === true ? beforeThis(path, given) : given.policy;
  const next = about(
    'the next version',
    () => nextPolicy(before, { issuedAt, ...expires }, changes),
    exitCodes.usage,
  );
  const warnings = warningsOf(given, next);
  const text = `${JSON.stringify(trustPolicyDocument(next), null, 2)}\n`;
  if (options.dryRun === true) {
    for (const sentence of [...said, ...warnings]) io.err(sentence);
    return io.out(text.trimEnd());
  }
  await io.writeFile(options.out, text, { overwrite });
  tell(io, options, next, [...said], warnings);
}

/**
 * Agents follow one version after the other, each signed by all holders: several changes that are to be signed once must
 * be one version. One that was signed already would be told as EQUIVOCATION.
 */
function beforeThis(path: string, { policy, envelope }: GivenPolicy): TrustPolicy {
  if (envelope === undefined) return { ...policy, version: policy.version - 1 };
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} is signed, and what is signed is amended no more`,
    'leave out --amend to make the next version',
  );
}

function tell(
  io: Io,
  { out, json, reason }: ChangeOptions,
  next: TrustPolicy,
  said: readonly string[],
  warnings: readonly string[],
): void {
  const why = reason === undefined ? {} : { reason };
  if (json === true) io.out(JSON.stringify({ policy: out, version: next.version, changes: said, ...why }));
  else for (const sentence of said) io.out(sentence);
  for (const warning of warnings) io.err(warning);
  const where = `wrote version ${next.version} to ${fileName(out)}`;
  const then =
    next.root === undefined
      ? 'put it in place of the trust policy of every node'
      : `agents follow it with ${signatures(next, next.root)}: whorl trust sign, then whorl trust push; more to change before that? --amend`;
  io.err(`${where}; ${then}`);
}

/** @throws CliError where the change would shut out those who could mend it */
function warningsOf({ policy: before }: GivenPolicy, after: TrustPolicy): string[] {
  const already = unmetSets(before);
  const fresh = unmetSets(after).filter((place) => !already.includes(place));
  if (fresh.includes('roles.root')) {
    throw new CliError(
      exitCodes.usage,
      'this leaves too few root keys to ever sign another version',
      'add another first: whorl trust add POLICY --root NEW.pub',
    );
  }
  const isOver = after.expiresAt !== undefined && after.expiresAt <= after.issuedAt;
  return [
    ...fresh.map(
      (place) => `warning: too few keys are left for ${printable(place, 200)}; add one: whorl trust add`,
    ),
    ...(isOver ? [`warning: it ended at ${after.expiresAt} already; give --expires`] : []),
  ];
}

async function isSameFile(a: string, b: string): Promise<boolean> {
  if (a === b) return true;
  const [first, second] = await Promise.all([a, b].map((path) => realpath(path).catch(() => undefined)));
  return first !== undefined && first === second;
}

function signedInPlace(path: string): CliError {
  return new CliError(
    exitCodes.usage,
    `${fileName(path)} is signed, and what is written here is not yet`,
    'give --out another name; then sign that: whorl trust sign',
  );
}
