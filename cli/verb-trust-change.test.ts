import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { publicPem } from '../fingerprint/keys.ts';
import { imageName, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);
const third = testKey(7);
const thirdPub = world.given('third.pub', publicPem(third.publicKey));
const [vId, sId, tId] = [vendor, stranger, third].map((k) => k.publicKey.keyId) as [string, string, string];
const payload = `sha256:${'ab'.repeat(32)}`;

/** Runs a verb and gives what it wrote. */
async function change(verb: string, from: string, ...args: string[]) {
  const to = world.at(
    `next-${verb}-${args
      .join('-')
      .replace(/[^a-z0-9]+/gi, '-')
      .slice(0, 80)}.json`,
  );
  const io = await world.whorl(['trust', verb, from, ...args, '--out', to]);
  const policy = existsSync(to) ? JSON.parse(readFileSync(to, 'utf8')) : undefined;
  return { io, to, policy, said: io.stdout.join('\n') };
}
const add = (...args: string[]) => change('add', world.policy, ...args);
const signers = (...keys: string[]) => keys.flatMap((k) => ['--signer', k]);

describe('--amend', () => {
  it('changes the version that nobody signed yet, so that holders sign several changes once', async () => {
    const first = await add('--signer', world.stranger, '--image', 'mine/**');
    const both = await change('add', first.to, ...signers(thirdPub), '--image', 'ours/**', '--amend');
    expect(both.policy).toMatchObject({ version: 2, rules: [{}, { name: 'mine/**' }, { name: 'ours/**' }] });
    expect(both.io.stderr.join()).toMatch(/wrote version 2 to/);
  });
});

describe('trust show', () => {
  it('does not say of a key that was retired and then taken back that it goes on counting', async () => {
    const retired = await change('retire', world.policy, world.pub);
    const taken = await change('revoke', retired.to, '--key', world.pub, '--reason', 'stolen');
    const { stdout } = await world.whorl(['trust', 'show', taken.to]);
    expect(stdout.join('\n')).toMatch(/was taken back at .*: nothing they signed counts/);
    expect(stdout.join('\n')).not.toMatch(/goes on counting/);
  });
});

