import type { Command } from 'commander';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';

/** Never argv: every user of the machine can read the arguments of every process. */
export interface PassphraseOptions {
  readonly passphraseFile?: string;
  readonly passphraseFd?: string;
}

/** A passphrase is a line, not a document. */
const maxBytes = 4096;

export function passphraseOptions(command: Command): Command {
  return command
    .option('--passphrase-file <path>', 'read the passphrase from the first line of this file')
    .option('--passphrase-fd <n>', 'read it from this file descriptor');
}

/** From file, descriptor or WHORL_PASSPHRASE, in this order; undefined when none of them is given. */
async function givenPassphrase(io: Io, options: PassphraseOptions): Promise<string | undefined> {
  const { passphraseFile, passphraseFd } = options;
  if (passphraseFile !== undefined && passphraseFd !== undefined) {
    throw new CliError(exitCodes.usage, 'give --passphrase-file or --passphrase-fd, not both');
  }
  if (passphraseFile !== undefined) return oneLine(io, passphraseFile, passphraseFile);
  if (passphraseFd === undefined) return io.env.WHORL_PASSPHRASE;
  if (!/^\d{1,4}$/.test(passphraseFd)) {
    throw new CliError(exitCodes.usage, '--passphrase-fd takes the number of an open file descriptor');
  }
  return oneLine(io, `/dev/fd/${passphraseFd}`, `file descriptor ${passphraseFd}`);
}

/** Given or asked for on the terminal. @throws CliError when there is neither */
export async function existingPassphrase(
  io: Io,
  options: PassphraseOptions,
  keyFile: string,
): Promise<string> {
  const passphrase =
    (await givenPassphrase(io, options)) ?? (await io.askSecret(`Passphrase for ${keyFile}: `));
  if (passphrase !== undefined) return passphrase;
  throw new CliError(
    exitCodes.usage,
    `${keyFile} is encrypted and there is no terminal to ask on`,
    howToGive,
  );
}

/** For a new key: given, or asked for twice. @throws CliError when empty, when both differ, or when there is no terminal */
export async function newPassphrase(io: Io, options: PassphraseOptions): Promise<string> {
  const given = await givenPassphrase(io, options);
  const passphrase = given ?? (await io.askSecret('New passphrase: '));
  if (passphrase === undefined) {
    throw new CliError(
      exitCodes.usage,
      'a new key needs a passphrase and there is no terminal to ask on',
      `${howToGive}, or choose --no-passphrase`,
    );
  }
  if (passphrase === '') {
    throw new CliError(exitCodes.usage, 'the passphrase is empty', 'choose --no-passphrase to have none');
  }
  if (given === undefined && (await io.askSecret('The same again: ')) !== passphrase) {
    throw new CliError(exitCodes.usage, 'the two passphrases differ', 'run it again');
  }
  return passphrase;
}

const howToGive = 'use --passphrase-file, --passphrase-fd or WHORL_PASSPHRASE';

async function oneLine(io: Io, path: string, name: string): Promise<string> {
  const bytes = await io.readFile(path, { maxBytes });
  // Editors end a file with a newline; nobody means it.
  const text = new TextDecoder().decode(bytes).replace(/\r?\n$/, '');
  if (!/[\r\n]/.test(text)) return text;
  throw new CliError(exitCodes.usage, `${name} has more than one line`, 'write the passphrase alone into it');
}
