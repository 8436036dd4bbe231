import { existsSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { privatePem } from '../fingerprint/keys.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import { trustPolicyDocument } from '../fingerprint/trust-policy-writer.ts';
import { approvalPolicy, approver, approves, itemFor, second } from '../test/fakes/approvals.ts';
import { overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { baseline, imageDigest, imageName, signOptions, stranger, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

const { expiresAt: _end, ...endless } = signOptions;
const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
const parts = [
  { digest: imageDigest, role: 'manifest', platform: { os: 'linux', architecture: 'amd64' } },
  { digest: `sha256:${'0c'.repeat(32)}`, role: 'config', platform: { os: 'linux', architecture: 'amd64' } },
] as const;
const seven = signFingerprint(baseline, { ...endless, subjects: parts }, vendor);
const wider = { ...baseline, behaviour: { programs: [{ ...program, files: [] }] } };
const eight = signFingerprint(wider, { ...endless, version: 8 }, vendor);
const cart7 = world.given('cart.7.json', seven.envelope);
const cart8 = world.given('cart.8.json', eight.envelope);

const { expiresAt: _never, ...always } = overlayOptions;
const bound = overlayFor(seven.digest);
const older = world.given('overlay.1.json', signOverlay(bound, { ...always, version: 1 }, site).envelope);
const sites = new Map([['database', [{ peer: 'other.example' }]]]);
const now = signOverlay(
  { ...bound, bindings: { ...bound.bindings, sites } },
  { ...always, version: 2 },
  site,
);
const overlay = world.given('overlay.2.json', now.envelope);
const forever: object = { expiresAt: undefined };
const approval = world.given('approval.json', approves([itemFor(seven.digest)], { ...forever }).envelope);
const lower = itemFor(seven.digest, { mode: 'alert' });
const earlier = world.given('approval.1.json', approves([lower], { version: 1, ...forever }).envelope);
const ended = world.given(
  'approval.0.json',
  approves([lower], { version: 1, expiresAt: '2026-05-03T07:00:00Z' }).envelope,
);

const trust = world.given('site.policy.json', JSON.stringify(trustPolicyDocument(approvalPolicy)));
const keys = {
  vendor: world.given('v.key', privatePem(vendor)),
  site: world.given('s.key', privatePem(site)),
  ada: world.given('a.key', privatePem(approver)),
  grace: world.given('g.key', privatePem(second)),
};
const revert = (file: string, key: keyof typeof keys, out: string, ...more: readonly string[]) =>
  world.whorl([
    'revert',
    file,
    ...['--key', keys[key], '--out', world.at(out), '--reason', 'INC-12', '--json'],
    ...['--issued-at', '2026-05-03T08:00:00Z'],
    ...more,
  ]);
const verified = async (out: string) => {
  const io = await world.whorl(['verify', world.at(out), '--trust', trust, '--json']);
  return JSON.parse(io.stdout[0] ?? '{}');
};
const shown = async (out: string) =>
  JSON.parse((await world.whorl(['inspect', world.at(out), '--json'])).stdout[0] ?? '{}').document;

describe('whorl revert', () => {
  it('takes an approval back by a next version that approves nothing', async () => {
    const io = await revert(approval, 'ada', 'approval.3.json');
    expect(io.stderr).toEqual([
      expect.stringMatching(/^version 3 of shop, in place of sha256:/),
      '  It takes back what its stream approved before.',
    ]);
    expect(await verified('approval.3.json')).toMatchObject({
      ok: true,
      version: 3,
      items: [],
      reason: 'INC-12',
    });
  });

  it('returns to an older approval', async () => {
    await revert(approval, 'ada', 'approval.back.json', '--to', earlier);
    expect(await verified('approval.back.json')).toMatchObject({ version: 3, items: [{ mode: 'alert' }] });
  });

  it('takes an overlay back by a next version that says nothing', async () => {
    const io = await revert(overlay, 'site', 'overlay.3.json');
    expect(JSON.parse(io.stdout[0] ?? '{}')).toMatchObject({ version: 3, supersedes: now.digest });
    expect(await verified('overlay.3.json')).toMatchObject({
      ok: true,
      base: seven.digest,
      bindings: { sites: {}, volumes: {} },
    });
  });

  it('returns to an older overlay', async () => {
    await revert(overlay, 'site', 'overlay.back.json', '--to', older);
    expect((await verified('overlay.back.json')).bindings.sites.database[0]).toEqual({
      peer: 'db.corp.example',
    });
  });

  it('returns to an older fingerprint, with every digest its image goes by', async () => {
    const io = await revert(cart8, 'vendor', 'cart.9.json', '--to', cart7);
    expect(io.stderr.slice(1)).toEqual([
      expect.stringMatching(
        /^ {2}what version 7 said of registry\.example\/shop\/cart@sha256:\w+: 1 program$/,
      ),
      '  against version 8:',
      expect.stringMatching(/^ {4}it allows more: 1 added/),
      '    /usr/bin/cart started by the entrypoint:',
      '      + low `cart` now reads `/etc/cart.conf`',
    ]);
    expect(await verified('cart.9.json')).toMatchObject({ ok: true, version: 9 });
    const document = await shown('cart.9.json');
    expect(document).toMatchObject({ behaviour: baseline.behaviour, supersedes: eight.digest });
    const config = `${imageName}@sha256:${'0c'.repeat(32)}`;
    const bind = ['verify', world.at('cart.9.json'), '--trust', trust, '--image', config];
    expect((await world.whorl(bind)).exitCode).toBe(0);
  });

  it.each<[string, string, keyof typeof keys, readonly string[], string]>([
    ['a fingerprint to nothing', cart8, 'vendor', [], 'without which nothing would be judged'],
    ['to another kind of document', overlay, 'site', ['--to', cart7], 'is a whole fingerprint'],
    ['an approval to an overlay', approval, 'ada', ['--to', overlay], 'PREDICATE_TYPE'],
    ['to what has ended', approval, 'ada', ['--to', ended], 'EXPIRED'],
    ['a trust policy', trust, 'ada', [], 'is a trust policy'],
    ['with a secret in its reason', overlay, 'site', ['--reason', 'password=hunter2hunter2'], 'SECRET_FOUND'],
  ])('%s is refused and writes nothing', async (_what, file, key, more, words) => {
    const io = await revert(file, key, 'refused.json', ...more);
    expect([io.exitCode, io.stderr.join(' ')]).toEqual([2, expect.stringContaining(words)]);
    expect(existsSync(world.at('refused.json'))).toBe(false);
  });

  it('says again only what its key signed itself', async () => {
    const forgers = approves([itemFor(seven.digest)], { ...forever, version: 2 ** 53 - 3 }, stranger);
    const jump = world.given('jump.json', forgers.envelope);
    const cart6 = world.given(
      'cart.6.json',
      signFingerprint(baseline, { ...endless, version: 6 }, stranger).envelope,
    );
    const wide = world.given('wide.json', signOverlay(bound, { ...always, version: 1 }, stranger).envelope);
    for (const [file, key, more] of [
      [jump, 'ada', []],
      [approval, 'grace', []],
      [cart8, 'vendor', ['--to', cart6]],
      [overlay, 'site', ['--to', wide]],
    ] as const) {
      for (const by of [[], ['--trust', trust]]) {
        if (key === 'grace' && by.length > 0) continue;
        const io = await revert(file, key, 'refused.json', ...more, ...by);
        expect([io.exitCode, io.stderr.at(-1)]).toEqual([3, expect.stringContaining('UNKNOWN_KEY')]);
        expect(existsSync(world.at('refused.json'))).toBe(false);
      }
    }
  });

  it('what a colleague signed only by the policy, which says whose word counts', async () => {
    const alone = await revert(approval, 'grace', 'refused.json');
    expect(alone.stderr.join(' ')).toContain('--trust POLICY');
    const io = await revert(approval, 'grace', 'approval.grace.json', '--trust', trust);
    expect(io.exitCode).toBe(0);
    expect(await verified('approval.grace.json')).toMatchObject({ ok: true, version: 3, items: [] });
    const may = await revert(approval, 'site', 'refused.json', '--trust', trust);
    expect([may.exitCode, may.stderr.at(-1)]).toEqual([3, expect.stringContaining('KEY_NOT_ALLOWED')]);
    expect(existsSync(world.at('refused.json'))).toBe(false);
  });

  it('takes back by the policy what has ended by itself, and returns to no payload it took back', async () => {
    const io = await revert(ended, 'ada', 'approval.2.json', '--trust', trust);
    expect([io.exitCode, (await verified('approval.2.json')).version]).toEqual([0, 2]);
    const revoked = { keys: new Map(), payloads: new Map([[seven.digest, { reason: 'INC-3' }]]) };
    const document = trustPolicyDocument({
      ...approvalPolicy,
      revoked: { ...revoked, minVersions: new Map() },
    });
    const newer = world.given('newer.policy.json', JSON.stringify(document));
    const back = await revert(cart8, 'vendor', 'refused.json', '--to', cart7, '--trust', newer);
    expect([back.exitCode, back.stderr.at(-1)]).toEqual([3, expect.stringContaining('REVOKED_PAYLOAD')]);
  });

  it('to another stream or another fingerprint is refused', async () => {
    const streams = world.given('stream.json', approves([lower], { stream: 'bank', ...forever }).envelope);
    const bases = world.given(
      'base.json',
      signOverlay(overlayFor(eight.digest), { ...always, version: 1 }, site).envelope,
    );
    for (const [file, key, to, words] of [
      [approval, 'ada', streams, 'is of another stream'],
      [overlay, 'site', bases, 'belongs to another fingerprint'],
    ] as const) {
      const io = await revert(file, key, 'refused.json', '--to', to);
      expect([io.exitCode, io.stderr.join(' ')]).toEqual([2, expect.stringContaining(words)]);
    }
  });
});
