import { open } from 'node:fs/promises';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';
import { parseTrustPolicy, type TrustPolicy } from '../../fingerprint/trust-policy.ts';

/**
 * The node's own trust policy, or undefined when there is none.
 *
 * @throws FingerprintError `POLICY_UNSAFE` when anybody but its owner could have changed it, or what is wrong in it
 */
export async function readTrustFile(path: string): Promise<TrustPolicy | undefined> {
  const file = await open(path, 'r').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new FingerprintError('POLICY_UNSAFE', `${path} cannot be opened (${error.code})`, { cause: error });
  });
  if (file === undefined) return undefined;
  try {
    // The file that was opened is the one that is checked: a link cannot change between.
    const { uid, mode } = await file.stat();
    if (uid !== 0 && uid !== process.getuid?.())
      throw new FingerprintError('POLICY_UNSAFE', `${path} belongs to another user; make it your own`);
    if ((mode & 0o022) !== 0)
      throw new FingerprintError('POLICY_UNSAFE', `${path} may be written by others; chmod go-w it`);
    return parseTrustPolicy(parseJson(await file.readFile()));
  } finally {
    await file.close();
  }
}
