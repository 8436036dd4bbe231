import { createPrivateKey, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { sha256Hex } from './digest.ts';
import {
  generateKey,
  needsPassphrase,
  openPrivateKey,
  parsePublicPem,
  privatePem,
  publicFromSpki,
  publicPem,
  sealPrivateKey,
} from './keys.ts';
import { formatPem } from './pem.ts';
import { verifySignature } from './signatures.ts';

const counting = (n: number): Uint8Array => Uint8Array.from({ length: n }, (_, i) => i);
const key = generateKey(counting);
const code = (c: string, message = /./): object =>
  expect.objectContaining({ code: c, message: expect.stringMatching(message) });

describe('key files', () => {
  it('come back as they were written', () => {
    expect(parsePublicPem(publicPem(key.publicKey))).toEqual(key.publicKey);
    expect(openPrivateKey(privatePem(key))).toEqual(key);
    expect(needsPassphrase(privatePem(key))).toBe(false);
  });

  it('are the standard forms that node:crypto writes', () => {
    expect(createPublicKey(publicPem(key.publicKey)).export({ type: 'spki', format: 'pem' })).toBe(
      publicPem(key.publicKey),
    );
    expect(createPrivateKey(privatePem(key)).export({ type: 'pkcs8', format: 'pem' })).toBe(privatePem(key));
  });

  it('are encrypted with the passphrase and open with that one only', () => {
    const sealed = sealPrivateKey(key, 'correct horse', counting);
    expect(sealed).toMatch(/^-----BEGIN ENCRYPTED SIGSTORE PRIVATE KEY-----\n/);
    expect(needsPassphrase(sealed)).toBe(true);
    expect(openPrivateKey(sealed, 'correct horse')).toEqual(key);
    expect(openPrivateKey(sealed.replaceAll('SIGSTORE', 'COSIGN'), 'correct horse')).toEqual(key);
    expect(() => openPrivateKey(sealed, 'correct house')).toThrow(code('KEY_PASSPHRASE', /does not open/));
    expect(() => openPrivateKey(sealed)).toThrow(code('KEY_PASSPHRASE', /no passphrase/));
  });

  it('have an id that is the sha256 of the SPKI', () => {
    expect(key.publicKey.keyId).toMatch(/^[0-9a-f]{64}$/);
    expect(key.publicKey.spki).toHaveLength(44);
  });
});

describe('a P-256 public key', () => {
  const pair = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const spki = (change: (point: Uint8Array) => void): Uint8Array => {
    const der = Uint8Array.from(parsePublicPem(pem).spki);
    change(der.subarray(26));
    return der;
  };

  it('is read, and written back as it was', () => {
    const read = parsePublicPem(pem);
    expect(read).toMatchObject({ algorithm: 'ecdsa-p256-sha256', keyId: sha256Hex(read.spki) });
    expect(read.spki).toHaveLength(91);
    expect(read.raw).toHaveLength(65);
    expect(publicPem(read)).toBe(pem);
    expect(key.publicKey.algorithm).toBe('ed25519');
  });

  it('verifies what it signed, as DER and as r and s', () => {
    const message = Buffer.from('sign me');
    for (const dsaEncoding of ['der', 'ieee-p1363'] as const) {
      const signature = sign('sha256', message, { key: pair.privateKey, dsaEncoding });
      expect(verifySignature(parsePublicPem(pem), message, signature)).toBe(true);
      expect(verifySignature(parsePublicPem(pem), Buffer.from('sign us'), signature)).toBe(false);
      expect(verifySignature(key.publicKey, message, signature)).toBe(false);
    }
  });

  it.each([
    ['off the curve', spki((p) => p.set([(p[64] ?? 0) ^ 1], 64)), 'WEAK_KEY', /P-256 key \(off-curve\)/],
    ['hybrid', spki((p) => p.set([6 + ((p[64] ?? 0) & 1)])), 'WEAK_KEY', /\(form\)/],
    ['compressed', spki(() => undefined).slice(0, 59), 'KEY_SYNTAX', /44 or 91 bytes/],
    ['with a byte more', Uint8Array.from([...spki(() => undefined), 0]), 'KEY_SYNTAX', /44 or 91 bytes/],
    [
      'on another curve',
      new Uint8Array(
        generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'der' }),
      ),
      'KEY_SYNTAX',
      /44 or 91 bytes/,
    ],
  ])('is refused %s', (_name, der, errorCode, message) => {
    expect(() => publicFromSpki(der)).toThrow(code(errorCode, message));
  });
});

describe('parsePublicPem', () => {
  const good = publicPem(key.publicKey);
  const der = (...bytes: number[]): string => formatPem('PUBLIC KEY', Uint8Array.from(bytes));
  const p256 = formatPem(
    'PUBLIC KEY',
    Uint8Array.from({ length: 91 }, () => 0x30),
  );
  const weak = formatPem(
    'PUBLIC KEY',
    Uint8Array.from([...key.publicKey.spki.slice(0, 12), 1, ...new Uint8Array(31)]),
  );

  it.each([
    ['nothing', '', 'KEY_SYNTAX', /no key file/],
    ['a truncated file', good.slice(0, 60), 'KEY_SYNTAX', /no key file/],
    ['text before the block', `hello\n${good}`, 'KEY_SYNTAX', /no key file/],
    ['two blocks', good + good, 'KEY_SYNTAX', /no key file/],
    ['labels that differ', good.replace('END PUBLIC', 'END PRIVATE'), 'KEY_SYNTAX', /no key file/],
    ['a private key', privatePem(key), 'KEY_SYNTAX', /private key where the public/],
    ['a certificate', formatPem('CERTIFICATE', counting(8)), 'KEY_SYNTAX', /holds a CERTIFICATE/],
    ['a key of another kind', p256, 'KEY_SYNTAX', /not an Ed25519 or P-256 public key/],
    ['a short key', der(0x30, 0x2a), 'KEY_SYNTAX', /not an Ed25519 or P-256 public key/],
    ['a key of small order', weak, 'WEAK_KEY', /small-order/],
    ['a huge file', 'x'.repeat(20_000), 'KEY_SYNTAX', /at most 16384/],
    ['base64 with a spare character', good.replace('\n-----END', '=\n-----END'), 'BASE64', /strict base64/],
  ])('refuses %s', (_name, text, errorCode, message) => {
    expect(() => parsePublicPem(text)).toThrow(code(errorCode, message));
  });
});

describe('openPrivateKey', () => {
  it.each([
    ['a public key', publicPem(key.publicKey), /public key where the private/],
    [
      'another kind of encryption',
      formatPem('ENCRYPTED PRIVATE KEY', counting(9)),
      /encrypted in a way that is not read.*openssl pkcs8/,
    ],
    [
      'another kind of key',
      formatPem('PRIVATE KEY', counting(48)),
      /not an Ed25519 private key.*whorl export/,
    ],
    ['another kind of file', formatPem('EC PRIVATE KEY', counting(48)), /holds a EC PRIVATE KEY/],
  ])('refuses %s', (_name, text, message) => {
    expect(() => openPrivateKey(text, 'x')).toThrow(code('KEY_SYNTAX', message));
  });
});
