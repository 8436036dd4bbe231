import nacl from 'tweetnacl';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { FingerprintError } from './errors.ts';
import { scryptKey } from './scrypt.ts';
import { parseJson } from './strict-json.ts';

/**
 * The cost parameters cosign's library writes (legacy, standard, OWASP). Any other is refused before a byte is derived:
 * the file names the cost, so a hostile one could ask for terabytes.
 */
const allowedN: ReadonlySet<unknown> = new Set([32768, 65536, 131072]);
const newN = 65536;
const encoder = new TextEncoder();

/** Encrypts under a passphrase in the form of go-securesystemslib's `encrypted` package, which cosign's keys use. */
export function sealSecret(
  secret: Uint8Array,
  passphrase: string,
  random: (n: number) => Uint8Array,
): Uint8Array {
  const salt = random(32);
  const nonce = random(nacl.secretbox.nonceLength);
  const box = nacl.secretbox(secret, nonce, scryptKey(encoder.encode(passphrase), salt, newN));
  return encoder.encode(
    JSON.stringify({
      kdf: { name: 'scrypt', params: { N: newN, r: 8, p: 1 }, salt: encodeBase64(salt) },
      cipher: { name: 'nacl/secretbox', nonce: encodeBase64(nonce) },
      ciphertext: encodeBase64(box),
    }),
  );
}

/** @throws KEY_SYNTAX for another form or other costs, KEY_PASSPHRASE when the passphrase does not open it */
export function openSecret(sealed: Uint8Array, passphrase: string): Uint8Array {
  const { salt, n, nonce, box } = parseSealed(sealed);
  const secret = nacl.secretbox.open(box, nonce, scryptKey(encoder.encode(passphrase), salt, n));
  if (secret === null) throw new FingerprintError('KEY_PASSPHRASE', 'the passphrase does not open this key');
  return secret;
}

function parseSealed(sealed: Uint8Array): {
  salt: Uint8Array;
  n: number;
  nonce: Uint8Array;
  box: Uint8Array;
} {
  const root = parseJson(sealed, { bytes: 16 * 1024, depth: 8 });
  const kdf = member(root, 'kdf');
  const params = member(kdf, 'params');
  const n = member(params, 'N');
  const cipher = member(root, 'cipher');
  if (member(kdf, 'name') !== 'scrypt' || member(cipher, 'name') !== 'nacl/secretbox') {
    throw new FingerprintError('KEY_SYNTAX', 'is encrypted in another way than scrypt and nacl/secretbox');
  }
  if (typeof n !== 'number' || !allowedN.has(n) || member(params, 'r') !== 8 || member(params, 'p') !== 1) {
    throw new FingerprintError(
      'KEY_SYNTAX',
      'names scrypt costs outside N = 2^15, 2^16, 2^17 with r = 8, p = 1',
      {
        field: 'kdf.params',
      },
    );
  }
  return {
    n,
    salt: bytesAt(kdf, 'salt', 'kdf.salt', 32),
    nonce: bytesAt(cipher, 'nonce', 'cipher.nonce', nacl.secretbox.nonceLength),
    box: bytesAt(root, 'ciphertext', 'ciphertext'),
  };
}

function bytesAt(object: unknown, name: string, field: string, length?: number): Uint8Array {
  const text = member(object, name);
  const bytes = typeof text === 'string' ? decodeBase64(text, field) : undefined;
  if (bytes === undefined || (length !== undefined && bytes.length !== length)) {
    throw new FingerprintError('KEY_SYNTAX', `needs ${length ?? 'some'} bytes as base64`, { field });
  }
  return bytes;
}

function member(object: unknown, name: string): unknown {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
  return Reflect.get(object, name);
}
