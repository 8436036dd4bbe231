import { FingerprintError } from '../fingerprint/errors.ts';
import { CliError, exitCodes, fromFingerprintError } from './exit.ts';

/**
 * Whether this site said, by its policy, what the next version is made from. What has ended by itself was said all the
 * same: a verifier tells EXPIRED only of what holds and was signed by those who may.
 * @throws CliError with exit code 3 and what to do
 */
export function assertSaidByUs(name: string, verify: () => unknown, whatToDo: string): void {
  try {
    verify();
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    if (error.code === 'EXPIRED') return;
    const { exitCode, message } = fromFingerprintError(error, name, exitCodes.trust);
    throw new CliError(exitCode, message, whatToDo, { cause: error });
  }
}
