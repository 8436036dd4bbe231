import { commandKeysAt } from '../fingerprint/accepted-keys.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { PublicKey } from '../fingerprint/keys.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';

/**
 * Reads what only a command key may sign. What nobody trusted signed is not answered: its very id is a stranger's word.
 * @returns undefined when it was refused, after `refused` was told
 */
export async function readCommand<T>(
  options: { readonly trust: () => Promise<TrustPolicy | undefined>; readonly now: () => number },
  verify: (keys: readonly PublicKey[]) => T,
  refused: (error: FingerprintError) => void,
): Promise<T | undefined> {
  try {
    const policy = await options.trust();
    return verify(policy === undefined ? [] : commandKeysAt(policy, Math.floor(options.now() / 1000)));
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    refused(error);
    return undefined;
  }
}
