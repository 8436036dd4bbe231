import { describe, expect, it } from 'vitest';
import { payload, refuses, seals, signed, verify } from '../test/fakes/signed.ts';
import { now, policy, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { acceptedKeys, commandKeysAt, countedKeys, meets } from './accepted-keys.ts';
import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import type { KeySet, TrustedKey, TrustPolicy, TrustRule } from './trust-policy.ts';

const [v, s, third] = [vendor, stranger, testKey(7)];
const [vId, sId, thirdId] = [v.publicKey.keyId, s.publicKey.keyId, third.publicKey.keyId];
const day = 24 * 60 * 60 * 1000;
const digest = `sha256:${sha256Hex(payload)}`;
const at = '2026-05-01T00:00:00Z';
const atMs = Date.parse(at);

/** Everybody is known here; what they may is for each test to say. */
const all = policyOf({});
function policyOf(
  more: Partial<TrustPolicy>,
  keys: Partial<Record<string, Partial<TrustedKey>>> = {},
): TrustPolicy {
  const trusted = [v, s, third].map(({ publicKey }): [string, TrustedKey] => [
    publicKey.keyId,
    { key: publicKey, owner: 'x', ...keys[publicKey.keyId] },
  ]);
  return { ...policy, keys: new Map(trusted), ...more };
}
const withRule = (rule: Partial<TrustRule>, more: Partial<TrustPolicy> = {}): TrustPolicy =>
  policyOf({ ...more, rules: policy.rules.map((r) => ({ ...r, ...rule })) });
const setOf = (threshold: number, ...keys: string[]): KeySet => ({ keys, threshold });
const accepted = (by: TrustPolicy, bytes = seals(payload, v, s), recorded?: number): readonly string[] =>
  acceptedKeys(open(bytes, [statementPayloadType]), by, { now, digest, recorded: () => recorded });

describe('acceptedKeys', () => {
  it('are those whose signature holds and still counts', () => {
    expect(accepted(all)).toEqual([vId, sId]);
    const revoked = {
      keys: new Map([[sId, { at, reason: 'lost' }]]),
      payloads: new Map(),
      minVersions: new Map(),
    };
    expect(accepted(policyOf({ revoked }))).toEqual([vId]);
  });

  it.each<[string, TrustPolicy, number | undefined, string | undefined]>([
    [
      'retired, and recorded before',
      policyOf({ retired: new Map([[vId, { at, keeps: [] }]]) }),
      atMs - 1,
      undefined,
    ],
    [
      'retired, and recorded that moment',
      policyOf({ retired: new Map([[vId, { at, keeps: [] }]]) }),
      atMs,
      'KEY_RETIRED',
    ],
    [
      'retired, and recorded after',
      policyOf({ retired: new Map([[vId, { at, keeps: [] }]]) }),
      atMs + 1,
      'KEY_RETIRED',
    ],
    [
      'retired, and never recorded',
      policyOf({ retired: new Map([[vId, { at, keeps: [] }]]) }),
      undefined,
      'KEY_RETIRED',
    ],
    [
      'retired, and kept by name',
      policyOf({ retired: new Map([[vId, { at, keeps: [digest] }]]) }),
      undefined,
      undefined,
    ],
    ['over, and recorded in its time', policyOf({}, { [vId]: { notAfter: at } }), atMs - 1, undefined],
    ['over, and recorded later', policyOf({}, { [vId]: { notAfter: at } }), atMs, 'KEY_EXPIRED'],
    ['over, and never recorded', policyOf({}, { [vId]: { notAfter: at } }), undefined, 'KEY_EXPIRED'],
    ['to come', policyOf({}, { [vId]: { notBefore: '2027-01-01T00:00:00Z' } }), now, 'KEY_NOT_YET_VALID'],
    ['begun', policyOf({}, { [vId]: { notBefore: at } }), undefined, undefined],
  ])('of a key that is %s', (_name, by, recorded, code) => {
    const keys = (): readonly string[] => accepted(by, signed, recorded);
    if (code === undefined) expect(keys()).toEqual([vId]);
    else expect(keys).toThrow(refuses(code, 'signatures'));
  });

  it('a revoked key loses what was recorded and kept too', () => {
    const revoked = {
      keys: new Map([[vId, { at, reason: 'lost' }]]),
      payloads: new Map(),
      minVersions: new Map(),
    };
    const by = policyOf({ revoked, retired: new Map([[vId, { at, keeps: [digest] }]]) });
    expect(() => accepted(by, signed, atMs - day)).toThrow(refuses('KEY_REVOKED', 'signatures'));
  });

  it('says that nothing is left when each is out for a reason of its own', () => {
    const revoked = {
      keys: new Map([[vId, { at, reason: 'lost' }]]),
      payloads: new Map(),
      minVersions: new Map(),
    };
    const by = policyOf({ revoked, retired: new Map([[sId, { at, keeps: [] }]]) });
    expect(() => accepted(by)).toThrow(refuses('NO_TRUSTED_SIGNATURE', 'signatures'));
  });

  it('never believe what a signer says of the time', () => {
    // Issued long before the key was retired, as whoever stole it would write.
    expect(() =>
      accepted(policyOf({ retired: new Map([[vId, { at: '2030-01-01T00:00:00Z', keeps: [] }]]) }), signed),
    ).toThrow(refuses('KEY_RETIRED'));
  });
});

describe('a threshold', () => {
  it.each<[string, KeySet, string[], boolean]>([
    ['two different ones', setOf(2, vId, sId), [vId, sId], true],
    ['one of two', setOf(2, vId, sId), [vId], false],
    ['one twice', setOf(2, vId, sId), [vId, vId], false],
    ['one of the set and one that is not', setOf(2, vId, sId), [vId, thirdId], false],
    ['two of three', setOf(2, vId, sId, thirdId), [thirdId, sId], true],
  ])('of two is met by %s: %#', (_name, set, ids, expected) => {
    expect(meets(set, ids, all)).toBe(expected);
  });

  it('counts keys and not their ids', () => {
    const twin: TrustedKey = { key: v.publicKey, owner: 'the same key under another id' };
    const by = { ...all, keys: new Map([...all.keys, ['another', twin]]) };
    expect(countedKeys(setOf(2, vId, 'another'), [vId, 'another'], by)).toEqual([vId]);
    expect(meets(setOf(2, vId, 'another'), [vId, 'another'], by)).toBe(false);
  });

  it('never counts a learner', () => {
    expect(meets(setOf(1, vId), [vId], { ...all, learnerKeys: [v.publicKey] })).toBe(false);
    const rule = { sign: setOf(2, vId, sId) };
    expect(() => verify(seals(payload, v, s), {}, withRule(rule, { learnerKeys: [s.publicKey] }))).toThrow(
      refuses('THRESHOLD', 'signatures'),
    );
  });

  it('of a rule takes different keys of that rule', () => {
    const by = withRule({ sign: setOf(2, vId, sId) });
    expect(verify(seals(payload, v, s, v), {}, by).signers.map((k) => k.keyId)).toEqual([vId, sId]);
    for (const bytes of [signed, seals(payload, v, v), seals(payload, v, third)])
      expect(() => verify(bytes, {}, by)).toThrow(refuses('THRESHOLD', 'signatures'));
    expect(() => verify(seals(payload, third), {}, by)).toThrow(refuses('KEY_NOT_ALLOWED', 'signatures'));
  });
});

describe('a ceiling', () => {
  const ceiling = ['shells', 'sensitive'] as const;
  it.each<[string, Partial<TrustRule>, Uint8Array, readonly string[]]>([
    ['holds a vendor', { approve: setOf(1, sId) }, signed, ceiling],
    ['does not hold who approves for the site', { approve: setOf(1, vId) }, signed, []],
    ['does not hold what an approver signed too', { approve: setOf(1, sId) }, seals(payload, v, s), []],
    [
      'holds while too few approvers signed',
      { approve: setOf(2, sId, thirdId) },
      seals(payload, v, s),
      ceiling,
    ],
    ['holds where nobody approves', {}, signed, ceiling],
  ])('%s', (_name, rule, bytes, expected) => {
    const { approve: _none, ...bare } = policy.rules[0] ?? { sign: setOf(1, vId) };
    const by = policyOf({
      rules: [{ name: 'r', images: ['**'], maxMode: 'kill', ...bare, ceiling, ...rule }],
    });
    expect(verify(bytes, {}, by).ceiling).toEqual(expected);
  });
});

describe('commandKeysAt', () => {
  it('leaves out keys that were taken back, retired or have run out', () => {
    const commandKeys = [v.publicKey, s.publicKey, third.publicKey];
    const revoked = {
      keys: new Map([[vId, { at, reason: 'lost' }]]),
      payloads: new Map(),
      minVersions: new Map(),
    };
    const by = policyOf(
      { commandKeys, revoked, retired: new Map([[sId, { at, keeps: [] }]]) },
      { [thirdId]: { notAfter: '2027-01-01T00:00:00Z' } },
    );
    expect(commandKeysAt(by, now)).toEqual([third.publicKey]);
    expect(commandKeysAt(by, Date.parse('2027-01-01T00:00:00Z'))).toEqual([]);
    expect(commandKeysAt(all, now)).toEqual(all.commandKeys);
  });
});
