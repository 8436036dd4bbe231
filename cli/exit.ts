import { type ErrorCode, FingerprintError } from '../fingerprint/errors.ts';

/** The exit codes of the command line (DESIGN §10). Scripts branch on them: a number is never given a second meaning. */
export const exitCodes = {
  fine: 0,
  drift: 1,
  usage: 2,
  trust: 3,
  incomplete: 4,
  network: 5,
  internal: 70,
} as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** What a verb throws when it cannot go on: one sentence for a person and, where there is one, what to do about it. */
export class CliError extends Error {
  readonly exitCode: ExitCode;
  readonly hint: string | undefined;

  constructor(exitCode: ExitCode, message: string, hint?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CliError';
    this.exitCode = exitCode;
    this.hint = hint;
  }
}

/** A document that cannot be read is the caller's mistake; one that can be read and is not to be trusted is a refusal. */
const inputCodes: readonly ErrorCode[] = [
  'TOO_LARGE',
  'NOT_UTF8',
  'JSON_SYNTAX',
  'SCHEMA',
  'DIGEST_MISMATCH',
];

/**
 * The sentence for a `FingerprintError` about the file `name`: file, field, what is wrong.
 * @param exitCode - for call sites where every code means the same (`verify` refuses: 3)
 */
export function fromFingerprintError(error: FingerprintError, name: string, exitCode?: ExitCode): CliError {
  const where = error.field === '' ? '' : ` at ${error.field}`;
  const code = exitCode ?? (inputCodes.includes(error.code) ? exitCodes.usage : exitCodes.trust);
  return new CliError(code, `${name}${where}: ${error.message} (${error.code})`, undefined, { cause: error });
}

/** Runs `read` on what came from `name`, so that whatever is wrong with it names the file. */
export function about<T>(name: string, read: () => T, exitCode?: ExitCode): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof FingerprintError) throw fromFingerprintError(error, name, exitCode);
    throw error;
  }
}
