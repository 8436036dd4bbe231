import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { policyPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { maxPolicyBytes, policyOf, readSignedPolicy } from '../fingerprint/policy-chain.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { about, exitCodes, fromFingerprintError } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** A policy in base64, and its signatures. */
const maxBytes = 2 * maxPolicyBytes;

/**
 * A trust policy from a local file. Whoever can write it decides whom this machine trusts, so it must belong to the
 * user (or root) and nobody else may write it, nor put another file of theirs in its place.
 * @throws CliError with exit code 3 for POLICY_UNSAFE, POLICY_SYNTAX and WEAK_KEY
 */
export async function readTrustPolicy(io: Io, path: string): Promise<TrustPolicy> {
  const bytes = await readSafe(io, path);
  return about(fileName(path), () => policyOf(bytes), exitCodes.trust);
}

/** A policy to make the next version of. */
export interface GivenPolicy {
  readonly policy: TrustPolicy;
  /** Its envelope, when it was signed already. */
  readonly envelope: Uint8Array | undefined;
}

/**
 * The same, or its signed form: only its content is taken. Who signed it is proved where it is followed, by the policy
 * that was in force before.
 */
export async function readGivenPolicy(io: Io, path: string): Promise<GivenPolicy> {
  const bytes = await readSafe(io, path);
  const read = (): GivenPolicy =>
    kindOfEnvelope(bytes) === 'trust-policy'
      ? { policy: readSignedPolicy(bytes).policy, envelope: bytes }
      : { policy: policyOf(bytes), envelope: undefined };
  return about(fileName(path), read, exitCodes.trust);
}

export const policyEnvelopeTypes = [policyPayloadType] as const;

/** What is checked is what was read: a link that is turned in between would pass off somebody else's file. */
async function readSafe(io: Io, path: string): Promise<Uint8Array> {
  if (path === '-') throw unsafe(path, 'comes from stdin, where nobody can tell who wrote it; name a file');
  const before = await identity(path);
  const bytes = await io.readFile(before?.real ?? path, { maxBytes });
  await assertSafe(path);
  const after = await identity(path);
  if (after?.real !== before?.real || after?.file !== before?.file)
    throw unsafe(path, 'was exchanged for another while it was read');
  return bytes;
}

/** Undefined: not there, which the reader tells. */
async function identity(path: string): Promise<{ real: string; file: string } | undefined> {
  try {
    const real = await realpath(path);
    const { dev, ino } = await stat(real);
    return { real, file: `${dev}:${ino}` };
  } catch {
    return undefined;
  }
}

async function assertSafe(path: string): Promise<void> {
  await assertOwn(path, path, 'it');
  // Nobody else may rename into its place what the user owns elsewhere: an older policy, say. A sticky directory such as
  // /tmp lets nobody; the directories above would have to hold another directory of the user with such a file.
  await assertOwn(path, dirname(await realpath(path)), 'its directory');
}

async function assertOwn(path: string, at: string, what: 'it' | 'its directory'): Promise<void> {
  const { uid, mode } = await stat(at);
  const user = process.getuid?.() ?? 0;
  const isFile = what === 'it';
  if (uid !== user && uid !== 0) {
    const whose = isFile ? `belongs to user ${uid}` : `lies in a directory of user ${uid}`;
    throw unsafe(path, `${whose}, who could change it; copy it to a file of your own`);
  }
  const isSticky = !isFile && (mode & 0o1000) !== 0;
  if ((mode & 0o022) !== 0 && !isSticky) {
    throw unsafe(
      path,
      isFile
        ? 'can be written by others; run chmod go-w on it'
        : 'lies in a directory that others can write; run chmod go-w on it',
    );
  }
}

function unsafe(path: string, message: string): Error {
  return fromFingerprintError(
    new FingerprintError('POLICY_UNSAFE', message),
    fileName(path),
    exitCodes.trust,
  );
}
