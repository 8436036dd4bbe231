import { describe, expect, it } from 'vitest';
import {
  type Json,
  parse,
  payload,
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
  imageDigest,
  imageName,
  policy,
  signOptions,
  stranger,
  vendor,
} from '../test/fakes/trust.ts';
import { commandPayloadType, seal } from './envelope.ts';
import { type ErrorCode, errorCodes } from './errors.ts';
import { signProvisional } from './provisional.ts';
import type { StreamState } from './stream-versions.ts';
import type { RetiredKey, TrustPolicy } from './trust-policy.ts';
import type { VerifyContext } from './verify.ts';

const { behaviour } = baseline;
const [program] = behaviour.programs;

/** Said elsewhere than in the verification of a fingerprint, and where. */
const elsewhere: Partial<Record<ErrorCode, string>> = {
  NOT_UTF8: 'reading a baseline; an envelope says ENVELOPE_SYNTAX',
  JSON_SYNTAX: 'reading a baseline; an envelope says ENVELOPE_SYNTAX',
  WEAK_KEY: 'loading a key or a trust policy: no such key ever gets as far as a signature',
  KEY_SYNTAX: 'loading a key',
  KEY_PASSPHRASE: 'loading a private key',
  EXPIRED: 'overlays and approvals; a fingerprint that expired alerts',
  BASE_MISSING: 'overlays',
  BASE_MISMATCH: 'overlays',
  OVERLAY_FORBIDDEN: 'overlays',
  APPROVAL_FORBIDDEN: 'approvals',
  NOT_APPROVED: 'what is in force without an approval',
  SECRET_FOUND: 'signing',
  POLICY_SYNTAX: 'loading a trust policy',
  POLICY_UNSAFE: 'loading a trust policy',
  POLICY_ROLLBACK: 'following a trust policy',
  POLICY_CHAIN: 'following a trust policy',
  STATE_IO: 'what whoever calls keeps of it',
};

