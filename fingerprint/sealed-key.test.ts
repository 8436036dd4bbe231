import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openSecret, sealSecret } from './sealed-key.ts';

const sealed = {
  kdf: { name: 'scrypt', params: { N: 32768, r: 8, p: 1 }, salt: Buffer.alloc(32).toString('base64') },
  cipher: { name: 'nacl/secretbox', nonce: Buffer.alloc(24).toString('base64') },
  ciphertext: Buffer.alloc(40).toString('base64'),
};
const open = (value: unknown): Uint8Array => openSecret(new TextEncoder().encode(JSON.stringify(value)), 'x');
const params = (p: object): object => ({
  ...sealed,
  kdf: { ...sealed.kdf, params: { N: 32768, r: 8, p: 1, ...p } },
});

describe('openSecret', () => {
  it('opens what sealSecret made', () => {
    const secret = Uint8Array.of(1, 2, 3);
    const box = sealSecret(secret, 'pass', (n) => new Uint8Array(n).fill(n));
    expect(openSecret(box, 'pass')).toEqual(secret);
    expect(() => openSecret(box, 'Pass')).toThrow(expect.objectContaining({ code: 'KEY_PASSPHRASE' }));
  });

  // Derivation is never begun for these: N = 2^30 would need a terabyte.
  it.each([
    ['N too large', params({ N: 2 ** 30 }), 'KEY_SYNTAX', 'kdf.params'],
    ['N too small', params({ N: 16384 }), 'KEY_SYNTAX', 'kdf.params'],
    ['N as text', params({ N: '32768' }), 'KEY_SYNTAX', 'kdf.params'],
    ['another r', params({ r: 1024 }), 'KEY_SYNTAX', 'kdf.params'],
    ['another p', params({ p: 1024 }), 'KEY_SYNTAX', 'kdf.params'],
    ['another kdf', { ...sealed, kdf: { ...sealed.kdf, name: 'pbkdf2' } }, 'KEY_SYNTAX', ''],
    ['another cipher', { ...sealed, cipher: { ...sealed.cipher, name: 'aes' } }, 'KEY_SYNTAX', ''],
    ['a short salt', { ...sealed, kdf: { ...sealed.kdf, salt: 'AAAA' } }, 'KEY_SYNTAX', 'kdf.salt'],
    [
      'a short nonce',
      { ...sealed, cipher: { ...sealed.cipher, nonce: 'AAAA' } },
      'KEY_SYNTAX',
      'cipher.nonce',
    ],
    ['no ciphertext', { kdf: sealed.kdf, cipher: sealed.cipher }, 'KEY_SYNTAX', 'ciphertext'],
    ['loose base64', { ...sealed, ciphertext: 'AA AA' }, 'BASE64', 'ciphertext'],
    ['an array', [], 'KEY_SYNTAX', ''],
    ['null', null, 'KEY_SYNTAX', ''],
  ])('refuses %s', (_name, value, code, field) => {
    expect(() => open(value)).toThrow(expect.objectContaining({ code, field }));
  });

  it('refuses a box that was changed', () => {
    expect(() => open(sealed)).toThrow(expect.objectContaining({ code: 'KEY_PASSPHRASE' }));
  });
});

/** Made by another implementation of scrypt and secretbox, in the form of cosign's key files. */
describe('the vectors', () => {
  const vectors = JSON.parse(
    readFileSync(new URL('../test/vectors/sealed-key.json', import.meta.url), 'utf8'),
  );
  const utf8 = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

  it.each(Object.entries(vectors.valid))('open with %s', (_name, value) => {
    expect(Buffer.from(openSecret(utf8(value), vectors.passphrase)).toString('base64')).toBe(
      vectors.plaintext,
    );
  });

  it.each(Object.entries(vectors.refused))('are refused with %s', (_name, value) => {
    expect(() => openSecret(utf8(value), vectors.passphrase)).toThrow(
      expect.objectContaining({ code: 'KEY_SYNTAX', field: 'kdf.params' }),
    );
  });
});