describe('trust add', () => {
  it('puts a rule before those about more images, and says where', async () => {
    const { policy, said } = await add('--signer', world.stranger, '--image', 'registry.example/shop/pay');
    expect(policy).toMatchObject({ version: 2, issuedAt: '2026-05-03T12:00:00Z' });
    expect(policy.rules.map((r: { name: string }) => r.name)).toEqual([
      'registry.example/shop/pay',
      'default',
    ]);
    expect(said).toMatch(
      /^Rule registry.example\/shop\/pay: stranger \(key [0-9a-f]{12}…\) may sign for registry.example\/shop\/pay as far as alert. It stands before rule default, which is about more images.$/,
    );
  });

  it('puts a rule about other or more images after the others', async () => {
    const { policy, said } = await add(...signers(world.stranger), '--image', '**', '--name', 'rest');
    expect(policy.rules.map((r: { name: string }) => r.name)).toEqual(['default', 'rest']);
    expect(said).toContain('It stands after all others.');
  });

  it('makes a rule with everything a rule can say', async () => {
    const { policy } = await add(
      ...signers(world.stranger, thirdPub),
      ...['--image', 'a/**', '--threshold', '2', '--max-mode', 'kill', '--max-age-days', '400'],
      ...['--approver', world.pub, '--ceiling', 'shells', '--ceiling', 'sensitive', '--mirror', 'm/b=a/b'],
    );
    expect(policy.rules[1]).toEqual({
      name: 'a/**',
      images: ['a/**'],
      mirrors: { 'm/b': 'a/b' },
      sign: { keys: [sId, tId], threshold: 2 },
      approve: { keys: [vId], threshold: 1 },
      overlay: {
        keys: [vId],
        threshold: 1,
        mayWiden: expect.arrayContaining(['programs', 'never-learnable']),
      },
      maxMode: 'kill',
      ceiling: ['shells', 'sensitive'],
      maxAgeDays: 400,
    });
    expect(policy.keys[sId].owner).toBe('stranger');
  });

  it('adds to a rule what is given, and leaves the rest of it', async () => {
    const before = JSON.parse(readFileSync(world.policy, 'utf8')).rules[0];
    const mirror = `mirror.example/cart=${imageName}`;
    const { policy, said } = await add('--rule', 'default', ...signers(world.stranger), '--mirror', mirror);
    expect(policy.rules).toEqual([
      { ...before, sign: { keys: [vId, sId], threshold: 1 }, mirrors: { 'mirror.example/cart': imageName } },
    ]);
    expect(said).toMatch(
      /^stranger \(key .*\) may sign under rule default too.\nWhat runs from mirror.example\/cart/,
    );
    const both = await add(
      '--rule',
      'default',
      ...signers(world.stranger),
      '--threshold',
      '2',
      '--ceiling',
      'none',
    );
    expect(both.policy.rules[0]).toMatchObject({ sign: { keys: [vId, sId], threshold: 2 }, ceiling: [] });
  });

  it('gives a role more keys', async () => {
    const { policy, said } = await add(
      '--root',
      world.pub,
      '--root',
      world.stranger,
      '--root-threshold',
      '2',
    );
    expect(policy.roles.root).toEqual({ keys: [vId, sId], threshold: 2 });
    expect(said).toContain('Versions after this one take 2 different signatures of');
    const site = await add('--learner', world.stranger, '--command-key', thirdPub);
    expect(site.policy.roles).toEqual({
      command: { keys: [tId], threshold: 1 },
      learner: { keys: [sId], threshold: 1 },
    });
  });

  it.each<[string, string[], number, RegExp]>([
    ['nothing', [], 2, /nothing is given to add/],
    ['a signer for nothing', signers(world.stranger), 2, /for which images is not said/],
    ['an image nobody signs for', ['--image', 'a/**'], 2, /who may sign for it is not said/],
    [
      'a pattern that is none',
      [...signers(world.stranger), '--image', 'a/*'],
      2,
      /images\[0\] must be a name/,
    ],
    [
      'images of another rule',
      [...signers(world.stranger), '--image', 'registry.example/shop/**'],
      2,
      /is what rule default is about already/,
    ],
    [
      'a name that is taken',
      [...signers(world.stranger), '--image', 'a/**', '--name', 'default'],
      2,
      /a rule default already/,
    ],
    [
      'a rule that is not there',
      ['--rule', 'nowhere', ...signers(world.stranger)],
      2,
      /no rule nowhere.*there are: default/s,
    ],
    ['nothing for a rule', ['--rule', 'default'], 2, /nothing is given to add to it/],
    ['more images for a rule', ['--rule', 'default', '--image', 'b/**'], 2, /a rule keeps its images/],
    [
      'a threshold that is no number',
      ['--rule', 'default', '--threshold', '0'],
      2,
      /--threshold must be a whole number/,
    ],
    [
      'a threshold of more than there are',
      ['--rule', 'default', '--threshold', '2'],
      2,
      /threshold must be at most 1/,
    ],
    ['a class that is none', ['--rule', 'default', '--ceiling', 'all'], 2, /--ceiling all is no class/],
    [
      'none and a class',
      ['--rule', 'default', '--ceiling', 'none', '--ceiling', 'shells'],
      2,
      /none stands alone/,
    ],
    ['a mirror without its original', ['--rule', 'default', '--mirror', 'm'], 2, /--mirror m names no two/],
    [
      'a mirror of what is not in the rule',
      ['--rule', 'default', '--mirror', 'm=x/y'],
      2,
      /must hold copies of/,
    ],
    [
      'a mode that is none',
      ['--rule', 'default', '--max-mode', 'destroy'],
      2,
      /Allowed choices are observe, alert/,
    ],
    ['a private key', ['--rule', 'default', '--signer', world.key], 3, /is a private key/],
  ])('refuses %s', async (_name, args, code, message) => {
    const { io, policy } = await add(...args);
    expect([io.exitCode, io.stderr.join('\n'), io.stdout]).toEqual([
      code,
      expect.stringMatching(message),
      [],
    ]);
    expect(policy).toBeUndefined();
  });

  it('does not hide a rule behind a new one', async () => {
    const { to } = await add(...signers(world.stranger), '--image', 'a/b', '--name', 'exact');
    const both = ['--image', 'registry.example/shop/pay', '--image', 'a/**'];
    const { io, policy } = await change('add', to, ...signers(thirdPub), ...both);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/would leave rule exact nothing to decide/),
    ]);
    expect(policy).toBeUndefined();
  });
});

