import { verifyEd25519 } from './ed25519.ts';
import { type OpenEnvelope, pae } from './envelope.ts';
import { type ErrorCode, FingerprintError } from './errors.ts';
import type { PublicKey } from './keys.ts';

/**
 * The distinct keys among `keys` that signed this envelope (steps 7 to 9). A signature that does not hold spoils nothing
 * as long as another one does; key ids only choose which keys are tried.
 * @throws UNKNOWN_KEY, BAD_SIGNATURE when that is what is wrong with every signature, else NO_TRUSTED_SIGNATURE
 */
export function signersOf(envelope: OpenEnvelope, keys: readonly PublicKey[]): readonly PublicKey[] {
  const message = pae(envelope.payloadType, envelope.payload);
  const signers = new Map<string, PublicKey>();
  const refusals = new Set<ErrorCode>();
  for (const { keyId, sig } of envelope.signatures) {
    const candidates = keyId === '' ? keys : keys.filter((key) => key.keyId === keyId);
    const signer = candidates.find((key) => verifyEd25519(key.raw, message, sig));
    if (signer !== undefined) signers.set(signer.keyId, signer);
    else refusals.add(candidates.length === 0 ? 'UNKNOWN_KEY' : 'BAD_SIGNATURE');
  }
  if (signers.size > 0) return [...signers.values()];
  throw refusal(refusals);
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
