import { describe, expect, it } from 'vitest';
import {
  image,
  parse,
  payload,
  predicate,
  refuses,
  says,
  saysPredicate,
  seals,
  signed,
  statement,
  utf8,
  verify,
  version,
} from '../test/fakes/signed.ts';
import {
  baseline,
  commander,
  imageDigest,
  imageName,
  policy,
  stranger,
  testKey,
  vendor,
} from '../test/fakes/trust.ts';
import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { newTrustPolicy } from './new-trust-policy.ts';
import { renderBundle } from './sigstore-bundle.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { isVerified } from './verify.ts';

describe('verifyFingerprint accepts', () => {
  it('what the vendor signed, and says all about it', () => {
    const verified = verify(signed, { image });
    expect(verified.fingerprint).toMatchObject({
      subject: baseline.subject,
      behaviour: baseline.behaviour,
      coverage: baseline.coverage,
      observation: baseline.observation,
      stream: imageName,
      version: 7,
    });
    expect(verified).toMatchObject({
      digest: `sha256:${sha256Hex(payload)}`,
      signers: [{ keyId: vendor.publicKey.keyId, owner: 'Shop Inc' }],
      rule: 'default',
      maxMode: 'kill',
      warnings: [],
    });
  });

  it('the same signature as a Sigstore bundle, with the same digest', () => {
    const signature = open(signed, [statementPayloadType]).signatures[0]?.sig ?? new Uint8Array();
    const bundle = renderBundle({ payloadType: statementPayloadType, payload, signature }, vendor.publicKey);
    expect(verify(bundle).digest).toBe(verify(signed).digest);
  });

  it('a second signature by someone unknown beside the right one', () => {
    expect(verify(seals(payload, stranger, vendor)).signers).toHaveLength(1);
  });

  it('a foreign statement that is not in canonical form', () => {
    const { producer: _ours, ...foreign } = predicate;
    const text = JSON.stringify({ ...statement, predicate: foreign }, null, 2);
    expect(verify(seals(utf8(text), vendor)).maxMode).toBe('kill');
  });

  it('members it does not know outside of behaviour', () => {
    expect(verify(says({ ...statement, note: 1, predicate: { ...predicate, ticket: 'X-1' } })).maxMode).toBe(
      'kill',
    );
  });

  it('several digests of one image, and binds to any of them', () => {
    const other = 'cd'.repeat(32);
    const subject = [
      { name: imageName, digest: { sha256: other }, annotations: { role: 'index' } },
      ...[statement.subject].flat(),
    ];
    const bytes = says({ ...statement, subject });
    expect(verify(bytes, { image }).digests).toEqual([`sha256:${other}`, imageDigest]);
    expect(verify(bytes, { image: `${imageName}@sha256:${other}` }).maxMode).toBe('kill');
  });
});

describe('verifyFingerprint holds at alert, with a warning,', () => {
  const lossy = { ...baseline, observation: { ...baseline.observation, lost: 3 } };
  const brief: TrustPolicy = { ...policy, rules: policy.rules.map((r) => ({ ...r, maxAgeDays: 2 })) };
  const stale: TrustPolicy = { ...policy, expiresAt: '2026-05-03T00:00:00Z' };
  it.each<[string, Uint8Array, string, TrustPolicy?]>([
    ['what expired', version({ expiresAt: '2026-05-03T12:00:00Z' }), 'EXPIRED'],
    ['what was learned with losses', version({}, lossy), 'EVENTS_LOST'],
    ['everything under an expired policy', signed, 'POLICY_EXPIRED', stale],
    ['what was signed too long ago', version({ issuedAt: '2026-05-01T09:00:00Z' }), 'TOO_OLD', brief],
  ])('%s', (_name, bytes, code, by) => {
    const verified = verify(bytes, {}, by);
    expect(verified.maxMode).toBe('alert');
    expect(verified.warnings.map((w) => w.code)).toEqual([code]);
  });

  it('and never raises what the rule allows', () => {
    const observe = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'x',
      image: '**',
      maxMode: 'observe',
      issuedAt: '2026-05-01T00:00:00Z',
    });
    expect(verify(version({}, lossy), {}, observe).maxMode).toBe('observe');
  });
});

