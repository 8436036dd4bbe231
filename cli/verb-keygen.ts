import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import { generateKey, type PrivateKey, privatePem, publicPem, sealPrivateKey } from '../fingerprint/keys.ts';
import { CliError, exitCodes } from './exit.ts';
import { examples } from './help.ts';
import type { Io } from './io.ts';
import { newPassphrase, type PassphraseOptions, passphraseOptions } from './passphrase.ts';
import { fileName } from './read-file.ts';

interface Options extends PassphraseOptions {
  readonly out: string;
  readonly passphrase: boolean;
  readonly dryRun?: boolean;
  readonly json?: boolean;
  readonly reason?: string;
}

export function register(program: Command, io: Io): void {
  const verb = passphraseOptions(
    program
      .command('keygen')
      .description('make a key pair for signing: NAME.key (secret, 0600) and NAME.pub')
      .requiredOption('--out <name>', 'name of the two files, without their endings')
      .option('--no-passphrase', 'leave NAME.key unencrypted'),
  )
    .option('--dry-run', 'say what would be written and write nothing')
    .option('--reason <text>', 'why, for the record')
    .option('--json', 'one JSON object')
    .action((options: Options) => keygen(io, options));
  examples(verb, [
    ['whorl keygen --out vendor', 'asks for a passphrase, writes vendor.key and vendor.pub'],
    ['whorl keygen --out ci --passphrase-file pass.txt', 'the same without a terminal'],
  ]);
}

async function keygen(io: Io, options: Options): Promise<void> {
  assertOneMind(options);
  const files = { key: `${options.out}.key`, pub: `${options.out}.pub` };
  assertNew(files.key);
  assertNew(files.pub);
  if (options.dryRun === true) {
    return io.err(`would write ${fileName(files.key)} and ${fileName(files.pub)}`);
  }
  const passphrase = options.passphrase ? await newPassphrase(io, options) : undefined;
  const key = generateKey((n) => io.random(n));
  await writePair(io, files, key, passphrase);
  if (passphrase === undefined)
    io.err(`${fileName(files.key)} is not encrypted: keep it where only you can read`);
  const reason = options.reason === undefined ? {} : { reason: options.reason };
  if (options.json === true) io.out(JSON.stringify({ keyId: key.publicKey.keyId, ...files, ...reason }));
  else io.out(`${fileName(files.pub)} ${key.publicKey.keyId}`);
}

/** Whoever gave a passphrase would believe the key to be encrypted. */
function assertOneMind({ passphrase, passphraseFile, passphraseFd }: Options): void {
  if (passphrase || (passphraseFile === undefined && passphraseFd === undefined)) return;
  throw new CliError(exitCodes.usage, '--no-passphrase and a passphrase exclude each other', 'choose one');
}

/** A key that is overwritten is a key that is lost, and with it every signature people trust. */
function assertNew(path: string): void {
  if (!existsSync(path)) return;
  throw new CliError(
    exitCodes.usage,
    `${fileName(path)} exists already and keys are never replaced`,
    'choose another --out',
  );
}

async function writePair(
  io: Io,
  files: { readonly key: string; readonly pub: string },
  key: PrivateKey,
  passphrase: string | undefined,
): Promise<void> {
  const pem =
    passphrase === undefined ? privatePem(key) : sealPrivateKey(key, passphrase, (n) => io.random(n));
  await io.writeFile(files.key, pem, { mode: 0o600 });
  try {
    await io.writeFile(files.pub, publicPem(key.publicKey));
  } catch (error) {
    // Half a pair would only stand in the way of the next try.
    await rm(files.key, { force: true });
    throw error;
  }
}
