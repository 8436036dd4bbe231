import { describe, expect, it } from 'vitest';
import { commander, policy, stranger, vendor } from '../test/fakes/trust.ts';
import { encodeBase64 } from './base64.ts';
import { sha256Hex } from './digest.ts';
import { matchesImage } from './image-pattern.ts';
import { newTrustPolicy, parseTrustPolicy, ruleFor, trustPolicyDocument } from './trust-policy.ts';

const id = vendor.publicKey.keyId;
const entry = { algorithm: 'ed25519', spki: encodeBase64(vendor.publicKey.spki), owner: 'Shop Inc' };
const rule = { name: 'all', images: ['**'], sign: { keys: [id], threshold: 1 }, maxMode: 'alert' };
const good = {
  _type: 'https://whorl.dev/attestation/trust-policy/v1',
  version: 3,
  issuedAt: '2026-05-01T00:00:00Z',
  keys: { [id]: entry },
  rules: [rule],
};
const problem = (value: unknown): { code: string; message: string } => {
  try {
    parseTrustPolicy(value);
  } catch (error) {
    if (error instanceof Error && 'code' in error)
      return { code: String(error.code), message: error.message };
  }
  return { code: 'none', message: '' };
};
const weakSpki = Uint8Array.from([...vendor.publicKey.spki.slice(0, 12), 1, ...new Uint8Array(31)]);
const weak = { [sha256Hex(weakSpki)]: { ...entry, spki: encodeBase64(weakSpki) } };

describe('parseTrustPolicy', () => {
  it('reads a policy and gives back its document', () => {
    const document = {
      ...good,
      expiresAt: '2027-01-01T00:00:00Z',
      roles: { command: { keys: [id], threshold: 1 } },
    };
    const read = parseTrustPolicy(document);
    expect(read.keys.get(id)).toEqual({ key: vendor.publicKey, owner: 'Shop Inc' });
    expect(read.commandKeys).toEqual([vendor.publicKey]);
    expect(read.rules).toEqual([
      { name: 'all', images: ['**'], sign: { keys: [id], threshold: 1 }, maxMode: 'alert' },
    ]);
    expect(trustPolicyDocument(read)).toEqual(document);
    expect(parseTrustPolicy(good).commandKeys).toEqual([]);
  });

  it.each<[string, unknown, RegExp]>([
    ['text', 'x', /must be an object/],
    [
      'an envelope',
      { payload: '', payloadType: '', signatures: [] },
      /is a signed envelope, not a trust policy/,
    ],
    ['a baseline', { format: 'whorl-baseline/v1' }, /is an unsigned baseline, not a trust policy/],
    ['an unknown member', { ...good, revoked: {} }, /^revoked is not known here/],
    ['another type', { ...good, _type: 'x' }, /^_type must be one of/],
    ['version 0', { ...good, version: 0 }, /^version must be a whole number/],
    ['no date', { ...good, issuedAt: 'today' }, /^issuedAt must be a time/],
    ['a bad end', { ...good, expiresAt: '2027' }, /^expiresAt must be a time/],
    ['no keys', { ...good, keys: {} }, /^keys must hold at least one key/],
    [
      'a wrong id',
      { ...good, keys: { [id]: { ...entry, spki: encodeBase64(stranger.publicKey.spki) } } },
      /spki does not belong/,
    ],
    [
      'another algorithm',
      { ...good, keys: { [id]: { ...entry, algorithm: 'rsa' } } },
      /algorithm must be one of ed25519/,
    ],
    ['loose base64', { ...good, keys: { [id]: { ...entry, spki: 'AA AA' } } }, /spki is not strict base64/],
    ['a key without owner', { ...good, keys: { [id]: { ...entry, owner: '' } } }, /owner must be a text/],
    ['an unknown role', { ...good, roles: { root: {} } }, /^roles.root is not known/],
    [
      'a command key nobody listed',
      { ...good, roles: { command: { keys: ['x'], threshold: 1 } } },
      /^roles.command.keys\[0\]/,
    ],
    ['no rules', { ...good, rules: [] }, /^rules must hold at least one rule/],
    ['two rules of one name', { ...good, rules: [rule, rule] }, /two rules with the name all/],
    [
      'a threshold of 2',
      { ...good, rules: [{ ...rule, sign: { keys: [id], threshold: 2 } }] },
      /^rules\[0\].sign.threshold must be 1/,
    ],
    [
      'nobody to sign',
      { ...good, rules: [{ ...rule, sign: { keys: [], threshold: 1 } }] },
      /must name at least one key/,
    ],
    [
      'an unknown signer',
      { ...good, rules: [{ ...rule, sign: { keys: ['x'], threshold: 1 } }] },
      /sign.keys\[0\] must be the id/,
    ],
    [
      'a constraint nobody reads',
      { ...good, rules: [{ ...rule, maxAgeDays: 3 }] },
      /^rules\[0\].maxAgeDays is not known/,
    ],
    [
      'another mode',
      { ...good, rules: [{ ...rule, maxMode: 'destroy' }] },
      /maxMode must be one of observe, alert/,
    ],
    ['no images', { ...good, rules: [{ ...rule, images: [] }] }, /must name at least one image/],
    ...['*', 'a*', 'a/*/b', 'a**', '**/a', 'a/**/b', '', 'a b', `a@sha256:${'0'.repeat(64)}`].map(
      (pattern): [string, unknown, RegExp] => [
        `the pattern ${pattern}`,
        { ...good, rules: [{ ...rule, images: [pattern] }] },
        /^rules\[0\].images\[0\] must be a name/,
      ],
    ),
  ])('refuses %s', (_name, value, message) => {
    expect(problem(value)).toEqual({ code: 'POLICY_SYNTAX', message: expect.stringMatching(message) });
  });

  it('tells all problems at once', () => {
    const { message } = problem({
      ...good,
      version: 'x',
      extra: 1,
      keys: {},
      rules: [{ ...rule, maxMode: 1, name: '' }],
    });
    for (const part of [
      'extra',
      'version',
      'keys must',
      'rules[0].name',
      'rules[0].maxMode',
      'rules[0].sign.keys[0]',
    ]) {
      expect(message).toContain(part);
    }
  });

  it('does not let a hostile file write pages of complaints', () => {
    const rules = Array.from({ length: 500 }, () => ({ ...rule, maxMode: 'x' }));
    expect(problem({ ...good, rules }).message).toMatch(/; and 480 more$/);
  });

  it('refuses a weak key when it is loaded, with the code of weak keys', () => {
    expect(problem({ ...good, keys: { ...good.keys, ...weak } })).toMatchObject({ code: 'WEAK_KEY' });
    expect(problem({ ...good, version: 0, keys: { ...good.keys, ...weak } })).toMatchObject({
      code: 'POLICY_SYNTAX',
    });
  });
});

