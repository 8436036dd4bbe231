import { describe, expect, it } from 'vitest';
import { refuses } from '../test/fakes/signed.ts';
import { now, policy, testKey, vendor } from '../test/fakes/trust.ts';
import { addSignature } from './add-signature.ts';
import { policyPayloadType, seal, statementPayloadType } from './envelope.ts';
import type { PrivateKey } from './keys.ts';
import { readSignedPolicy, signTrustPolicy, verifyPolicyChain } from './policy-chain.ts';
import type { KeySet, RetiredKey, Revocations, TrustedKey, TrustPolicy } from './trust-policy.ts';
import { trustPolicyPayload } from './trust-policy-writer.ts';

const [a, b, c, d] = [11, 12, 13, 14].map(testKey) as [PrivateKey, PrivateKey, PrivateKey, PrivateKey];
const idOf = (key: PrivateKey): string => key.publicKey.keyId;
const setOf = (threshold: number, ...keys: PrivateKey[]): KeySet => ({ keys: keys.map(idOf), threshold });
const trusted = (...keys: PrivateKey[]): Map<string, TrustedKey> =>
  new Map([
    ...policy.keys,
    ...keys.map((k): [string, TrustedKey] => [idOf(k), { key: k.publicKey, owner: 'root' }]),
  ]);
const at = '2026-05-01T00:00:00Z';
const hash = `sha256:${'ab'.repeat(32)}`;

const first: TrustPolicy = { ...policy, keys: trusted(a, b, c), root: setOf(2, a, b, c) };
const next = (more: Partial<TrustPolicy> = {}, from = first): TrustPolicy => ({
  ...from,
  version: from.version + 1,
  ...more,
});
const signedBy = (what: TrustPolicy, first: PrivateKey, ...more: PrivateKey[]): Uint8Array =>
  more.reduce((bytes, key) => addSignature(bytes, [policyPayloadType], key), signTrustPolicy(what, first));
const revoked = (what: Partial<Revocations>): { revoked: Revocations } => ({
  revoked: { keys: new Map(), payloads: new Map(), minVersions: new Map(), ...what },
});
const retired = (...keys: [string, RetiredKey][]): { retired: Map<string, RetiredKey> } => ({
  retired: new Map(keys),
});

