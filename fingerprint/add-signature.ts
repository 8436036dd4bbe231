import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { signEd25519 } from './ed25519.ts';
import { type OpenEnvelope, open, pae } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { PrivateKey } from './keys.ts';
import { signersOf } from './signatures.ts';

/**
 * Adds a signature to an envelope; what is signed and the signatures that are there stay as they are. A key that signed
 * already signs no second time, so doing it twice changes nothing.
 * @param allowed the payload types this call site may be given
 * @throws as open; TOO_MANY_SIGNATURES
 */
export function addSignature(bytes: Uint8Array, allowed: readonly string[], key: PrivateKey): Uint8Array {
  const envelope = open(bytes, allowed);
  const { payloadType, payload } = envelope;
  const there = envelope.signatures.map(({ keyId, sig }) => ({
    ...(keyId === '' ? {} : { keyid: keyId }),
    sig: encodeBase64(sig),
  }));
  const own = {
    keyid: key.publicKey.keyId,
    sig: encodeBase64(signEd25519(key.seed, pae(payloadType, payload))),
  };
  const signatures = hasSigned(envelope, key) ? there : [...there, own];
  const signed = canonicalBytes({ payloadType, payload: encodeBase64(payload), signatures });
  // What is written must be readable: the same limits.
  open(signed, allowed);
  return signed;
}

function hasSigned(envelope: OpenEnvelope, { publicKey }: PrivateKey): boolean {
  try {
    return signersOf(envelope, [publicKey]).length > 0;
  } catch (error) {
    if (error instanceof FingerprintError) return false;
    throw error;
  }
}
