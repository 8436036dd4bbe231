import { decodeBase64, encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { documentKind } from './document-kind.ts';
import { signEd25519 } from './ed25519.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { PrivateKey } from './keys.ts';
import { unwrapBundle } from './sigstore-bundle.ts';
import { parseJson } from './strict-json.ts';

export const statementPayloadType = 'application/vnd.in-toto+json';
export const policyPayloadType = 'application/vnd.whorl.trust-policy.v1+json';
export const commandPayloadType = 'application/vnd.whorl.command.v1+json';
export const leasePayloadType = 'application/vnd.whorl.lease.v1+json';

const words: ReadonlyMap<string, string> = new Map([
  [statementPayloadType, 'a fingerprint, overlay or approval'],
  [policyPayloadType, 'a trust policy'],
  [commandPayloadType, 'an order'],
  [leasePayloadType, 'a lease'],
]);

function typeWords(payloadType: string): string {
  return words.get(payloadType) ?? 'another kind of document';
}

/** Room for a fingerprint of 20 000 entries in base64; a hostile file costs no more than this. */
const maxEnvelopeBytes = 4 * 1024 * 1024;
const maxSignatures = 16;
const maxDepth = 32;

/** The form of our key ids. Other tools name keys in other ways, from which no key can be told. */
const keyIdForm = /^[0-9a-f]{64}$/;

interface EnvelopeSignature {
  /** A hint which key to try; empty when the writer gave none, or one of another form. Never a reason to trust. */
  readonly keyId: string;
  readonly sig: Uint8Array;
}

/** An envelope whose form is right. Nothing about it is proved yet. */
export interface OpenEnvelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  readonly signatures: readonly EnvelopeSignature[];
}

/** What DSSE signs: the type is inside, so a signature for one kind of document is none for another. */
export function pae(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = new TextEncoder().encode(payloadType);
  const head = new TextEncoder().encode(`DSSEv1 ${type.length} ${payloadType} ${payload.length} `);
  const out = new Uint8Array(head.length + payload.length);
  out.set(head);
  out.set(payload, head.length);
  return out;
}

/** Signs and packs; the same input gives the same bytes. */
export function seal(payloadType: string, payload: Uint8Array, keys: readonly PrivateKey[]): Uint8Array {
  const message = pae(payloadType, payload);
  const signatures = keys.map((key) => ({
    keyid: key.publicKey.keyId,
    sig: encodeBase64(signEd25519(key.seed, message)),
  }));
  return canonicalBytes({ payloadType, payload: encodeBase64(payload), signatures });
}

/**
 * Steps 1 to 5 of verification (docs/format.md): size, strict JSON, shape, strict base64, payload type. Reads a DSSE
 * envelope or a Sigstore bundle around one.
 * @param allowed the payload types this call site may be given, so that an order is never taken for a fingerprint
 */
export function open(bytes: Uint8Array, allowed: readonly string[]): OpenEnvelope {
  const value = parseDocument(bytes);
  assertEnvelopeLike(value);
  const isBundle = Object.hasOwn(value, 'mediaType');
  const path = isBundle ? 'dsseEnvelope' : '';
  const fields = new Fields(isBundle ? unwrapBundle(value) : value, path, 'ENVELOPE_SHAPE');
  const payloadType = fields.text('payloadType');
  const encoded = base64Of(fields, 'payload');
  const signatures = signaturesOf(fields);
  const payload = decodeBase64(encoded, fields.at('payload'));
  if (!allowed.includes(payloadType)) {
    throw new FingerprintError(
      'PAYLOAD_TYPE',
      `is ${typeWords(payloadType)}, expected ${allowed.map(typeWords).join(' or ')}`,
      {
        field: fields.at('payloadType'),
      },
    );
  }
  return { payloadType, payload, signatures };
}

function parseDocument(bytes: Uint8Array): unknown {
  try {
    return parseJson(bytes, { bytes: maxEnvelopeBytes, depth: maxDepth });
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code === 'TOO_LARGE') throw error;
    throw new FingerprintError('ENVELOPE_SYNTAX', error.message, { cause: error });
  }
}

/** Of an envelope, a bundle around one, and a bundle around the signature of a bare file. */
const contents = ['payload', 'dsseEnvelope', 'messageSignature'] as const;

function assertEnvelopeLike(value: unknown): asserts value is object {
  const isObject = typeof value === 'object' && value !== null;
  if (isObject && contents.some((name) => Object.hasOwn(value, name))) return;
  const kind = documentKind(value);
  const what = kind === undefined ? 'is not a signed envelope' : `is ${kind}, not a signed envelope`;
  throw new FingerprintError('ENVELOPE_SHAPE', `${what} (members payload, payloadType, signatures)`);
}

function signaturesOf(fields: Fields): EnvelopeSignature[] {
  const list = fields.raw('signatures');
  const field = fields.at('signatures');
  if (!Array.isArray(list)) throw new FingerprintError('ENVELOPE_SHAPE', 'must be a list', { field });
  if (list.length === 0)
    throw new FingerprintError('NO_SIGNATURE', 'is empty: nobody signed this', { field });
  if (list.length > maxSignatures) {
    throw new FingerprintError(
      'TOO_MANY_SIGNATURES',
      `has ${list.length}, at most ${maxSignatures} are read`,
      { field },
    );
  }
  return list.map((entry: unknown, i) => signatureOf(new Fields(entry, `${field}[${i}]`, 'ENVELOPE_SHAPE')));
}

function signatureOf(fields: Fields): EnvelopeSignature {
  const keyId = fields.has('keyid') ? fields.raw('keyid') : '';
  if (typeof keyId !== 'string') return fields.fail('keyid', 'must be a text');
  const sig = decodeBase64(base64Of(fields, 'sig'), fields.at('sig'));
  return { keyId: keyIdForm.test(keyId) ? keyId : '', sig };
}

function base64Of(fields: Fields, name: string): string {
  const value = fields.raw(name);
  return typeof value === 'string' ? value : fields.fail(name, 'must be base64 text');
}