describe('a trust policy is followed', () => {
  it.each<[string, TrustPolicy, TrustPolicy, [PrivateKey, ...PrivateKey[]]]>([
    ['by its next version with enough root keys', first, next(), [a, b]],
    ['by one that more than enough signed', first, next(), [c, b, a]],
    [
      'by one with other root keys, signed by both',
      first,
      next({ keys: trusted(b, c, d), root: setOf(1, d) }),
      [a, b, d],
    ],
    ['by one after its own end', { ...first, expiresAt: at }, next(), [a, b]],
    ['by one that has ended already, for the one after it', first, next({ expiresAt: at }), [a, b]],
    [
      'by one that revokes more',
      first,
      next(revoked({ keys: new Map([[idOf(a), { at, reason: 'lost' }]]) })),
      [b, c],
    ],
    [
      'by one that signs its own revocation out',
      first,
      next(revoked({ keys: new Map([[idOf(a), { at, reason: 'lost' }]]) })),
      [a, b, c],
    ],
    [
      'by one that turns a retirement into a revocation',
      { ...first, ...retired([idOf(d), { at, keeps: [] }]) },
      next(revoked({ keys: new Map([[idOf(d), { at, reason: 'lost' }]]) })),
      [a, b],
    ],
  ])('%s', (_name, current, following, keys) => {
    expect(verifyPolicyChain(signedBy(following, ...keys), current, now)).toEqual(following);
  });

  const growing = {
    ...first,
    ...revoked({
      keys: new Map([[idOf(d), { at, reason: 'lost' }]]),
      payloads: new Map([[hash, { reason: 'bad' }]]),
      minVersions: new Map([['s', 7]]),
    }),
    ...retired(['ee'.repeat(32), { at, keeps: [] }]),
  };
  const { revoked: all } = growing;
  it.each<[string, string, TrustPolicy, TrustPolicy, [PrivateKey, ...PrivateKey[]]]>([
    ['the same again', 'POLICY_ROLLBACK', next(), next(), [a, b]],
    ['an older one', 'POLICY_ROLLBACK', next({}, next()), next(), [a, b]],
    [
      'another one of its version',
      'EQUIVOCATION',
      next(),
      next({ issuedAt: at, expiresAt: '2030-01-01T00:00:00Z' }),
      [a, b],
    ],
    ['one that leaves a version out', 'POLICY_CHAIN', first, next({}, next()), [a, b]],
    ['one root key too few', 'POLICY_CHAIN', first, next(), [a]],
    ['one root key twice', 'POLICY_CHAIN', first, next(), [a, a]],
    ['one root key and one that is none', 'POLICY_CHAIN', first, next(), [a, vendor]],
    ['strangers', 'UNKNOWN_KEY', first, next(), [testKey(99)]],
    [
      'the old root alone',
      'POLICY_CHAIN',
      first,
      next({ keys: trusted(b, c, d), root: setOf(1, d) }),
      [a, b],
    ],
    [
      'the new root alone',
      'POLICY_CHAIN',
      { ...first, keys: trusted(a, b, c, d) },
      next({ keys: trusted(d), root: setOf(1, d) }),
      [d],
    ],
    [
      'a root key that was taken back',
      'POLICY_CHAIN',
      { ...first, ...revoked({ keys: new Map([[idOf(a), { at, reason: 'lost' }]]) }) },
      next(revoked({ keys: new Map([[idOf(a), { at, reason: 'lost' }]]) })),
      [a, b],
    ],
    ['one without root keys', 'POLICY_CHAIN', first, withoutRoot(next()), [a, b]],
    ['anything where there are no root keys', 'POLICY_CHAIN', withoutRoot(first), next(), [a, b]],
    [
      'a key let in again',
      'POLICY_CHAIN',
      growing,
      next({ ...revoked({ ...all, keys: new Map() }) }, growing),
      [a, b],
    ],
    [
      'a document let in again',
      'POLICY_CHAIN',
      growing,
      next(revoked({ ...all, payloads: new Map() }), growing),
      [a, b],
    ],
    [
      'a version let in again',
      'POLICY_CHAIN',
      growing,
      next(revoked({ ...all, minVersions: new Map([['s', 6]]) }), growing),
      [a, b],
    ],
    [
      'a stream let in again',
      'POLICY_CHAIN',
      growing,
      next(revoked({ ...all, minVersions: new Map() }), growing),
      [a, b],
    ],
    ['a retired key back', 'POLICY_CHAIN', growing, next({ retired: new Map() }, growing), [a, b]],
    [
      'a key retired later than before',
      'POLICY_CHAIN',
      growing,
      next(retired(['ee'.repeat(32), { at: '2026-05-02T00:00:00Z', keeps: [] }]), growing),
      [a, b],
    ],
  ])('never by %s: %s', (_name, code, current, following, keys) => {
    expect(() => verifyPolicyChain(signedBy(following, ...keys), current, now)).toThrow(refuses(code));
  });

  it('never by what is no policy, whoever signed it', () => {
    const statement = seal(statementPayloadType, trustPolicyPayload(next()), [a, b]);
    expect(() => verifyPolicyChain(statement, first, now)).toThrow(refuses('PAYLOAD_TYPE'));
    for (const text of ['{}', '{"version":2,"version":3}', 'hello', '[]']) {
      const bytes = seal(policyPayloadType, new TextEncoder().encode(text), [a, b]);
      expect(() => verifyPolicyChain(bytes, first, now)).toThrow(refuses('POLICY_SYNTAX'));
    }
  });

  it('under root keys in their time', () => {
    const keys = new Map([...first.keys].map(([id, k]) => [id, { ...k, notAfter: at }]));
    const current = { ...first, keys };
    expect(() => verifyPolicyChain(signedBy(next({}, current), a, b), current, now)).toThrow(
      refuses('KEY_EXPIRED'),
    );
    expect(verifyPolicyChain(signedBy(next({}, current), a, b), current, Date.parse(at) - 1).version).toBe(2);
  });
});

describe('a signed policy', () => {
  it('is read without belief, and is the same however it was signed', () => {
    const [one, both] = [signedBy(next(), a), signedBy(next(), a, b)];
    expect(readSignedPolicy(one)).toEqual(readSignedPolicy(both));
    expect(readSignedPolicy(one).policy).toEqual(next());
  });

  it('gets each signature once', () => {
    const twice = signedBy(next(), a, b, a, b);
    expect(twice).toEqual(signedBy(next(), a, b));
    expect(JSON.parse(new TextDecoder().decode(twice)).signatures).toHaveLength(2);
  });
});

function withoutRoot({ root: _none, ...rest }: TrustPolicy): TrustPolicy {
  return rest;
}
