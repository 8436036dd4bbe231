import { createCipheriv, pbkdf2Sync, scryptSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { openPbes2 } from './pbes2.ts';

const oids = {
  pbes2: '2a864886f70d01050d',
  pbes1: '2a864886f70d010503',
  pbkdf2: '2a864886f70d01050c',
  scrypt: '2b06010401da47040b',
  sha256: '2a864886f70d0209',
  md5: '2a864886f70d0206',
  aes128: '60864801650304 0102'.replace(' ', ''),
  aes256: '60864801650304012a',
  des3: '2a864886f70d0307',
};
const der = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
  const body = Buffer.concat(parts);
  const head = body.length < 0x80 ? [tag, body.length] : [tag, 0x81, body.length];
  return Buffer.concat([Buffer.from(head), body]);
};
const seq = (...parts: readonly Uint8Array[]): Uint8Array => der(0x30, ...parts);
const oid = (hex: string): Uint8Array => der(0x06, Buffer.from(hex, 'hex'));
const octets = (bytes: Uint8Array): Uint8Array => der(0x04, bytes);
const integer = (n: number): Uint8Array => {
  const hex = n.toString(16);
  const even = hex.padStart(hex.length + (hex.length % 2), '0');
  return der(0x02, Buffer.from(/^[89a-f]/.test(even) ? `00${even}` : even, 'hex'));
};

const salt = Buffer.alloc(16, 7);
const iv = Buffer.alloc(16, 9);
const secret = seq(integer(0), octets(Buffer.alloc(32, 5)));

interface Parts {
  readonly scheme?: string;
  readonly kdf?: Uint8Array;
  readonly cipher?: Uint8Array;
  readonly encrypted?: Uint8Array;
}
const pbkdf2 = (iterations: number, hash?: string): Uint8Array =>
  seq(
    oid(oids.pbkdf2),
    seq(octets(salt), integer(iterations), ...(hash === undefined ? [] : [seq(oid(hash), der(0x05))])),
  );
const scrypt = (n: number, r = 8, p = 1): Uint8Array =>
  seq(oid(oids.scrypt), seq(octets(salt), integer(n), integer(r), integer(p)));
const aes256 = seq(oid(oids.aes256), octets(iv));
const file = ({ scheme = oids.pbes2, kdf = pbkdf2(1000), cipher = aes256, encrypted }: Parts): Uint8Array =>
  seq(seq(oid(scheme), seq(kdf, cipher)), octets(encrypted ?? Buffer.alloc(32)));
const sealed = (name: string, key: Uint8Array): Uint8Array => {
  const cipher = createCipheriv(name, key, iv);
  return Buffer.concat([cipher.update(secret), cipher.final()]);
};

describe('openPbes2', () => {
  it.each([
    ['PBKDF2, SHA-1 where none is named', pbkdf2(1000), pbkdf2Sync('pass', salt, 1000, 32, 'sha1')],
    ['PBKDF2 with SHA-256', pbkdf2(2048, oids.sha256), pbkdf2Sync('pass', salt, 2048, 32, 'sha256')],
    ['scrypt', scrypt(16384), scryptSync('pass', salt, 32, { N: 16384, r: 8, p: 1 })],
  ])('opens %s', (_name, kdf, key) => {
    const made = file({ kdf, encrypted: sealed('aes-256-cbc', key) });
    expect(Buffer.from(openPbes2(made, 'pass')).equals(secret)).toBe(true);
    expect(() => openPbes2(made, 'Pass')).toThrow(expect.objectContaining({ code: 'KEY_PASSPHRASE' }));
  });

  it('opens a shorter key of scrypt', () => {
    const key = scryptSync('pass', salt, 16, { N: 16384, r: 8, p: 1 });
    const cipher = seq(oid(oids.aes128), octets(iv));
    const made = file({ kdf: scrypt(16384), cipher, encrypted: sealed('aes-128-cbc', key) });
    expect(Buffer.from(openPbes2(made, 'pass')).equals(secret)).toBe(true);
  });

  it('takes no padding that happens to look right for an opened key', () => {
    const refusals = Array.from({ length: 600 }, (_, i) => {
      try {
        return openPbes2(file({ kdf: pbkdf2(1), encrypted: Buffer.alloc(48, i) }), `wrong ${i}`);
      } catch (error) {
        return (error as { code?: string }).code;
      }
    });
    expect(new Set(refusals)).toEqual(new Set(['KEY_PASSPHRASE']));
  });

  // Nothing is derived for these: the first would take a quarter of an hour, the others a terabyte or a week.
  it.each([
    ['2^31 iterations', file({ kdf: pbkdf2(2 ** 31) }), /costs.*2000000 iterations/],
    ['no iterations', file({ kdf: pbkdf2(0) }), /costs/],
    ['scrypt with N = 2^30', file({ kdf: scrypt(2 ** 30) }), /costs.*N = 2\^14/],
    ['scrypt with r = 1024', file({ kdf: scrypt(16384, 1024) }), /costs/],
    ['scrypt with p = 2^20', file({ kdf: scrypt(16384, 8, 2 ** 20) }), /costs/],
    ['PBES1', file({ scheme: oids.pbes1 }), /another scheme than PBES2.*openssl pkcs8/],
    ['another hash', file({ kdf: pbkdf2(1000, oids.md5) }), /another hash/],
    ['3DES', file({ cipher: seq(oid(oids.des3), octets(Buffer.alloc(8))) }), /AES in CBC mode/],
    ['a short vector', file({ cipher: seq(oid(oids.aes256), octets(Buffer.alloc(8))) }), /AES in CBC mode/],
    ['another derivation', file({ kdf: seq(oid(oids.aes256), seq()) }), /PBKDF2 and scrypt/],
    ['no salt', file({ kdf: seq(oid(oids.pbkdf2), seq(integer(1), integer(1))) }), /no DER of that form/],
    ['bytes behind the end', Buffer.concat([file({}), Buffer.alloc(1)]), /no DER of that form/],
    ['nothing', new Uint8Array(), /no DER of that form/],
    ['text', Buffer.from('hello'), /no DER of that form/],
  ])('refuses %s', (_name, bytes, message) => {
    expect(() => openPbes2(bytes, 'pass')).toThrow(
      expect.objectContaining({ code: 'KEY_SYNTAX', message: expect.stringMatching(message) }),
    );
  });
});