describe('trust retire', () => {
  it('lets a key sign nothing new, and says so', async () => {
    const { policy, said, io } = await change('retire', world.policy, world.pub, '--reason', 'left in May');
    expect(policy.retired).toEqual({
      [vId]: { at: '2026-05-03T12:00:00Z', reason: 'left in May', keeps: [] },
    });
    expect(said).toMatch(/^Shop Inc \(key .*\) is retired since 2026-05-03T12:00:00Z: it signs nothing new/);
    expect(io.stderr.join('\n')).toContain('warning: too few keys are left for rule default: sign');
  });

  it('keeps what the key signed, for every node, also later', async () => {
    const { to } = await change('retire', world.policy, vId.slice(0, 8));
    const kept = await change('retire', to, vId.slice(0, 12), '--keep', world.signed);
    expect(kept.policy.version).toBe(3);
    expect(kept.policy.retired[vId].keeps).toEqual([expect.stringMatching(/^sha256:[0-9a-f]{64}$/)]);
    expect(kept.said).toMatch(/cart.intoto.json \(sha256:.*\) goes on counting everywhere/);
    const verified = await world.whorl(['verify', world.signed, '--trust', kept.to]);
    expect(verified.exitCode).toBe(0);
    const without = await world.whorl(['verify', world.signed, '--trust', to, '--json']);
    expect(JSON.parse(without.stdout.join())).toMatchObject({ code: 'KEY_RETIRED' });
  });

  it.each<[string, string[], number, RegExp]>([
    ['a key the policy does not know', [thirdPub], 2, /does not know the key/],
    ['an id the policy does not know', ['0000000000'], 2, /knows no key 0000000000/],
    ['what is no key', ['abc'], 2, /cannot read abc/],
    [
      'what another key signed',
      [vId, '--keep', world.at('other.intoto.json')],
      3,
      /UNKNOWN_KEY|KEY_NOT_ALLOWED/,
    ],
    ['what nobody signed', [vId, '--keep', world.baseline], 3, /ENVELOPE_SHAPE/],
    ['a time that is none', [vId, '--at', 'yesterday'], 2, /--at must be a time/],
  ])('refuses %s', async (_name, args, code, message) => {
    await world.whorl(['keygen', '--out', world.at('other'), '--no-passphrase']);
    const other = ['--key', world.at('other.key'), '--out', world.at('other.intoto.json')];
    await world.whorl(['sign', world.baseline, ...other]);
    const { io, policy } = await change('retire', world.policy, ...args);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(policy).toBeUndefined();
  });

  it('does not retire twice', async () => {
    const { to } = await change('retire', world.policy, vId);
    const again = await change('retire', to, vId, '--at', '2026-01-01T00:00:00Z');
    expect([again.io.exitCode, again.io.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/is retired since .* already/),
    ]);
  });
});

describe('trust revoke', () => {
  const why = ['--reason', 'laptop lost'];
  it('takes back keys, documents and versions at once, for good', async () => {
    const args = ['--key', world.pub, '--payload', payload, '--min-version', 'a=b=7', ...why];
    const { policy, said, to } = await change('revoke', world.policy, ...args);
    expect(policy.revoked).toEqual({
      keys: { [vId]: { at: '2026-05-03T12:00:00Z', reason: 'laptop lost' } },
      payloads: { [payload]: { reason: 'laptop lost' } },
      minVersions: { 'a=b': 7 },
    });
    expect(said.split('\n')).toEqual([
      expect.stringMatching(/^Nothing Shop Inc \(key .*\) ever signed counts any more: laptop lost\.$/),
      `${payload} counts no more, whoever signed it: laptop lost.`,
      'Of a=b no version below 7 counts: laptop lost.',
    ]);
    const verified = await world.whorl(['verify', world.signed, '--trust', to, '--json']);
    expect(JSON.parse(verified.stdout.join())).toMatchObject({ code: 'KEY_REVOKED' });
    const shown = await world.whorl(['trust', 'show', to]);
    expect(shown.stdout.join('\n')).toMatch(
      /was taken back at .* \(laptop lost\): nothing they signed counts/,
    );
    for (const again of [args, ['--payload', payload, ...why]])
      expect((await change('revoke', to, ...again)).io.stderr.join()).toMatch(/was taken back already/);
    for (const n of [7, 6])
      expect((await change('revoke', to, '--min-version', `a=b=${n}`, ...why)).io.stderr.join()).toMatch(
        /no version of a=b below 7 counts already/,
      );
    for (const verb of ['retire'])
      expect((await change(verb, to, vId)).io.stderr.join()).toMatch(/taken back already, which is more/);
    expect((await change('add', to, '--rule', 'default', '--approver', world.pub)).io.stderr.join()).toMatch(
      /was taken back, and nothing it signs now counts/,
    );
  });

  it.each<[string, string[], RegExp]>([
    ['nothing', why, /what is taken back is not said/],
    ['without a reason', ['--key', world.pub], /needs its reason/],
    ['a digest that is none', ['--payload', 'abc', ...why], /--payload abc is no digest/],
    ['a stream without a version', ['--min-version', 'abc', ...why], /names no stream and version/],
    ['a version that is none', ['--min-version', 'a=0', ...why], /must be a whole number/],
    ['a key the policy does not know', ['--key', thirdPub, ...why], /does not know the key/],
  ])('refuses %s', async (_name, args, message) => {
    const { io, policy } = await change('revoke', world.policy, ...args);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([2, expect.stringMatching(message)]);
    expect(policy).toBeUndefined();
  });

  it('does not leave a site that can never change its policy again', async () => {
    const { to } = await add('--root', world.stranger, '--root', thirdPub, '--root-threshold', '2');
    for (const [verb, ...args] of [
      ['revoke', '--key', world.stranger, ...why],
      ['retire', world.stranger],
    ] as const) {
      const { io, policy } = await change(verb, to, ...args);
      expect([io.exitCode, io.stderr.join()]).toEqual([
        2,
        expect.stringMatching(/too few root keys.*trust add POLICY --root/),
      ]);
      expect(policy).toBeUndefined();
    }
  });
});

