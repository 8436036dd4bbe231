import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { baseline, imageDigest, imageName, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
const signedPolicy =
  '{"payloadType":"application/vnd.whorl.trust-policy.v1+json","payload":"e30=","signatures":[]}';
afterAll(world.remove);

describe('verify', () => {
  const image = `${imageName}@${imageDigest}`;

  it('says who signed what, until when, and how far it may go', async () => {
    const io = await world.whorl(['verify', world.signed, '--trust', world.policy, '--image', image]);
    expect(io.exitCode).toBe(0);
    expect(io.stdout.join()).toMatch(
      /^Shop Inc \(key [0-9a-f]{12}…\) signed version 1 of registry.example\/shop\/cart for registry.example\/shop\/cart@sha256:[0-9a-f]{64} on 2026-05-02T09:00:00Z, until 2027-05-02T09:00:00Z; rule default lets it go as far as kill\. Without an approval of the site it stops nothing; it takes one signature of Shop Inc \(key [0-9a-f]{12}…\)\. Digest sha256:[0-9a-f]{64}\.$/,
    );
  });

  it('gives one object with --json, the same for envelope and bundle', async () => {
    const [a, b] = await Promise.all(
      [world.signed, world.bundle].map(async (f) =>
        JSON.parse((await world.whorl(['verify', f, '--trust', world.policy, '--json'])).stdout.join()),
      ),
    );
    expect(a).toMatchObject({
      ok: true,
      digest: expect.stringMatching(/^sha256:/),
      subject: baseline.subject,
      signers: [{ keyId: vendor.publicKey.keyId, owner: 'Shop Inc' }],
      mode: 'kill',
      warnings: [],
    });
    expect(b).toEqual(a);
  });

  it('believes a single key for alerts only', async () => {
    const json = async (pub: string) => world.whorl(['verify', world.signed, '--key', pub, '--json']);
    expect(JSON.parse((await json(world.pub)).stdout.join())).toMatchObject({ ok: true, mode: 'alert' });
    const wrong = await json(world.stranger);
    expect(wrong.exitCode).toBe(3);
    expect(JSON.parse(wrong.stdout.join())).toMatchObject({ ok: false, code: 'UNKNOWN_KEY' });
  });

  it('warns of what expired and still counts it as verified', async () => {
    const later = { now: () => Date.UTC(2028, 0) };
    const io = await world.whorl(['verify', world.signed, '--trust', world.policy, '--json'], later);
    expect(io.exitCode).toBe(0);
    expect(JSON.parse(io.stdout.join())).toMatchObject({
      ok: true,
      mode: 'alert',
      warnings: [{ code: 'EXPIRED' }],
    });
    expect(io.stderr.join()).toMatch(/^warning: expired at 2027-05-02T09:00:00Z/);
  });

  it('says what its signer may not grant alone', async () => {
    const shell = { ...baseline.behaviour.programs[0], id: 'p1', exe: '/bin/sh', args: [['sh', '-c', 'x']] };
    const loose = world.given(
      'loose.json',
      JSON.stringify({ ...baseline, behaviour: { programs: [...baseline.behaviour.programs, shell] } }),
    );
    const out = world.at('loose.intoto.json');
    await world.whorl(['sign', loose, '--key', world.key, '--out', out]);
    const init = ['trust', 'init', '--signer', world.pub, '--image', '**', '--max-mode', 'kill'];
    const policy = world.at('approved.json');
    await world.whorl([...init, '--approver', world.stranger, '--out', policy]);
    const io = await world.whorl(['verify', out, '--trust', policy]);
    expect(io.stdout.join()).toMatch(
      /Without an approval of the site it stops nothing and \d+ entr(y|ies) grants? nothing \(shells.*\); it takes one signature of stranger \(key/,
    );
    const json = JSON.parse((await world.whorl(['verify', out, '--trust', policy, '--json'])).stdout.join());
    expect(json).toMatchObject({
      mode: 'kill',
      alone: { mode: 'alert', inert: expect.any(Number) },
      approve: { threshold: 1 },
    });
    expect(json.alone.inert).toBeGreaterThan(0);
  });

  it('proves that a policy may follow the one that is trusted', async () => {
    const first = world.at('first.json');
    const root = ['--root', world.pub];
    await world.whorl([
      'trust',
      'init',
      '--signer',
      world.stranger,
      '--image',
      '**',
      ...root,
      '--out',
      first,
    ]);
    const next = world.at('second.json');
    await world.whorl(['trust', 'revoke', first, '--key', world.stranger, '--reason', 'x', '--out', next]);
    const signed = world.at('second.dsse.json');
    await world.whorl(['trust', 'sign', next, '--key', world.key, '--out', signed]);
    const io = await world.whorl(['verify', signed, '--trust', first]);
    expect(io.stdout.join()).toMatch(
      /^Trust policy version 2 may follow version 1: enough root keys of both/,
    );
    const again = await world.whorl(['verify', signed, '--trust', next, '--json']);
    expect([again.exitCode, JSON.parse(again.stdout.join())]).toMatchObject([3, { code: 'POLICY_ROLLBACK' }]);
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'another platform',
      ['--trust', world.policy, '--platform', 'arm64'],
      2,
      /--platform must be an operating/,
    ],
    [
      'another image',
      ['--trust', world.policy, '--image', `${imageName}@sha256:${'0'.repeat(64)}`],
      3,
      /DIGEST_MISMATCH/,
    ],
    ['another repository', ['--trust', world.policy, '--image', `x@${imageDigest}`], 3, /REPO_MISMATCH/],
    [
      'an image without digest',
      ['--trust', world.policy, '--image', 'cart:1'],
      2,
      /--image.*NAME@sha256:HEX/,
    ],
    ['nobody to believe', [], 2, /give --trust POLICY.json or --key VENDOR.pub/],
    ['two to believe', ['--trust', world.policy, '--key', world.pub], 2, /give --trust POLICY.json or --key/],
  ])('refuses %s', async (_name, args, code, message) => {
    const io = await world.whorl(['verify', world.signed, ...args]);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(io.stdout).toEqual([]);
  });

  it('refuses a policy that others could have written', async () => {
    const copy = world.given('open.json', readFileSync(world.policy));
    for (const [mode, code] of [
      [0o664, 3],
      [0o646, 3],
      [0o644, 0],
      [0o600, 0],
    ] as const) {
      chmodSync(copy, mode);
      const io = await world.whorl(['verify', world.signed, '--trust', copy]);
      expect(io.exitCode, mode.toString(8)).toBe(code);
      if (code === 3)
        expect(io.stderr.join()).toMatch(
          /open.json: can be written by others; run chmod go-w on it \(POLICY_UNSAFE\)/,
        );
    }
    const piped = await world.whorl(['verify', world.signed, '--trust', '-'], {
      readFile: async () => readFileSync(copy),
    });
    expect(piped.stderr.join()).toMatch(/POLICY_UNSAFE/);
  });

  it('refuses a policy that others could put another one in place of', async () => {
    mkdirSync(world.at('shared'));
    const copy = world.given('shared/policy.json', readFileSync(world.policy));
    for (const [mode, code] of [
      [0o777, 3],
      [0o775, 3],
      [0o1777, 0],
      [0o755, 0],
    ] as const) {
      chmodSync(world.at('shared'), mode);
      const io = await world.whorl(['verify', world.signed, '--trust', copy]);
      expect(io.exitCode, mode.toString(8)).toBe(code);
      if (code === 3)
        expect(io.stderr.join()).toMatch(/lies in a directory that others can write.*POLICY_UNSAFE/);
    }
  });

  it.skipIf(process.getuid?.() !== 0)('refuses a policy that belongs to somebody else', async () => {
    const copy = world.given('theirs.json', readFileSync(world.policy));
    chownSync(copy, 12345, 12345);
    const io = await world.whorl(['verify', world.signed, '--trust', copy]);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/belongs to user 12345.*POLICY_UNSAFE/),
    ]);
  });
});

