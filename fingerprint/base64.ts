import { FingerprintError } from './errors.ts';

const standard = /^[A-Za-z0-9+/]*$/;
const urlSafe = /^[A-Za-z0-9_-]*$/;

/** RFC 4648 standard alphabet with padding. */
export function encodeBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
}

/**
 * Standard or URL-safe base64, padded or not, and nothing else. Node's own decoder skips what it does not know, so two
 * different texts would give the same bytes, and a checker in another language would see other bytes than we do.
 * @throws BASE64 for spaces, mixed alphabets, wrong padding, bits left over
 */
export function decodeBase64(text: string, field: string): Uint8Array {
  const body = text.replace(/={1,2}$/, '');
  const alphabetOk = standard.test(body) || urlSafe.test(body);
  const padded = body.length !== text.length;
  const lengthOk = body.length % 4 !== 1 && (!padded || text.length % 4 === 0);
  if (alphabetOk && lengthOk) {
    const bytes = new Uint8Array(Buffer.from(body, 'base64url'));
    if (Buffer.from(bytes).toString('base64url') === body.replaceAll('+', '-').replaceAll('/', '_'))
      return bytes;
  }
  throw new FingerprintError('BASE64', 'is not strict base64: no spaces, whole groups, no spare bits', {
    field,
  });
}
