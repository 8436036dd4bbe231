import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { baseline, imageDigest, imageName, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

describe('verify', () => {
  const image = `${imageName}@${imageDigest}`;

  it('says who signed what, until when, and how far it may go', async () => {
    const io = await world.whorl(['verify', world.signed, '--trust', world.policy, '--image', image]);
    expect(io.exitCode).toBe(0);
    expect(io.stdout.join()).toMatch(
      /^Shop Inc \(key [0-9a-f]{12}…\) signed version 1 of registry.example\/shop\/cart for registry.example\/shop\/cart@sha256:[0-9a-f]{64} on 2026-05-02T09:00:00Z, until 2027-05-02T09:00:00Z; rule default lets it go as far as kill\. Digest sha256:[0-9a-f]{64}\.$/,
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

  it.each<[string, string[], number, RegExp]>([
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
