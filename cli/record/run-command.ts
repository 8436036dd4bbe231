import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import { constants } from 'node:os';
import { printable } from '../../fingerprint/printable.ts';
import { CliError, exitCodes } from '../exit.ts';

export interface CommandEnd {
  /** As a shell would say it: 128 and the signal's number for what a signal ended. */
  readonly code: number;
  /** Somebody wanted us to end, and we passed it on. */
  readonly interrupted: boolean;
}

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;
/** After a signal: what a test suite may take to clean up before it is ended. */
const graceMs = 10_000;

/**
 * Runs a command to its end. Signals that are meant for us end the command, and we end after it; Ctrl-C on a terminal it
 * has got already.
 * @throws CliError when it cannot be started
 */
export async function runCommand(
  command: readonly string[],
  options: { readonly stdio: StdioOptions; readonly env: Readonly<Record<string, string | undefined>> },
): Promise<CommandEnd> {
  const [file = '', ...args] = command;
  const child = spawn(file, args, { stdio: options.stdio, env: options.env });
  let interrupted = false;
  let insist: NodeJS.Timeout | undefined;
  const pass = (name: NodeJS.Signals): void => {
    // The second signal, or nobody cleaned up: it ends now.
    if (interrupted) child.kill('SIGKILL');
    interrupted = true;
    if (name !== 'SIGINT' || process.stdin.isTTY !== true) child.kill(name);
    insist ??= setTimeout(() => child.kill('SIGKILL'), graceMs);
  };
  for (const name of signals) process.on(name, pass);
  try {
    return { code: await endOf(child, file), interrupted };
  } finally {
    clearTimeout(insist);
    for (const name of signals) process.off(name, pass);
  }
}

function endOf(child: ChildProcess, file: string): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', (cause) => {
      const why = 'code' in cause && cause.code === 'ENOENT' ? 'there is no such program' : cause.message;
      const sentence = `${printable(file)} cannot be run: ${printable(why)}`;
      reject(new CliError(exitCodes.usage, sentence, undefined, { cause }));
    });
    // Not `close`: what it left running in the background may hold its streams for ever.
    child.once('exit', (code, signal) =>
      resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])),
    );
  });
}
