import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { type Claims, readClaims } from './claims.ts';
import { signEd25519 } from './ed25519.ts';
import { open, pae, statementPayloadType } from './envelope.ts';
import type { PrivateKey } from './keys.ts';
import { assertNoSecrets } from './sign.ts';
import { verifySignature } from './signatures.ts';

export interface Countersigned {
  readonly envelope: Uint8Array;
  readonly claims: Claims;
  /** The key had signed it already; the envelope is as it was. */
  readonly isRepeated: boolean;
}

/**
 * Adds a signature to what others signed: the payload stays the same bytes, and so does the identity. The signatures
 * that are there are kept as they are, good or not.
 * @throws what the parser of its kind throws, SECRET_FOUND, TOO_MANY_SIGNATURES
 */
export function countersign(
  bytes: Uint8Array,
  key: PrivateKey,
  allowSecrets: readonly string[] = [],
): Countersigned {
  const claims = readClaims(bytes);
  assertNoSecrets(claims.content, allowSecrets);
  const { payloadType, payload, signatures } = claims.envelope;
  const message = pae(payloadType, payload);
  const isRepeated = signatures.some((s) => verifySignature(key.publicKey, message, s.sig));
  if (isRepeated) return { envelope: bytes, claims, isRepeated };
  const earlier = signatures.map((s) => ({ keyid: s.keyId, sig: encodeBase64(s.sig) }));
  const added = { keyid: key.publicKey.keyId, sig: encodeBase64(signEd25519(key.seed, message)) };
  const envelope = canonicalBytes({
    payloadType,
    payload: encodeBase64(payload),
    signatures: [...earlier, added],
  });
  open(envelope, [statementPayloadType]);
  return { envelope, claims, isRepeated };
}
