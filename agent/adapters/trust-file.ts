import { type FileHandle, open, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { maxPolicyBytes, policyOf } from '../../fingerprint/policy-chain.ts';
import type { TrustPolicy } from '../../fingerprint/trust-policy.ts';

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
    const { uid, mode, size } = await file.stat();
    assertOwn(uid, `${path} belongs to another user; make it your own`);
    if ((mode & 0o022) !== 0)
      throw new FingerprintError('POLICY_UNSAFE', `${path} may be written by others; chmod go-w it`);
    await assertOwnDirectory(path);
    if (size > maxPolicyBytes)
      throw new FingerprintError('TOO_LARGE', `${path} is larger than any trust policy`);
    return policyOf(await bytesOf(file, size));
  } finally {
    await file.close();
  }
}

/** Whoever may rename in there could put an older policy of the same owner in its place; in a sticky one nobody may. */
async function assertOwnDirectory(path: string): Promise<void> {
  const directory = dirname(await realpath(path));
  const { uid, mode } = await stat(directory);
  assertOwn(uid, `${directory} belongs to another user, who could replace ${path}; make it your own`);
  const isSticky = (mode & 0o1000) !== 0;
  if ((mode & 0o022) === 0 || isSticky) return;
  throw new FingerprintError(
    'POLICY_UNSAFE',
    `${directory} may be written by others, who could replace ${path}; chmod go-w it`,
  );
}

function assertOwn(uid: number, message: string): void {
  if (uid !== 0 && uid !== process.getuid?.()) throw new FingerprintError('POLICY_UNSAFE', message);
}

async function bytesOf(file: FileHandle, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  const { bytesRead } = await file.read(bytes, 0, size, 0);
  return bytes.subarray(0, bytesRead);
}