describe('newTrustPolicy', () => {
  it('makes a policy that reads back the same', () => {
    const made = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'Shop Inc',
      image: 'registry.example/shop/**',
      maxMode: 'kill',
      commandKey: commander.publicKey,
      issuedAt: '2026-05-01T00:00:00Z',
    });
    expect(parseTrustPolicy(JSON.parse(JSON.stringify(trustPolicyDocument(made))))).toEqual(made);
    expect(made.commandKeys).toEqual([commander.publicKey]);
  });

  it('refuses a pattern that would not be read', () => {
    const options = {
      signer: vendor.publicKey,
      owner: 'x',
      maxMode: 'alert',
      issuedAt: '2026-05-01T00:00:00Z',
    } as const;
    expect(() => newTrustPolicy({ ...options, image: '*' })).toThrow(/rules\[0\].images\[0\]/);
  });
});

describe('rules', () => {
  it.each([
    ['**', 'anything/at/all', true],
    ['a/b', 'a/b', true],
    ['a/b', 'a/b/c', false],
    ['a/b', 'a/bc', false],
    ['a/**', 'a/b', true],
    ['a/**', 'a/b/c', true],
    ['a/**', 'a', false],
    ['a/**', 'ab/c', false],
    ['a/**', 'A/b', false],
  ])('%s matches %s: %s', (pattern, name, expected) => expect(matchesImage(pattern, name)).toBe(expected));

  it('end at the first that matches', () => {
    const rules = [
      { name: 'cart', images: ['a/cart'], sign: { keys: [id], threshold: 1 }, maxMode: 'observe' },
      { name: 'rest', images: ['a/**'], sign: { keys: [id], threshold: 1 }, maxMode: 'kill' },
    ] as const;
    expect(ruleFor({ ...policy, rules }, 'a/cart').name).toBe('cart');
    expect(ruleFor({ ...policy, rules }, 'a/shop').name).toBe('rest');
    expect(() => ruleFor({ ...policy, rules }, 'b/shop')).toThrow(
      expect.objectContaining({ code: 'NO_RULE' }),
    );
  });
});
