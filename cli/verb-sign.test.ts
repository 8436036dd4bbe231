import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { privatePem } from '../fingerprint/keys.ts';
import { baseline, imageDigest, testKey } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);
const signing = [
  '--key',
  world.key,
  '--issued-at',
  '2026-05-02T09:00:00Z',
  '--expires',
  '2027-05-02T09:00:00Z',
];

describe('sign', () => {
  it('gives the same bytes again, from the clock that SOURCE_DATE_EPOCH names', async () => {
    const first = readFileSync(world.signed);
    const bundle = ['--bundle', world.at('again.bundle')];
    await world.whorl(['sign', world.baseline, ...signing, '--out', world.at('again.json'), ...bundle]);
    expect(readFileSync(world.at('again.json'))).toEqual(first);
    expect(readFileSync(world.at('again.bundle'))).toEqual(readFileSync(world.bundle));
    const epoch = { env: { SOURCE_DATE_EPOCH: '1777712400' } };
    const until = ['--expires', '2027-05-02T09:00:00Z'];
    await world.whorl(
      ['sign', world.baseline, '--key', world.key, ...until, '--out', world.at('epoch.json')],
      epoch,
    );
    expect(readFileSync(world.at('epoch.json'))).toEqual(first);
  });

  it('opens an encrypted key, and asks for nothing when the key has no passphrase', async () => {
    const pass = { env: { WHORL_PASSPHRASE: 'correct horse' } };
    await world.whorl(['keygen', '--out', world.at('sealed')], pass);
    const args = ['sign', world.baseline, '--key', world.at('sealed.key'), '--out', world.at('s.json')];
    const wrong = await world.whorl(args, { env: { WHORL_PASSPHRASE: 'wrong' } });
    expect([wrong.exitCode, wrong.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/does not open this key.*KEY_PASSPHRASE/),
    ]);
    expect((await world.whorl(args)).stderr.join()).toMatch(
      /is encrypted and there is no terminal to ask on/,
    );
    expect(existsSync(world.at('s.json'))).toBe(false);
    expect((await world.whorl(args, pass)).exitCode).toBe(0);
  });

  it('writes what verify reads back, under the name it was told', async () => {
    const out = world.at('renamed.json');
    const image = `registry.example/shop/other@${imageDigest}`;
    const more = [
      '--image',
      image,
      '--fingerprint-version',
      '9',
      '--stream',
      'other:1',
      '--supersedes',
      imageDigest,
    ];
    const io = await world.whorl(['sign', world.baseline, ...signing, ...more, '--out', out, '--json']);
    const verified = await world.whorl(['verify', out, '--trust', world.policy, '--image', image, '--json']);
    expect(JSON.parse(verified.stdout.join())).toMatchObject({
      ok: true,
      digest: JSON.parse(io.stdout.join()).digest,
      subject: { name: 'registry.example/shop/other', digest: imageDigest },
      version: 9,
      stream: 'other:1',
    });
  });

  it("counts versions apart for each owner's copies", async () => {
    const scope = {
      cluster: 'c',
      namespace: 'shop',
      owner: 'Deployment/cart',
      container: 'cart',
      role: 'main',
    };
    const scoped = world.given('scoped.json', JSON.stringify({ ...baseline, scope }));
    const out = world.at('scoped.intoto.json');
    expect((await world.whorl(['sign', scoped, ...signing, '--out', out])).exitCode).toBe(0);
    const verified = await world.whorl(['verify', out, '--trust', world.policy, '--json']);
    expect(JSON.parse(verified.stdout.join()).stream).toBe(
      `${baseline.subject.name}#c#shop#Deployment/cart#cart#main`,
    );
  });

  const leaky = JSON.stringify({
    ...baseline,
    behaviour: {
      programs: baseline.behaviour.programs.map((p) => ({
        ...p,
        args: [['cart', 'ghp_0123456789abcdefghijABCDEFGHIJ012345']],
      })),
    },
  });
  it.each<[string, string[], number, RegExp]>([
    ['version 0', [world.baseline, '--fingerprint-version', '0'], 2, /--fingerprint-version must be/],
    ['version 1e3', [world.baseline, '--fingerprint-version', '1e3'], 2, /--fingerprint-version must be/],
    ['a time that is none', [world.baseline, '--issued-at', 'now'], 2, /--issued-at must be a time/],
    [
      'an end in the past',
      [world.baseline, '--expires', '2026-05-02T09:00:00Z'],
      2,
      /--expires must be later/,
    ],
    ['a predecessor that is none', [world.baseline, '--supersedes', 'v6'], 2, /--supersedes must be sha256/],
    [
      'an image of another digest',
      [world.baseline, '--image', `a@sha256:${'0'.repeat(64)}`],
      2,
      /was learned from .*DIGEST_MISMATCH/,
    ],
    [
      'an image that is none',
      [world.baseline, '--image', 'cart@latest'],
      2,
      /--image: an image is written NAME@sha256/,
    ],
    ['a public key', [world.baseline, '--key', world.pub], 3, /is a public key where the private/],
    [
      'to choose for what is signed',
      [world.signed],
      2,
      /--issued-at cannot be chosen for what is signed already/,
    ],
    ['a tag without a registry', [world.baseline, '--image', 'cart:1.4'], 2, /"cart:1.4" names no registry/],
    ['a trust policy', [world.policy], 2, /is a trust policy, not a baseline/],
    ['a baseline with a secret', [world.given('leaky.json', leaky)], 3, /looks like a secret.*SECRET_FOUND/],
    [
      'a baseline of another version',
      [world.given('v2.json', JSON.stringify({ ...baseline, format: 'whorl-baseline/v2' }))],
      2,
      /format/,
    ],
    ['one name for both outputs', [world.baseline, '--bundle', world.at('x.json')], 2, /name the same file/],
  ])('refuses %s and writes nothing', async (_name, args, code, message) => {
    const io = await world.whorl(['sign', ...signing, '--out', world.at('x.json'), ...args]);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync(world.at('x.json'))).toBe(false);
  });

  it('refuses a SOURCE_DATE_EPOCH that is none', async () => {
    const env = { SOURCE_DATE_EPOCH: 'yesterday' };
    const io = await world.whorl(['sign', world.baseline, '--key', world.key, '--out', world.at('x.json')], {
      env,
    });
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/SOURCE_DATE_EPOCH must be/)]);
  });

  it('writes nothing in a dry run', async () => {
    const io = await world.whorl([
      'sign',
      world.baseline,
      ...signing,
      '--out',
      world.at('dry.json'),
      '--dry-run',
    ]);
    expect([io.exitCode, existsSync(world.at('dry.json'))]).toEqual([0, false]);
  });
});

describe('sign on an envelope', () => {
  const stranger = world.given('stranger.key', privatePem(testKey(2)));

  it('adds a signature and keeps the payload, into the same file', async () => {
    const out = world.given('both.json', readFileSync(world.signed));
    const io = await world.whorl(['sign', out, '--key', stranger, '--out', out, '--json']);
    expect(io.stderr.join()).toMatch(/adds a signature to the fingerprint, version 1 of registry\.example/);
    expect(JSON.parse(readFileSync(out, 'utf8')).signatures).toHaveLength(2);
    const verified = await world.whorl(['verify', out, '--trust', world.policy, '--json']);
    expect(JSON.parse(verified.stdout.join()).digest).toBe(JSON.parse(io.stdout.join()).digest);
  });

  it('says that the key signed already, and changes nothing', async () => {
    const out = world.at('again.json');
    const io = await world.whorl(['sign', world.signed, '--key', world.key, '--out', out]);
    expect(io.stderr.join()).toMatch(/this key signed the fingerprint already/);
    expect(readFileSync(out)).toEqual(readFileSync(world.signed));
  });
});
