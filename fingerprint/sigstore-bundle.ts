import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { PublicKey } from './keys.ts';

const mediaType = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/**
 * The same signature as a Sigstore bundle, so that cosign and sigstore libraries verify it. Without `keyid`: sigstore-go
 * skips a signature whose key id it did not derive itself; the hint is the form it understands.
 */
export function renderBundle(
  signed: { readonly payloadType: string; readonly payload: Uint8Array; readonly signature: Uint8Array },
  key: Pick<PublicKey, 'keyId'>,
): Uint8Array {
  return canonicalBytes({
    mediaType,
    verificationMaterial: {
      publicKey: { hint: encodeBase64(new Uint8Array(Buffer.from(key.keyId, 'hex'))) },
    },
    dsseEnvelope: {
      payload: encodeBase64(signed.payload),
      payloadType: signed.payloadType,
      signatures: [{ sig: encodeBase64(signed.signature) }],
    },
  });
}

/**
 * The DSSE envelope inside a bundle, not yet checked itself. Only bundles that say "you hold the public key" are read:
 * keys come from the trust policy, never from the object. Its hint, log entries and timestamps are not looked at: nothing
 * they say could make a key trusted or a refused signature hold.
 */
export function unwrapBundle(value: unknown): unknown {
  const bundle = new Fields(value, '', 'ENVELOPE_SHAPE');
  if (bundle.raw('mediaType') !== mediaType) {
    throw unsupported('is a bundle of another version than v0.3', 'mediaType');
  }
  const material = bundle.object('verificationMaterial');
  if (!material.has('publicKey')) {
    throw unsupported(
      'is a bundle with a certificate (keyless signing), which names no key that could be pinned; sign with a key pair, `cosign attest --key` or `whorl sign`, and give its public key to the trust policy',
      'verificationMaterial',
    );
  }
  if (bundle.has('messageSignature')) {
    throw unsupported(
      'is the signature of a bare file (`cosign sign-blob`), not of a statement; use `cosign attest` or `whorl sign`',
      'messageSignature',
    );
  }
  const envelope = bundle.object('dsseEnvelope');
  if (envelope.list('signatures', 16).length !== 1) {
    throw unsupported('must hold exactly one signature in a bundle', 'dsseEnvelope.signatures');
  }
  return bundle.raw('dsseEnvelope');
}

function unsupported(message: string, field: string): FingerprintError {
  return new FingerprintError('BUNDLE_UNSUPPORTED', message, { field });
}
