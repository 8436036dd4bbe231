import { describe, expect, it } from 'vitest';
import { commander, policy, stranger, vendor } from '../test/fakes/trust.ts';
import { encodeBase64 } from './base64.ts';
import { sha256Hex } from './digest.ts';
import { coversPattern, matchesImage } from './image-pattern.ts';
import { type NewTrustPolicy, newTrustPolicy } from './new-trust-policy.ts';
import { parseTrustPolicy } from './parse-trust-policy.ts';
import { ceilingClasses, widenClasses } from './trust-classes.ts';
import { ruleFor } from './trust-policy.ts';
import { trustPolicyDocument, trustPolicyPayload } from './trust-policy-writer.ts';

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

const second = stranger.publicKey.keyId;
const keys = {
  ...good.keys,
  [second]: { ...entry, spki: encodeBase64(stranger.publicKey.spki), owner: 'Operations' },
};
const digest = `sha256:${'ab'.repeat(32)}`;
const at = '2026-04-01T00:00:00Z';

/** Everything a policy can say. */
const full = {
  ...good,
  expiresAt: '2027-01-01T00:00:00Z',
  keys: {
    ...good.keys,
    [second]: { ...keys[second], notBefore: '2026-01-01T00:00:00Z', notAfter: '2028-01-01T00:00:00Z' },
  },
  roles: {
    root: { keys: [id, second], threshold: 2 },
    command: { keys: [id], threshold: 1 },
    learner: { keys: [second], threshold: 1 },
  },
  rules: [
    {
      name: 'shop',
      images: ['registry.example/shop/**'],
      mirrors: { 'mirror.example/shop/cart': 'registry.example/shop/cart' },
      sign: { keys: [id, second], threshold: 2 },
      approve: { keys: [second], threshold: 1 },
      overlay: { keys: [second], threshold: 1, mayWiden: ['files.read', 'connect'] },
      maxMode: 'kill',
      ceiling: ['shells', 'sensitive'],
      maxAgeDays: 400,
    },
  ],
  retired: { [id]: { at, reason: 'left', keeps: [digest] }, [second]: { at, keeps: [] } },
  revoked: {
    keys: { ['ff'.repeat(32)]: { at, reason: 'laptop lost' } },
    payloads: { [digest]: { reason: 'learned during an incident' } },
    minVersions: { 'registry.example/shop/cart': 7 },
  },
};

const mirrored = (mirrors: object): object => ({ mirrors, images: ['a/b'] });
const ruleFlaws: [string, object, RegExp][] = [
  ['the same signer twice', { sign: { keys: [id, id], threshold: 1 } }, /sign.keys must name each key once/],
  ['a threshold of 0', { sign: { keys: [id], threshold: 0 } }, /sign.threshold must be a whole number/],
  ['a constraint on signers', { sign: { keys: [id], threshold: 1, forMode: 'kill' } }, /sign.forMode is not/],
  [
    'an approver nobody listed',
    { approve: { keys: ['x'], threshold: 1 } },
    /approve.keys\[0\] must be the id/,
  ],
  [
    'a class nobody knows',
    { overlay: { keys: [id], threshold: 1, mayWiden: ['everything'] } },
    /overlay.mayWiden\[0\] must be one of programs/,
  ],
  ['a ceiling nobody knows', { ceiling: ['all'] }, /ceiling\[0\] must be one of shells/],
  ['a ceiling twice', { ceiling: ['shells', 'shells'] }, /ceiling must name each class once/],
  ['no days at all', { maxAgeDays: 0 }, /maxAgeDays must be a whole number of at least 1/],
  ['days without an end', { maxAgeDays: 1e9 }, /maxAgeDays must be at most 36525/],
  ['a mirror that is a pattern', mirrored({ 'm/**': 'a/b' }), /mirrors.m\/\*\* must be a repository/],
  ['a mirror of many', mirrored({ m: 'a/**' }), /mirrors.m must be a repository/],
  ['a mirror with a digest', mirrored({ [`m@${digest}`]: 'a/b' }), /must be a repository without digest/],
  ['a mirror of something else', mirrored({ m: 'a/c' }), /mirrors.m must hold copies of a repository that/],
];
const flaws: [string, object, RegExp][] = [
  [
    'an algorithm that is not that of the key',
    { keys: { [id]: { ...entry, algorithm: 'ecdsa-p256-sha256' } } },
    /algorithm must be ed25519, as its bytes say/,
  ],
  [
    'a window that ends before it begins',
    { keys: { [id]: { ...entry, notBefore: at, notAfter: at } } },
    /notAfter must be later than notBefore/,
  ],
  [
    'a root of more signatures than keys',
    { roles: { root: { keys: [id], threshold: 2 } } },
    /^roles.root.threshold must be at most 1/,
  ],
  [
    'orders of two',
    { keys, roles: { command: { keys: [id, second], threshold: 2 } } },
    /^roles.command.threshold must be 1/,
  ],
  ['a retired key that is no id', { retired: { x: { at } } }, /^retired.x must be the id of a key/],
  ['a retirement without a day', { retired: { [id]: {} } }, /^retired\..*at must be a time/],
  [
    'what is kept that is no digest',
    { retired: { [id]: { at, keeps: ['x'] } } },
    /keeps\[0\] must be sha256:/,
  ],
  ['a revocation without a reason', { revoked: { keys: { [id]: { at } } } }, /reason must be a text/],
  [
    'a revoked payload that is none',
    { revoked: { payloads: { x: { reason: 'r' } } } },
    /payloads.x must be sha256/,
  ],
  ['another kind of revocation', { revoked: { images: {} } }, /^revoked.images is not known/],
  ['a version that is none', { revoked: { minVersions: { a: 0 } } }, /minVersions.a must be a whole number/],
];

