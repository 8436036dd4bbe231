import { verifyP256 } from './ecdsa.ts';
import { verifyEd25519 } from './ed25519.ts';
import { type OpenEnvelope, pae } from './envelope.ts';
import { type ErrorCode, FingerprintError } from './errors.ts';
import type { PublicKey } from './keys.ts';

/**
 * A signature without key id is tried under every key, and each try hashes the whole message. A policy of 64 keys and
 * eight such signatures is more than anybody has; a hostile envelope must not buy more work than this.
 */
const maxTries = 512;

/** Whether `key` made `signature` over `message`: strict Ed25519, or ECDSA P-256 with SHA-256. Never throws. */
export function verifySignature(key: PublicKey, message: Uint8Array, signature: Uint8Array): boolean {
  switch (key.algorithm) {
    case 'ed25519':
      return verifyEd25519(key.raw, message, signature);
    case 'ecdsa-p256-sha256':
      return verifyP256(key.raw, message, signature);
  }
}

/**
 * All distinct keys among `keys` that signed this envelope (steps 7 to 9), in the order of their first signature.
 * Distinct are the keys themselves, not their ids. A signature that does not hold spoils nothing as long as another one
 * does; key ids only choose which keys are tried.
 * @throws UNKNOWN_KEY, BAD_SIGNATURE when that is what is wrong with every signature, else NO_TRUSTED_SIGNATURE;
 *   TOO_MANY_SIGNATURES when too many of them name no key
 */
export function signersOf(envelope: OpenEnvelope, keys: readonly PublicKey[]): readonly PublicKey[] {
  assertFewTries(envelope, keys.length);
  const message = pae(envelope.payloadType, envelope.payload);
  const signers = new Map<string, PublicKey>();
  const refusals = new Set<ErrorCode>();
  for (const { keyId, sig } of envelope.signatures) {
    const candidates = keyId === '' ? keys : keys.filter((key) => key.keyId === keyId);
    const signer = candidates.find((key) => verifySignature(key, message, sig));
    if (signer !== undefined) signers.set(identityOf(signer), signer);
    else refusals.add(candidates.length === 0 ? 'UNKNOWN_KEY' : 'BAD_SIGNATURE');
  }
  if (signers.size > 0) return [...signers.values()];
  throw refusal(refusals);
}

function identityOf(key: PublicKey): string {
  return `${key.algorithm}:${Buffer.from(key.raw).toString('hex')}`;
}

function assertFewTries(envelope: OpenEnvelope, keys: number): void {
  const nameless = envelope.signatures.filter((s) => s.keyId === '').length;
  // The first is free: cosign writes one signature and never names the key.
  if (nameless < 2 || nameless * keys <= maxTries) return;
  throw new FingerprintError(
    'TOO_MANY_SIGNATURES',
    `has ${nameless} signatures that name no key, to be tried under ${keys} keys; sign with key ids`,
    { field: 'signatures' },
  );
}

function refusal(reasons: ReadonlySet<ErrorCode>): FingerprintError {
  const field = 'signatures';
  if (reasons.size > 1) {
    const message = 'some are by keys that are not trusted here, the others do not match what they sign';
    return new FingerprintError('NO_TRUSTED_SIGNATURE', message, { field });
  }
  if (reasons.has('UNKNOWN_KEY')) {
    return new FingerprintError('UNKNOWN_KEY', 'is signed only by keys that are not trusted here', { field });
  }
  return new FingerprintError(
    'BAD_SIGNATURE',
    'does not match: the content was changed or another key signed it',
    {
      field,
    },
  );
}
