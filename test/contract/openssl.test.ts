import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { open, pae, statementPayloadType } from '../../fingerprint/envelope.ts';
import { needsPassphrase, openPrivateKey, privatePem, publicPem } from '../../fingerprint/keys.ts';
import { signFingerprint } from '../../fingerprint/sign.ts';
import { baseline, signOptions, stranger, vendor } from '../fakes/trust.ts';

/** Another implementation, by other people: what it says of our keys and signatures does not come from our code. */
const directory = mkdtempSync(join(tmpdir(), 'whorl-openssl-'));
afterAll(() => rmSync(directory, { recursive: true }));
const file = (name: string, content: string | Uint8Array): string => {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
};
const openssl = (...args: string[]): { ok: boolean; out: string } => {
  const { status, stdout } = spawnSync('openssl', args, { encoding: 'utf8' });
  return { ok: status === 0, out: stdout };
};

const signed = signFingerprint(baseline, signOptions, vendor);
const envelope = open(signed.envelope, [statementPayloadType]);
const message = pae(envelope.payloadType, envelope.payload);
const signature = file('signature', envelope.signatures[0]?.sig ?? '');
const publicKey = file('vendor.pub', publicPem(vendor.publicKey));
const verifies = (key: string, content: Uint8Array): boolean =>
  openssl(
    'pkeyutl',
    '-verify',
    '-pubin',
    '-inkey',
    key,
    '-rawin',
    '-in',
    file('message', content),
    '-sigfile',
    signature,
  ).ok;

describe('openssl', () => {
  it('is here and new enough for Ed25519 over whole messages', () => {
    expect(openssl('version').out).toMatch(/^OpenSSL 3\./);
  });

  it('verifies our signature over the pre-authentication encoding', () => {
    expect(verifies(publicKey, message)).toBe(true);
  });

  it('refuses it for a changed message and for another key', () => {
    const changed = Uint8Array.from(message);
    changed[changed.length - 1] = (changed[changed.length - 1] ?? 0) ^ 1;
    expect(verifies(publicKey, changed)).toBe(false);
    expect(verifies(file('stranger.pub', publicPem(stranger.publicKey)), message)).toBe(false);
    expect(verifies(publicKey, envelope.payload)).toBe(false);
  });

  it('makes the same signature with our key file', () => {
    const key = file('vendor.key', privatePem(vendor));
    const made = spawnSync('openssl', [
      'pkeyutl',
      '-sign',
      '-inkey',
      key,
      '-rawin',
      '-in',
      file('message', message),
    ]);
    expect(Buffer.from(made.stdout).equals(Buffer.from(envelope.signatures[0]?.sig ?? ''))).toBe(true);
  });

  it('makes keys that we read', () => {
    const pem = openssl('genpkey', '-algorithm', 'ed25519').out;
    const key = openPrivateKey(pem);
    expect(privatePem(key)).toBe(pem);
    expect(openssl('pkey', '-in', file('theirs.key', pem), '-pubout').out).toBe(publicPem(key.publicKey));
  });

  it.each([
    ['PBKDF2 as it does unasked', ['-v2', 'aes-256-cbc']],
    ['AES-128 and SHA-512', ['-v2', 'aes-128-cbc', '-v2prf', 'hmacWithSHA512', '-iter', '10000']],
    ['scrypt', ['-scrypt', '-v2', 'aes-256-cbc']],
    ['scrypt for AES-128', ['-scrypt', '-v2', 'aes-128-cbc']],
  ])('encrypts keys that we open: %s', (_how, how) => {
    const key = file('plain.key', privatePem(vendor));
    const pem = openssl('pkcs8', '-topk8', '-in', key, ...how, '-passout', 'pass:correct horse').out;
    expect(pem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(needsPassphrase(pem)).toBe(true);
    expect(openPrivateKey(pem, 'correct horse')).toEqual(vendor);
    expect(() => openPrivateKey(pem, 'correct house')).toThrow(/does not open/);
    expect(() => openPrivateKey(pem)).toThrow(/no passphrase/);
  });

  it('encrypts in ways that we say we do not read', () => {
    const key = file('plain.key', privatePem(vendor));
    const pem = openssl('pkcs8', '-topk8', '-in', key, '-v2', 'des3', '-passout', 'pass:correct horse').out;
    expect(() => openPrivateKey(pem, 'correct horse')).toThrow(/another cipher than AES in CBC mode/);
  });
});