describe('verify, given the wrong document', () => {
  it.each<[string, () => string[], RegExp]>([
    ['a key for the policy', () => [world.signed, '--trust', world.pub], /begins like a key \(PEM\)/],
    ['a key for the fingerprint', () => [world.pub, '--trust', world.policy], /begins like a key \(PEM\)/],
    [
      'a signed policy for the policy',
      () => [world.signed, '--trust', world.given('p.dsse.json', signedPolicy)],
      /is a signed trust policy; name the unsigned one that it was made of/,
    ],
    [
      'a policy for the state',
      () => [world.signed, '--trust', world.policy, '--state', world.policy],
      /is a trust policy, not what whorl verify remembers; name another file with --state \(STATE_IO\)/,
    ],
  ])('says so: %s', async (_name, args, sentence) => {
    const before = readFileSync(world.policy);
    const io = await world.whorl(['verify', ...args()]);
    expect([io.exitCode, io.stderr.join()]).toEqual([3, expect.stringMatching(sentence)]);
    expect(readFileSync(world.policy)).toEqual(before);
  });
});

describe('verify --state', () => {
  const versions = async (...numbers: readonly number[]): Promise<string[]> => {
    const out: string[] = [];
    for (const n of numbers) {
      const path = world.at(`v${n}.intoto.json`);
      const args = ['--fingerprint-version', String(n), '--key', world.key, '--out', path];
      await world.whorl(['sign', world.baseline, ...args]);
      out.push(path);
    }
    return out;
  };
  const verify = (path: string, state: string, ...more: string[]) =>
    world.whorl(['verify', path, '--trust', world.policy, '--state', state, ...more]);

  it('remembers what was accepted and refuses what is older', async () => {
    const [older = '', newer = ''] = await versions(3, 4);
    const state = world.at('seen.json');
    for (const path of [older, newer, newer]) {
      const io = await verify(path, state);
      expect([io.exitCode, io.stderr.join()]).toEqual([0, '']);
    }
    const refused = await verify(older, state, '--json');
    expect([refused.exitCode, JSON.parse(refused.stdout.join())]).toMatchObject([3, { code: 'ROLLBACK' }]);
    expect(statSync(state).mode & 0o777).toBe(0o600);
    const kept = JSON.parse(readFileSync(state, 'utf8'));
    expect(Object.values(kept.streams)).toEqual([{ version: 4, digest: expect.stringMatching(/^sha256:/) }]);
    expect(Object.keys(kept.recorded)).toHaveLength(2);
  });

  it('tells two different ones of one version apart', async () => {
    const [first = ''] = await versions(9);
    const state = world.at('equal.json');
    await verify(first, state);
    const other = world.at('other9.intoto.json');
    const at = ['--issued-at', '2026-05-01T00:00:00Z', '--fingerprint-version', '9'];
    await world.whorl(['sign', world.baseline, ...at, '--key', world.key, '--out', other]);
    const refused = await verify(other, state, '--json');
    expect(JSON.parse(refused.stdout.join())).toMatchObject({ code: 'EQUIVOCATION' });
  });

  it('believes a retired key for what was accepted before, and for nothing else', async () => {
    const [known = '', fresh = ''] = await versions(1, 2);
    const state = world.at('recorded.json');
    await verify(known, state);
    const later = { now: () => Date.UTC(2026, 4, 4) };
    const policy = world.at('retired.json');
    await world.whorl(['trust', 'retire', world.policy, world.pub, '--out', policy], later);
    const json = async (path: string, ...more: string[]) =>
      JSON.parse(
        (await world.whorl(['verify', path, '--trust', policy, ...more, '--json'], later)).stdout.join(),
      );
    expect(await json(known, '--state', state)).toMatchObject({ ok: true, mode: 'kill' });
    expect(await json(known)).toMatchObject({ ok: false, code: 'KEY_RETIRED' });
    expect(await json(fresh, '--state', state)).toMatchObject({ ok: false, code: 'KEY_RETIRED' });
  });

  it.each([
    ['damaged', '{"format":"whorl-verify-state/v1","streams":{'],
    ['of another kind', '{"streams":{},"aliveAt":1}'],
    ['short of a version', '{"format":"whorl-verify-state/v1","streams":{"a":{"digest":"x"}},"recorded":{}}'],
  ])('never takes a state that is %s for an empty one', async (_name, text) => {
    const state = world.given('bad-state.json', text);
    const io = await verify(world.signed, state);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      3,
      expect.stringMatching(/bad-state.json: is damaged.*STATE_IO/),
    ]);
    expect(readFileSync(state, 'utf8')).toBe(text);
  });

  it('refuses a state that others can write, and remembers nothing that is refused', async () => {
    const state = world.at('open-state.json');
    await verify(world.signed, state);
    chmodSync(state, 0o666);
    expect((await verify(world.signed, state)).stderr.join()).toMatch(/can be written by others.*STATE_IO/);
    const none = world.at('none.json');
    expect((await verify(world.baseline, none)).exitCode).toBe(3);
    expect(existsSync(none)).toBe(false);
  });
});