describe('parseTrustPolicy', () => {
  it('reads everything a policy can say, and writes it again', () => {
    const read = parseTrustPolicy(full);
    expect(trustPolicyDocument(read)).toEqual(full);
    expect(parseTrustPolicy(JSON.parse(new TextDecoder().decode(trustPolicyPayload(read))))).toEqual(read);
    expect(read.root).toEqual({ keys: [id, second], threshold: 2 });
    expect(read.retired?.get(second)).toEqual({ at, keeps: [] });
    expect(read.rules[0]?.mirrors?.get('mirror.example/shop/cart')).toBe('registry.example/shop/cart');
  });

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
    ['an unknown member', { ...good, head: {} }, /^head is not known here/],
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
      /algorithm must be one of ed25519, ecdsa-p256-sha256/,
    ],
    ['loose base64', { ...good, keys: { [id]: { ...entry, spki: 'AA AA' } } }, /spki is not strict base64/],
    ['a key without owner', { ...good, keys: { [id]: { ...entry, owner: '' } } }, /owner must be a text/],
    ['an unknown role', { ...good, roles: { head: {} } }, /^roles.head is not known/],
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
      /^rules\[0\].sign.threshold must be at most 1, the number of keys/,
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
      { ...good, rules: [{ ...rule, maxAgeHours: 3 }] },
      /^rules\[0\].maxAgeHours is not known/,
    ],
    [
      'another mode',
      { ...good, rules: [{ ...rule, maxMode: 'destroy' }] },
      /maxMode must be one of observe, alert/,
    ],
    ...ruleFlaws.map(([name, flaw, message]): [string, unknown, RegExp] => [
      name,
      { ...good, rules: [{ ...rule, ...flaw }] },
      message,
    ]),
    ...flaws.map(([name, flaw, message]): [string, unknown, RegExp] => [name, { ...good, ...flaw }, message]),
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

  const approver = { key: stranger.publicKey, owner: 'Operations' };
  const start = { signer: vendor.publicKey, owner: 'x', image: '**', issuedAt: '2026-05-01T00:00:00Z' };
  it.each<[string, Partial<NewTrustPolicy> & Pick<NewTrustPolicy, 'maxMode'>, object]>([
    [
      'makes the signer the approver where anything may be stopped',
      { maxMode: 'kill' },
      {
        approve: { keys: [id], threshold: 1 },
        overlay: { keys: [id], threshold: 1, mayWiden: widenClasses },
      },
    ],
    ['needs nobody to approve alerts', { maxMode: 'alert' }, { maxMode: 'alert' }],
    [
      'holds a vendor below the ceiling where the site approves',
      { maxMode: 'kill', approvers: [approver] },
      {
        approve: { keys: [second], threshold: 1 },
        overlay: { keys: [second], threshold: 1, mayWiden: widenClasses },
        ceiling: ceilingClasses,
      },
    ],
    [
      'takes another ceiling, and several approvers',
      {
        maxMode: 'freeze',
        approvers: [approver, { key: vendor.publicKey, owner: 'x' }],
        approveThreshold: 2,
        ceiling: ['shells'],
      },
      {
        approve: { keys: [second, id], threshold: 2 },
        overlay: { keys: [second, id], threshold: 2, mayWiden: widenClasses },
        ceiling: ['shells'],
      },
    ],
  ])('%s', (_name, options, wanted) => {
    const sign = { keys: [id], threshold: 1 };
    expect(newTrustPolicy({ ...start, ...options }).rules).toEqual([
      { name: 'default', images: ['**'], sign, maxMode: options.maxMode, ...wanted },
    ]);
  });

  it('names who makes the next version', () => {
    const root = { keys: [approver], threshold: 1 };
    expect(newTrustPolicy({ ...start, maxMode: 'alert', root }).root).toEqual({
      keys: [second],
      threshold: 1,
    });
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

  it.each([
    ['**', 'a/**', true],
    ['a/**', '**', false],
    ['a/**', 'a/b/**', true],
    ['a/b/**', 'a/**', false],
    ['a/**', 'a/b', true],
    ['a/b', 'a/**', false],
    ['a/b', 'a/b', true],
    ['a/**', 'ab/**', false],
  ])('%s takes all of %s: %s', (broad, narrow, expected) =>
    expect(coversPattern(broad, narrow)).toBe(expected),
  );

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
