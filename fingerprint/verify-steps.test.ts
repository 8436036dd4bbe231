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
import type { TrustPolicy } from './trust-policy.ts';

const { behaviour } = baseline;
const [program] = behaviour.programs;

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

  it.each<[string, Uint8Array, string, string?, TrustPolicy?]>([
    ['1 too many bytes', new Uint8Array(4 * 1024 * 1024 + 1), 'TOO_LARGE'],
    ['2 loose JSON', utf8('{"payload":1,"payload":2}'), 'ENVELOPE_SYNTAX'],
    ['3 another shape', utf8('{"payload":1}'), 'ENVELOPE_SHAPE'],
    ['3 no signature', utf8(JSON.stringify({ ...parse(signed), signatures: [] })), 'NO_SIGNATURE'],
    ['4 loose base64', utf8(JSON.stringify({ ...parse(signed), payload: 'e30= ' })), 'BASE64', 'payload'],
    ['5 an order', seal(commandPayloadType, payload, [vendor]), 'PAYLOAD_TYPE', 'payloadType'],
    ['7 a key nobody trusts', seals(payload, stranger), 'UNKNOWN_KEY'],
    ['7 a changed payload', utf8(JSON.stringify({ ...parse(signed), payload: 'e30=' })), 'BAD_SIGNATURE'],
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
    [
      '15 a time to come',
      version({ issuedAt: '2026-05-03T12:05:01Z' }),
      'NOT_YET_VALID',
      'predicate.issuedAt',
    ],
  ])('%s', (_name, bytes, code, field, by) => {
    expect(() => verify(bytes, {}, by)).toThrow(refuses(code, field));
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

  it.each([
    ['18 another digest', `${imageName}@sha256:${'0'.repeat(64)}`, 'DIGEST_MISMATCH'],
    ['18 another repository', `registry.example/shop/pay@${imageDigest}`, 'REPO_MISMATCH'],
    ['18 a reference that is none', 'cart:latest', 'SUBJECT'],
  ])('%s', (_name, running, code) => {
    expect(() => verify(signed, { image: running })).toThrow(refuses(code));
  });
});
