import { open } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { PublicKey } from './keys.ts';
import { signersOf } from './signatures.ts';
import { parseJson } from './strict-json.ts';
import { parseTimestamp } from './timestamp.ts';

/** What a collector tells an agent to do, or lets it do, is some kilobytes; nothing larger is read. */
const maxCommandBytes = 16 * 1024;
/** A response's list of kinds within its rule within its list. */
const maxDepth = 6;

/**
 * The payload of an envelope of this one type, which one of the keys signed. What it says is for the caller to read.
 * @throws the codes of `open`, UNKNOWN_KEY, BAD_SIGNATURE, PAYLOAD_SYNTAX, SCHEMA
 */
export function openCommand(bytes: Uint8Array, payloadType: string, keys: readonly PublicKey[]): Fields {
  const envelope = open(bytes, [payloadType]);
  signersOf(envelope, keys);
  return new Fields(parsePayload(envelope.payload), '', 'SCHEMA');
}

function parsePayload(payload: Uint8Array): unknown {
  try {
    return parseJson(payload, { bytes: maxCommandBytes, depth: maxDepth });
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code === 'TOO_LARGE') throw error;
    throw new FingerprintError('PAYLOAD_SYNTAX', error.message, { field: 'payload', cause: error });
  }
}

/** The nonce of an agent's start. */
export function sessionOf(fields: Fields): string {
  return hexOf(fields, 'session', 32);
}

/** Exactly so many lower-case hexadecimal digits. */
export function hexOf(fields: Fields, name: string, digits: number): string {
  const text = fields.text(name);
  return text.length === digits && /^[0-9a-f]+$/.test(text)
    ? text
    : fields.fail(name, `must be ${digits} lower-case hex digits`);
}

/** From when until when it is meant; how long is too long is for the agent to say. */
export function lifetimeOf(fields: Fields): { readonly issuedAt: string; readonly expiresAt: string } {
  const [issuedAt, expiresAt] = [fields.timestamp('issuedAt'), fields.timestamp('expiresAt')];
  return (parseTimestamp(expiresAt) ?? 0) > (parseTimestamp(issuedAt) ?? 0)
    ? { issuedAt, expiresAt }
    : fields.fail('expiresAt', 'must be later than issuedAt');
}
