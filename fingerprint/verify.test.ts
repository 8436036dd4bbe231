import { describe, expect, it } from 'vitest';
import {
  baseline,
  commander,
  imageDigest,
  imageName,
  now,
  policy,
  signOptions,
  stranger,
  testKey,
  vendor,
} from '../test/fakes/trust.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { commandPayloadType, open, seal, statementPayloadType } from './envelope.ts';
import type { Baseline } from './fingerprint.ts';
import type { PrivateKey } from './keys.ts';
import { renderBundle } from './sigstore-bundle.ts';
import { type StatementOptions, statementBytes } from './statement.ts';
import { newTrustPolicy, type TrustPolicy } from './trust-policy.ts';
import { isVerified, type VerifyContext, verifyFingerprint } from './verify.ts';

type Json = Record<string, unknown>;
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);
const parse = (bytes: Uint8Array): Json => JSON.parse(new TextDecoder().decode(bytes));
const payload = statementBytes(baseline, signOptions);
const statement = parse(payload);
const predicate = parse(utf8(JSON.stringify(statement.predicate)));
const seals = (bytes: Uint8Array, ...keys: PrivateKey[]): Uint8Array =>
  seal(statementPayloadType, bytes, keys);
const signed = seals(payload, vendor);
/** Signed by the vendor, whatever it says. */
const says = (value: unknown): Uint8Array => seals(canonicalBytes(value), vendor);
const saysPredicate = (changes: Json): Uint8Array =>
  says({ ...statement, predicate: { ...predicate, ...changes } });
const version = (changes: Partial<StatementOptions>, from: Baseline = baseline): Uint8Array =>
  seals(statementBytes(from, { ...signOptions, ...changes }), vendor);
const verify = (bytes: Uint8Array, context: Partial<VerifyContext> = {}, by: TrustPolicy = policy) =>
  verifyFingerprint(bytes, by, { now, ...context });
const image = `${imageName}@${imageDigest}`;
const refuses = (code: string, field?: string): object =>
  expect.objectContaining(field === undefined ? { code } : { code, field });
const behaviour = parse(utf8(JSON.stringify(predicate.behaviour)));
const program = baseline.behaviour.programs[0];

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

describe('verifyFingerprint, step by step, refuses', () => {
  const behaves = (changes: Json): Uint8Array =>
    saysPredicate({ behaviour: { programs: [{ ...program, ...changes }] } });
  const subject = (...list: unknown[]): Uint8Array => says({ ...statement, subject: list });
  const rules = (...list: TrustPolicy['rules'][number][]): TrustPolicy => ({ ...policy, rules: list });
  const rule = {
    name: 'r',
    images: [imageName],
    signers: [stranger.publicKey.keyId],
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
    const seen = new Map([[imageName, { version: 8, digest: `sha256:${'0'.repeat(64)}` }]]);
    expect(() => verify(signed, { seen })).toThrow(refuses('ROLLBACK', 'predicate.version'));
    expect(() => verify(version({ version: 8 }), { seen })).toThrow(
      refuses('EQUIVOCATION', 'predicate.version'),
    );
    expect(verify(version({ version: 9 }), { seen }).fingerprint.version).toBe(9);
    const same = new Map([[imageName, { version: 7, digest: verify(signed).digest }]]);
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

describe('verifyFingerprint holds at alert, with a warning,', () => {
  const lossy = { ...baseline, observation: { ...baseline.observation, lost: 3 } };
  const stale: TrustPolicy = { ...policy, expiresAt: '2026-05-03T00:00:00Z' };
  it.each<[string, Uint8Array, string, TrustPolicy?]>([
    ['what expired', version({ expiresAt: '2026-05-03T12:00:00Z' }), 'EXPIRED'],
    ['what was learned with losses', version({}, lossy), 'EVENTS_LOST'],
    ['everything under an expired policy', signed, 'POLICY_EXPIRED', stale],
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