/** The rows of the threat table that this part answers. */
describe('attacks', () => {
  it('strip signature: unsigned is never accepted', () => {
    const { signatures: _gone, ...unsigned } = parse(signed);
    expect(() => verify(utf8(JSON.stringify(unsigned)))).toThrow(refuses('ENVELOPE_SHAPE'));
    expect(() => verify(payload)).toThrow(refuses('ENVELOPE_SHAPE'));
    expect(() => verify(utf8(JSON.stringify(baseline)))).toThrow(/is an unsigned baseline/);
  });

  it('swap in another key inside the object: keys come from the policy only', () => {
    const key = testKey(66);
    const envelope = {
      ...parse(seals(payload, key)),
      publicKey: Buffer.from(key.publicKey.spki).toString('base64'),
    };
    expect(() => verify(utf8(JSON.stringify(envelope)))).toThrow(refuses('UNKNOWN_KEY'));
  });

  it("vendor A signs for B's image: neither the rule nor the binding lets it pass", () => {
    const foreign = { ...baseline, subject: { name: 'registry.example/shop/evil', digest: imageDigest } };
    expect(() => verify(version({}, foreign), { image })).toThrow(refuses('REPO_MISMATCH'));
    const elsewhere = { ...baseline, subject: { name: 'registry.example/bank/vault', digest: imageDigest } };
    expect(() => verify(version({}, elsewhere), { image })).toThrow(refuses('NO_RULE'));
  });

  it("one vendor counts another's stream up: streams belong to the name they are signed for", () => {
    const squatter = { ...baseline, subject: { name: 'registry.example/shop/evil', digest: imageDigest } };
    const high = verify(version({ stream: imageName, version: 999 }, squatter));
    const seen = new Map([[high.stream, { version: 999, digest: high.digest }]]);
    expect(verify(signed, { seen }).fingerprint.version).toBe(7);
    expect(high.stream).not.toBe(verify(signed).stream);
  });

  it('same key twice: counts once', () => {
    expect(verify(seals(payload, vendor, vendor)).signers).toHaveLength(1);
  });

  it('a command key signs a fingerprint: a role is not a rule', () => {
    const both = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'x',
      image: '**',
      maxMode: 'kill',
      commandKey: commander.publicKey,
      issuedAt: '2026-05-01T00:00:00Z',
    });
    expect(() => verify(seals(payload, commander), {}, both)).toThrow(refuses('KEY_NOT_ALLOWED'));
  });

  it('found passes for verified: only verification makes the type', () => {
    const verified = verify(signed);
    expect(isVerified(verified)).toBe(true);
    expect(isVerified({ ...verified })).toBe(false);
    expect(isVerified(Object.create(verified))).toBe(false);
    expect(isVerified(null)).toBe(false);
    expect(() => Object.assign(verified, { maxMode: 'kill' })).toThrow(TypeError);
  });

  it('hidden text: names with control characters are refused, not shown', () => {
    expect(() => verify(saysPredicate({ stream: 'a\u001b[2J' }))).toThrow(
      refuses('SCHEMA', 'predicate.stream'),
    );
    const odd = verifyMessage(saysPredicate({ behaviour: { '\u001b[2J\u202e': 1 } }));
    expect(odd).not.toBe('');
    for (const hidden of ['\u001b', '\u202e']) expect(odd).not.toContain(hidden);
  });
});

function verifyMessage(bytes: Uint8Array): string {
  try {
    verify(bytes);
    return '';
  } catch (error) {
    return error instanceof Error && 'field' in error ? `${error.field} ${error.message}` : '';
  }
}
