import { decodeBase64, encodeBase64 } from './base64.ts';
import { FingerprintError } from './errors.ts';

/** Far above any key file (an encrypted one has 650 bytes), far below what would cost anything. */
const maxPem = 16 * 1024;

export interface PemBlock {
  readonly label: string;
  readonly body: Uint8Array;
}

/**
 * Exactly one PEM block (RFC 7468) with nothing but space around it. Text before or after is refused: OpenSSL-style
 * readers skip it, so two readers could take two different keys out of one file.
 */
export function parsePem(text: string): PemBlock {
  if (text.length > maxPem) throw syntax(`has ${text.length} characters, a key file has at most ${maxPem}`);
  const match = /^-----BEGIN ([A-Z0-9 ]{1,64})-----\r?\n([A-Za-z0-9+/=\r\n]*)-----END \1-----$/.exec(
    text.trim(),
  );
  const [label, body] = [match?.[1], match?.[2]];
  if (label === undefined || body === undefined) {
    throw syntax(
      'is no key file: one PEM block, from -----BEGIN …----- to -----END …-----, and nothing else',
    );
  }
  return { label, body: decodeBase64(body.replaceAll(/\r?\n/g, ''), 'PEM') };
}

export function formatPem(label: string, body: Uint8Array): string {
  const lines = encodeBase64(body).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n');
}

function syntax(what: string): FingerprintError {
  return new FingerprintError('KEY_SYNTAX', what);
}