describe('every verb that changes a policy', () => {
  const revoke = ['--payload', payload, '--reason', 'x'];
  it('writes over the policy when told, and over nothing else', async () => {
    const own = world.given('own.json', readFileSync(world.policy));
    expect((await world.whorl(['trust', 'revoke', own, ...revoke, '--out', own])).exitCode).toBe(0);
    expect(JSON.parse(readFileSync(own, 'utf8')).version).toBe(2);
    const other = await world.whorl([
      'trust',
      'revoke',
      own,
      '--min-version',
      'a=2',
      '--reason',
      'x',
      '--out',
      world.policy,
    ]);
    expect([other.exitCode, other.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/policy.json exists already/),
    ]);
    expect(JSON.parse(readFileSync(world.policy, 'utf8')).version).toBe(1);
  });

  it('prints the whole policy with --dry-run, and writes nothing', async () => {
    const io = await world.whorl([
      'trust',
      'revoke',
      world.policy,
      ...revoke,
      '--dry-run',
      '--out',
      world.at('dry.json'),
    ]);
    expect(JSON.parse(io.stdout.join('\n'))).toMatchObject({ version: 2, revoked: {} });
    expect(io.stderr.join('\n')).toContain('counts no more');
    expect(existsSync(world.at('dry.json'))).toBe(false);
  });

  it('says it as JSON, and what is to be done next', async () => {
    const io = await world.whorl([
      'trust',
      'revoke',
      world.policy,
      ...revoke,
      '--json',
      '--out',
      world.at('j.json'),
    ]);
    expect(JSON.parse(io.stdout.join())).toEqual({
      policy: world.at('j.json'),
      version: 2,
      changes: [`${payload} counts no more, whoever signed it: x.`],
      reason: 'x',
    });
    expect(io.stderr.join()).toMatch(
      /wrote version 2 to .*; put it in place of the trust policy of every node/,
    );
  });

  it('keeps the end of the policy unless told, and warns of one that is over', async () => {
    const ending = world.at('ending.json');
    const init = [
      'trust',
      'init',
      '--signer',
      world.pub,
      '--image',
      '**',
      '--expires',
      '2026-06-01T00:00:00Z',
    ];
    await world.whorl([...init, '--out', ending]);
    const later = { now: () => Date.UTC(2026, 6) };
    const late = await world.whorl(
      ['trust', 'revoke', ending, ...revoke, '--out', world.at('late.json')],
      later,
    );
    expect(late.stderr.join('\n')).toContain(
      'warning: it ended at 2026-06-01T00:00:00Z already; give --expires',
    );
    const renewed = ['--expires', '2027-06-01T00:00:00Z', '--out', world.at('renewed.json')];
    const io = await world.whorl(['trust', 'add', ending, ...renewed], later);
    expect(io.stdout.join()).toBe('It holds until 2027-06-01T00:00:00Z, and says what it said.');
    expect(JSON.parse(readFileSync(world.at('renewed.json'), 'utf8')).expiresAt).toBe('2027-06-01T00:00:00Z');
  });
});
