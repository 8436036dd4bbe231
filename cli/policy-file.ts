import { stat } from 'node:fs/promises';
import { FingerprintError } from '../fingerprint/errors.ts';
import { parseJson } from '../fingerprint/strict-json.ts';
import { parseTrustPolicy, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, exitCodes, fromFingerprintError } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** Room for the most keys and rules a policy may have. */
const maxBytes = 1024 * 1024;

/**
 * A trust policy from a local file. Whoever can write it decides whom this machine trusts, so it must belong to the
 * user (or root) and nobody else may write it.
 * @throws CliError with exit code 3 for POLICY_UNSAFE, POLICY_SYNTAX and WEAK_KEY
 */
export async function readTrustPolicy(io: Io, path: string): Promise<TrustPolicy> {
  const bytes = await io.readFile(path, { maxBytes });
  await assertSafe(path);
  return about(fileName(path), () => parseTrustPolicy(parsed(bytes)), exitCodes.trust);
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, { bytes: maxBytes, depth: 16 });
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new FingerprintError('POLICY_SYNTAX', error.message, { cause: error });
  }
}

async function assertSafe(path: string): Promise<void> {
  if (path === '-') throw unsafe(path, 'comes from stdin, where nobody can tell who wrote it; name a file');
  const { uid, mode } = await stat(path);
  const user = process.getuid?.() ?? 0;
  if (uid !== user && uid !== 0) {
    throw unsafe(path, `belongs to user ${uid}, who could change it; copy it to a file of your own`);
  }
  if ((mode & 0o022) !== 0) throw unsafe(path, 'can be written by others; run chmod go-w on it');
}

function unsafe(path: string, message: string): Error {
  return fromFingerprintError(
    new FingerprintError('POLICY_UNSAFE', message),
    fileName(path),
    exitCodes.trust,
  );
}