describe('verifyFingerprint, step by step, refuses', () => {
  const behaves = (changes: Json): Uint8Array =>
    saysPredicate({ behaviour: { programs: [{ ...program, ...changes }] } });
  const subject = (...list: unknown[]): Uint8Array => says({ ...statement, subject: list });
  const rules = (...list: TrustPolicy['rules'][number][]): TrustPolicy => ({ ...policy, rules: list });
  const rule = {
    name: 'r',
    images: [imageName],
    sign: { keys: [stranger.publicKey.keyId], threshold: 1 },
    maxMode: 'kill',
  } as const;
  const twoKeys: TrustPolicy = {
    ...policy,
    keys: new Map([...policy.keys, [stranger.publicKey.keyId, { key: stranger.publicKey, owner: 'Other' }]]),
  };

  const at = '2026-05-03T00:00:00Z';
  const { digest } = verify(signed);
  const withKey = (window: object): TrustPolicy => {
    const [[id, key] = never()] = policy.keys;
    return { ...policy, keys: new Map([[id, { ...key, ...window }]]) };
  };
  const retires = (key: RetiredKey): TrustPolicy => ({
    ...policy,
    retired: new Map([[vendor.publicKey.keyId, key]]),
  });
  const revokes = (what: Partial<NonNullable<TrustPolicy['revoked']>>): TrustPolicy => ({
    ...policy,
    revoked: { keys: new Map(), payloads: new Map(), minVersions: new Map(), ...what },
  });
  const learnedScope = { cluster: 'c', namespace: 'n', owner: 'o', container: 'main', role: 'main' } as const;
  const learned = signProvisional(
    { ...baseline, scope: learnedScope },
    { workload: 'f'.repeat(64), version: 1, issuedAt: signOptions.issuedAt },
    stranger,
  ).envelope;
  const amd64 = { os: 'linux', architecture: 'amd64' };
  const forAmd64 = version({ platform: amd64 });
  const seen = (last: number): StreamState =>
    new Map([[verify(signed).stream, { version: last, digest: `sha256:${'0'.repeat(64)}` }]]);
  const twoOf: TrustPolicy = {
    ...twoKeys,
    rules: policy.rules.map((r) => ({
      ...r,
      sign: { keys: [vendor.publicKey.keyId, stranger.publicKey.keyId], threshold: 2 },
    })),
  };

  const table: [string, Uint8Array, ErrorCode, string?, TrustPolicy?, Partial<VerifyContext>?][] = [
    ['1 too many bytes', new Uint8Array(4 * 1024 * 1024 + 1), 'TOO_LARGE'],
    ['2 loose JSON', utf8('{"payload":1,"payload":2}'), 'ENVELOPE_SYNTAX'],
    ['3 another shape', utf8('{"payload":1}'), 'ENVELOPE_SHAPE'],
    ['3 no signature', utf8(JSON.stringify({ ...parse(signed), signatures: [] })), 'NO_SIGNATURE'],
    ['4 loose base64', utf8(JSON.stringify({ ...parse(signed), payload: 'e30= ' })), 'BASE64', 'payload'],
    [
      '3 more signatures than anybody needs',
      utf8(JSON.stringify({ ...parse(signed), signatures: Array(17).fill({ sig: 'AA==' }) })),
      'TOO_MANY_SIGNATURES',
      'signatures',
    ],
    [
      '3 a bundle of another version',
      utf8(
        JSON.stringify({
          mediaType: 'application/vnd.dev.sigstore.bundle+json;version=0.1',
          dsseEnvelope: {},
        }),
      ),
      'BUNDLE_UNSUPPORTED',
    ],
    ['5 an order', seal(commandPayloadType, payload, [vendor]), 'PAYLOAD_TYPE', 'payloadType'],
    [
      '6 a payload that was taken back',
      signed,
      'REVOKED_PAYLOAD',
      'payload',
      revokes({ payloads: new Map([[digest, { reason: 'learned during an incident' }]]) }),
    ],
    ['7 what a collector learned where nobody may learn', learned, 'NO_LEARNER', 'signatures'],
    ['7 a key nobody trusts', seals(payload, stranger), 'UNKNOWN_KEY'],
    ['7 a changed payload', utf8(JSON.stringify({ ...parse(signed), payload: 'e30=' })), 'BAD_SIGNATURE'],
    [
      '8 a key that was taken back',
      signed,
      'KEY_REVOKED',
      'signatures',
      revokes({ keys: new Map([[vendor.publicKey.keyId, { at, reason: 'laptop lost' }]]) }),
    ],
    ['8 a retired key', signed, 'KEY_RETIRED', 'signatures', retires({ at, keeps: [] })],
    [
      '8 a key before its time',
      signed,
      'KEY_NOT_YET_VALID',
      'signatures',
      withKey({ notBefore: '2027-01-01T00:00:00Z' }),
    ],
    ['8 a key after its time', signed, 'KEY_EXPIRED', 'signatures', withKey({ notAfter: at })],
    [
      '9 nothing but signatures that fail for different reasons',
      utf8(JSON.stringify({ ...parse(seals(payload, vendor, stranger)), payload: 'e30=' })),
      'NO_TRUSTED_SIGNATURE',
      'signatures',
    ],
    ['10 a payload that is no JSON', seals(utf8('hello'), vendor), 'PAYLOAD_SYNTAX', 'payload'],
    [
      '10 a payload with two members of one name',
      seals(utf8('{"_type":1,"_type":2}'), vendor),
      'PAYLOAD_SYNTAX',
    ],
    [
      '10 our own statement in another form',
      seals(utf8(JSON.stringify(statement, null, 1)), vendor),
      'NOT_CANONICAL',
    ],
    [
      '11 another statement type',
      says({ ...statement, _type: 'https://in-toto.io/Statement/v0.1' }),
      'STATEMENT_TYPE',
    ],
    [
      '11 another predicate',
      says({ ...statement, predicateType: 'https://slsa.dev/provenance/v1' }),
      'PREDICATE_TYPE',
    ],
    [
      '12 a newer form',
      saysPredicate({ spec: { minReader: 2, critical: [] } }),
      'READER_TOO_OLD',
      'predicate.spec.minReader',
    ],
    [
      '12 an unknown feature',
      saysPredicate({ spec: { minReader: 1, critical: ['x'] } }),
      'CRITICAL_UNKNOWN',
      'predicate.spec.critical',
    ],
    [
      '12 a feature that is no text',
      saysPredicate({ spec: { minReader: 1, critical: [1] } }),
      'CRITICAL_UNKNOWN',
    ],
    ['12 no spec', saysPredicate({ spec: null }), 'SCHEMA', 'predicate.spec'],
    ['12 an overlay', saysPredicate({ kind: 'overlay' }), 'SCHEMA', 'predicate.kind'],
    ['12 version 0', saysPredicate({ version: 0 }), 'SCHEMA', 'predicate.version'],
    ['12 version 1.5', saysPredicate({ version: 1.5 }), 'SCHEMA', 'predicate.version'],
    ['12 no stream', saysPredicate({ stream: '' }), 'SCHEMA', 'predicate.stream'],
    ['12 another form of time', saysPredicate({ issuedAt: 1 }), 'SCHEMA', 'predicate.issuedAt'],
    [
      '12 an end before its beginning',
      saysPredicate({ expiresAt: signOptions.issuedAt }),
      'SCHEMA',
      'predicate.expiresAt',
    ],
    [
      '12 a short predecessor',
      saysPredicate({ supersedes: { sha256: 'ab' } }),
      'SCHEMA',
      'predicate.supersedes.sha256',
    ],
    ['12 no coverage', saysPredicate({ coverage: null }), 'SCHEMA', 'predicate.coverage'],
    ['12 an unknown kind', saysPredicate({ coverage: ['dance'] }), 'SCHEMA', 'predicate.coverage[0]'],
    [
      '12 an unknown member in behaviour',
      saysPredicate({ behaviour: { ...behaviour, more: [] } }),
      'SCHEMA',
      'predicate.behaviour.more',
    ],
    [
      '12 an unknown constraint of a program',
      behaves({ argvSha256: 'x' }),
      'SCHEMA',
      'predicate.behaviour.programs[0].argvSha256',
    ],
    ['12 a parent nobody is', behaves({ parents: ['p9'] }), 'SCHEMA'],
    ['13 no subject', subject(), 'SUBJECT', 'subject'],
    [
      '13 a subject without sha256',
      subject({ name: imageName, digest: {} }),
      'SUBJECT',
      'subject[0].digest.sha256',
    ],
    [
      '13 upper-case hex',
      subject({ name: imageName, digest: { sha256: 'AB'.repeat(32) } }),
      'SUBJECT',
      'subject[0].digest',
    ],
    [
      '13 two names',
      subject(...['a', 'b'].map((name) => ({ name, digest: { sha256: '0'.repeat(64) } }))),
      'SUBJECT',
      'subject',
    ],
    ['14 an image no rule names', signed, 'NO_RULE', 'subject.name', rules({ ...rule, images: ['a/**'] })],
    ['14 a key of another rule', signed, 'KEY_NOT_ALLOWED', 'signatures', { ...twoKeys, rules: [rule] }],
    ['14 one signature where it takes two', signed, 'THRESHOLD', 'signatures', twoOf],
    ['14 one key twice where it takes two', seals(payload, vendor, vendor), 'THRESHOLD', 'signatures', twoOf],
    [
      '15 a time to come',
      version({ issuedAt: '2026-05-03T12:05:01Z' }),
      'NOT_YET_VALID',
      'predicate.issuedAt',
    ],
    [
      '16 a version below what the policy asks for',
      signed,
      'BELOW_MINIMUM',
      'predicate.version',
      revokes({ minVersions: new Map([[imageName, 8]]) }),
    ],
    ['16 an older version', signed, 'ROLLBACK', 'predicate.version', policy, { seen: seen(8) }],
    ['16 a second one of a version', signed, 'EQUIVOCATION', 'predicate.version', policy, { seen: seen(7) }],
    [
      '18 another digest',
      signed,
      'DIGEST_MISMATCH',
      'subject.digest',
      policy,
      { image: `${imageName}@sha256:${'0'.repeat(64)}` },
    ],
    [
      '18 another platform',
      forAmd64,
      'PLATFORM_MISMATCH',
      'predicate.platform',
      policy,
      { platform: { ...amd64, architecture: 'arm64' } },
    ],
    [
      '18 another repository',
      signed,
      'REPO_MISMATCH',
      'subject.name',
      policy,
      { image: `registry.example/shop/pay@${imageDigest}` },
    ],
    ['18 a reference that is none', signed, 'SUBJECT', '', policy, { image: 'cart:latest' }],
  ];

  it.each(table)('%s', (_name, bytes, code, field, by, context) => {
    expect(() => verify(bytes, context, by)).toThrow(refuses(code, field));
  });

  it('with every code there is, but those of other documents', () => {
    const tested = new Set(table.map(([, , code]) => code));
    expect(errorCodes.filter((code) => !tested.has(code)).toSorted()).toEqual(
      Object.keys(elsewhere).toSorted(),
    );
  });

  it('15 nothing within five minutes of difference between clocks', () => {
    expect(verify(version({ issuedAt: '2026-05-03T12:05:00Z' })).warnings).toEqual([]);
  });

  it('16 an older version than was accepted, and another of the same number', () => {
    const seen = new Map([[verify(signed).stream, { version: 8, digest: `sha256:${'0'.repeat(64)}` }]]);
    expect(() => verify(signed, { seen })).toThrow(refuses('ROLLBACK', 'predicate.version'));
    expect(() => verify(version({ version: 8 }), { seen })).toThrow(
      refuses('EQUIVOCATION', 'predicate.version'),
    );
    expect(verify(version({ version: 9 }), { seen }).fingerprint.version).toBe(9);
    const same = new Map([[verify(signed).stream, { version: 7, digest: verify(signed).digest }]]);
    expect(verify(signed, { seen: same }).fingerprint.version).toBe(7);
    expect(verify(version({ stream: 'other', version: 1 }), { seen }).fingerprint.version).toBe(1);
  });

  it('16 a minimum of one platform says nothing of another, one of the stream holds for all', () => {
    const least = (stream: string): TrustPolicy => revokes({ minVersions: new Map([[stream, 8]]) });
    expect(verify(forAmd64, {}, least(`${imageName}#linux/arm64`)).fingerprint.version).toBe(7);
    for (const stream of [imageName, `${imageName}#linux/amd64`])
      expect(() => verify(forAmd64, {}, least(stream))).toThrow(refuses('BELOW_MINIMUM'));
  });

  it('18 nothing where the platform is the same, or one of the two is not said', () => {
    for (const [bytes, platform] of [
      [forAmd64, amd64],
      [forAmd64, undefined],
      [signed, amd64],
    ] as const)
      expect(verify(bytes, platform === undefined ? {} : { platform }).maxMode).toBe('kill');
  });

  it('18 nothing in a mirror that the rule names, and any other repository still', () => {
    const mirror = 'mirror.example/shop/cart';
    const rules = policy.rules.map((r) => ({ ...r, mirrors: new Map([[mirror, imageName]]) }));
    const by = { ...policy, rules };
    const verified = verify(signed, { image: `${mirror}@${imageDigest}` }, by);
    expect([mirror, imageName, 'mirror.example/shop/pay'].map((name) => verified.runsAs(name))).toEqual([
      true,
      true,
      false,
    ]);
    expect(() => verify(signed, { image: `${mirror}@sha256:${'0'.repeat(64)}` }, by)).toThrow(
      refuses('DIGEST_MISMATCH'),
    );
    expect(() => verify(signed, { image: `mirror.example/shop/pay@${imageDigest}` }, by)).toThrow(
      refuses('REPO_MISMATCH'),
    );
  });
});

function never(): never {
  throw new Error('the policy of the tests has a key');
}
