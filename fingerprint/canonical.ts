import canonicalize from 'canonicalize';
import { FingerprintError } from './errors.ts';

const encoder = new TextEncoder();

/**
 * The one form of a value: RFC 8785 (JCS), UTF-8. Equal values give equal bytes, whatever the order of their members.
 * Only for producing bytes; verification never re-encodes what was signed. Throws NOT_CANONICAL for what JSON cannot
 * hold: NaN and infinities, lone surrogates, cycles, `undefined` at the top.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  return encoder.encode(canonicalText(value));
}

function canonicalText(value: unknown): string {
  try {
    const text = canonicalize(value);
    if (text !== undefined) return text;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : 'unknown reason';
    throw new FingerprintError('NOT_CANONICAL', `the value has no canonical JSON form: ${why}`, { cause });
  }
  throw new FingerprintError('NOT_CANONICAL', 'the value has no JSON form at all');
}
