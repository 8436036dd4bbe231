import type { Command } from 'commander';
import { FingerprintError } from '../fingerprint/errors.ts';
import { exitCodes, fromFingerprintError } from './exit.ts';
import type { Io } from './io.ts';
import { type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { type PushOptions, pushOptions, pushSigned } from './push.ts';
import { fileName } from './read-file.ts';

/** What the verbs have in common by which a site says something signed. */
export interface SiteSignatureOptions extends PassphraseOptions, PushOptions {
  readonly key: string;
  readonly out: string;
  readonly reason: string;
  readonly issuedAt?: string;
  readonly json?: boolean;
}

/** @param what is written, for the help */
export function siteSignatureOptions(verb: Command, what: string): Command {
  verb
    .requiredOption('--key <name.key>', 'private key')
    .requiredOption('--out <file>', what)
    .requiredOption('--reason <text>', 'why; signed with it')
    .option('--issued-at <time>', 'default: SOURCE_DATE_EPOCH, or now');
  return pushOptions(passphraseOptions(verb))
    .option('--dry-run', 'check and show everything, write and hand over nothing')
    .option('--json', 'one JSON object');
}

interface Signed {
  readonly envelope: Uint8Array;
  readonly digest: string;
}

/**
 * Writes and hands over what was signed, and says so.
 * @param more members of the JSON answer
 * @param about what it is about and is handed over before it: without that at hand it decides nothing
 */
export async function deliver(
  io: Io,
  options: SiteSignatureOptions,
  { envelope, digest }: Signed,
  more: object = {},
  about: readonly Uint8Array[] = [],
): Promise<void> {
  const { out, push, dryRun } = options;
  if (dryRun === true) {
    const also = push === true ? ' and hand it to the collector' : '';
    io.err(`would write ${fileName(out)}${also}`);
  } else {
    await io.writeFile(out, envelope, { overwrite: true });
    await pushSigned(io, options, ...about, envelope);
  }
  if (options.json === true) io.out(JSON.stringify({ digest, out, ...more, reason: options.reason }));
  else io.out(`${fileName(out)} ${digest}`);
}

/**
 * Whether what was just signed will be believed by this policy. Too few signatures are no fault of this one: others add
 * theirs.
 * @throws CliError with exit code 3, so that nothing is written that no node would take
 */
export function assertBelieved(
  io: Io,
  { out, key }: Pick<SiteSignatureOptions, 'out' | 'key'>,
  verify: () => unknown,
): void {
  try {
    verify();
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    // Nothing is written yet: what is wrong is the key.
    if (error.code !== 'THRESHOLD')
      throw fromFingerprintError(error, `what ${fileName(key)} signs`, exitCodes.trust);
    const name = fileName(out);
    io.err(`it ${error.message}; have it countersigned: whorl sign ${name} --key … --out ${name}`);
  }
}

export function collect(value: string, earlier: readonly string[]): readonly string[] {
  return [...earlier, value];
}
