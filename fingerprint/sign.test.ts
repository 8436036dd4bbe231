import { describe, expect, it } from 'vitest';
import { baseline, imageDigest, now, policy, signOptions, vendor } from '../test/fakes/trust.ts';
import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import type { Baseline } from './fingerprint.ts';
import { unpushedDigest } from './image-ref.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { type SignOptions, signFingerprint } from './sign.ts';
import { verifyFingerprint } from './verify.ts';

const sign = (changes: Partial<SignOptions> = {}, from: Baseline = baseline) =>
  signFingerprint(from, { ...signOptions, ...changes }, vendor);
const withArgs = (...args: string[]): Baseline => ({
  ...baseline,
  behaviour: { programs: baseline.behaviour.programs.map((p) => ({ ...p, args: [args] })) },
});

describe('signFingerprint', () => {
  it('gives the same bytes for the same input', () => {
    const shuffled = parseBaseline(
      JSON.parse(JSON.stringify(Object.fromEntries(Object.entries(baseline).reverse()))),
    );
    expect(sign({}, shuffled)).toEqual(sign());
  });

  it('makes an envelope and a bundle of one signature, named by the digest of the payload', () => {
    const { envelope, bundle, digest } = sign();
    const [a, b] = [envelope, bundle].map((bytes) => open(bytes, [statementPayloadType]));
    expect(a?.payload).toEqual(b?.payload);
    expect(a?.signatures[0]?.sig).toEqual(b?.signatures[0]?.sig);
    expect(digest).toBe(`sha256:${sha256Hex(a?.payload ?? new Uint8Array())}`);
  });

  it('writes every option into the statement', () => {
    const supersedes = `sha256:${'12'.repeat(32)}`;
    const { envelope } = sign({ supersedes, image: 'registry.example/shop/renamed' });
    const { fingerprint } = verifyFingerprint(envelope, policy, { now });
    expect(fingerprint).toMatchObject({ ...signOptions, supersedes });
    expect(fingerprint.subject).toEqual({ name: 'registry.example/shop/renamed', digest: imageDigest });
  });

  it('leaves out what was not given', () => {
    const { expiresAt: _none, ...options } = signOptions;
    const { envelope } = signFingerprint(baseline, options, vendor);
    const { fingerprint } = verifyFingerprint(envelope, policy, { now });
    expect(Object.keys(fingerprint)).not.toContain('expiresAt');
    expect(Object.keys(fingerprint)).not.toContain('supersedes');
  });

  it.each<[string, Partial<SignOptions>, string, string]>([
    [
      'an image of another digest',
      { image: `x@sha256:${'0'.repeat(64)}` },
      'DIGEST_MISMATCH',
      'subject.digest',
    ],
    ['an image that is no reference', { image: 'a b' }, 'SUBJECT', ''],
    ['a digest without a name', { image: imageDigest.replace('sha256:', '@sha256:') }, 'SUBJECT', ''],
    ['a predecessor that is no digest', { supersedes: 'sha256:12' }, 'SUBJECT', ''],
    ['version 0', { version: 0 }, 'SCHEMA', 'predicate.version'],
    ['another form of time', { issuedAt: '2026-05-02' }, 'SCHEMA', 'predicate.issuedAt'],
    ['an end before its beginning', { expiresAt: '2026-05-01T00:00:00Z' }, 'SCHEMA', 'predicate.expiresAt'],
    ['a stream with a control character', { stream: 'a\u0007' }, 'SCHEMA', 'predicate.stream'],
  ])('refuses %s', (_name, changes, code, field) => {
    expect(() => sign(changes)).toThrow(expect.objectContaining({ code, field }));
  });

  const index = { digest: `sha256:${'1'.repeat(64)}`, role: 'index' } as const;
  const learned = { digest: imageDigest, role: 'manifest' } as const;

  it('signs for every digest of the image, wherever among them the learned one is', () => {
    const { envelope } = sign({ subjects: [learned, index] });
    const verified = verifyFingerprint(envelope, policy, {
      now,
      image: `${baseline.subject.name}@${index.digest}`,
    });
    expect(verified.digests).toEqual([index.digest, imageDigest]);
  });

  it('fills in the digests of what was recorded before it was pushed, and signs it for nothing else', () => {
    const unpushed = { ...baseline, subject: { ...baseline.subject, digest: unpushedDigest } };
    expect(() => sign({}, unpushed)).toThrow(expect.objectContaining({ code: 'SUBJECT' }));
    const { envelope } = sign({ subjects: [index] }, unpushed);
    expect(verifyFingerprint(envelope, policy, { now }).digests).toEqual([index.digest]);
  });

  it('does not sign for an image that it was not learned from', () => {
    expect(() => sign({ subjects: [index] })).toThrow(
      expect.objectContaining({ code: 'DIGEST_MISMATCH', field: 'subject.digest' }),
    );
  });

  it('refuses what is too large to be read again', () => {
    const args = Array.from({ length: 5000 }, (_, i) => ['cart', `${i} ${'word '.repeat(200)}`]);
    const programs = baseline.behaviour.programs.map((p) => ({ ...p, args }));
    expect(() => sign({}, { ...baseline, behaviour: { programs } })).toThrow(
      expect.objectContaining({ code: 'TOO_LARGE' }),
    );
  });

  it('refuses a baseline with a secret until a person allows that one by its id', () => {
    const leaky = withArgs('cart', '--token', 'ghp_0123456789abcdefghijABCDEFGHIJ012345');
    const id = secretId(leaky);
    expect(id).not.toBe('');
    expect(() => sign({}, leaky)).toThrow(expect.objectContaining({ code: 'SECRET_FOUND' }));
    expect(() => sign({ allowSecrets: ['another'] }, leaky)).toThrow(
      expect.objectContaining({ code: 'SECRET_FOUND' }),
    );
    expect(sign({ allowSecrets: [id] }, leaky).digest).toMatch(/^sha256:/);
  });

  it('does not print the secret it found', () => {
    const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
    expect(() => sign({}, withArgs('cart', secret))).toThrow(expect.not.stringContaining(secret));
  });
});

/** The id as the message tells it to a person. */
function secretId(from: Baseline): string {
  try {
    sign({}, from);
    return '';
  } catch (error) {
    return /found: ([^;,)]+)/.exec(error instanceof Error ? error.message : '')?.[1] ?? '';
  }
}
