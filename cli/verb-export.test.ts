import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { cosignKey, cosignStatement } from '../test/fakes/cosign.ts';
import { baseline, imageDigest, imageName } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
const cosign = cosignKey();
const stranger = cosignKey();
afterAll(() => [world.remove(), cosign.close(), stranger.close()]);
const pub = world.given('cosign.pub', cosign.publicPem);
const strangerPub = world.given('other.pub', stranger.publicPem);
const env = { SOURCE_DATE_EPOCH: '1777712400' };
const exportTo = (name: string, ...more: string[]) =>
  world.whorl(['export', 'predicate', world.baseline, '--out', world.at(name), ...more], { env });

describe('export predicate', () => {
  it('writes what cosign signs and verify then accepts, and says the next step', async () => {
    const io = await exportTo('predicate.json');
    expect(io.exitCode).toBe(0);
    expect(io.stdout).toEqual([world.at('predicate.json')]);
    expect(io.stderr.join('\n')).toMatch(
      /sign it for registry\.example\/shop\/cart@sha256:ab.*cosign attest --predicate .* --type https:/,
    );
    const predicate = JSON.parse(readFileSync(world.at('predicate.json'), 'utf8'));
    expect(predicate).toMatchObject({
      kind: 'base',
      stream: imageName,
      version: 1,
      issuedAt: '2026-05-02T09:00:00Z',
      producer: { name: 'whorl-predicate' },
      behaviour: baseline.behaviour,
    });

    const statement = cosignStatement(predicate, { name: imageName, digest: imageDigest });
    for (const [form, bytes] of Object.entries({
      envelope: cosign.envelope(statement),
      bundle: cosign.bundle(statement),
    })) {
      const signed = world.given(`${form}.json`, bytes);
      const good = await world.whorl([
        'verify',
        signed,
        '--key',
        pub,
        '--image',
        `${imageName}@${imageDigest}`,
      ]);
      expect([form, good.exitCode, good.stderr]).toEqual([form, 0, expect.anything()]);
      const wrong = await world.whorl(['verify', signed, '--key', strangerPub]);
      expect([wrong.exitCode, wrong.stderr.join()]).toEqual([3, expect.stringContaining('BAD_SIGNATURE')]);
    }
    const payload = (text: string): string => Buffer.from(text).toString('base64');
    const tampered = cosign
      .envelope(statement)
      .toString()
      .replace(payload(statement), payload(statement.replace('8080', '8081')));
    const refused = await world.whorl(['verify', world.given('tampered.json', tampered), '--key', pub]);
    expect([refused.exitCode, refused.stderr.join()]).toEqual([3, expect.stringContaining('BAD_SIGNATURE')]);
  });

  it('gives the same bytes again, and takes its place in a stream', async () => {
    const more = ['--stream', 'cart:1.27', '--fingerprint-version', '8', '--expires', '2027-05-01T00:00:00Z'];
    await exportTo('a.json', ...more, '--supersedes', `sha256:${'0a'.repeat(32)}`);
    await exportTo('b.json', ...more, '--supersedes', `sha256:${'0a'.repeat(32)}`);
    expect(readFileSync(world.at('a.json'))).toEqual(readFileSync(world.at('b.json')));
    expect(JSON.parse(readFileSync(world.at('a.json'), 'utf8'))).toMatchObject({
      stream: 'cart:1.27',
      version: 8,
      expiresAt: '2027-05-01T00:00:00Z',
      supersedes: { sha256: '0a'.repeat(32) },
    });
  });

  it('finds secrets before they are published', async () => {
    const [program] = baseline.behaviour.programs;
    const leaky = { ...program, args: [['cart', '--password=hunter2hunter2']] };
    const path = world.given('leaky.json', JSON.stringify({ ...baseline, behaviour: { programs: [leaky] } }));
    const io = await world.whorl(['export', 'predicate', path, '--out', world.at('leak.json')]);
    expect([io.exitCode, io.stderr.join()]).toEqual([3, expect.stringContaining('SECRET_FOUND')]);
    expect(() => readFileSync(world.at('leak.json'))).toThrow();
  });

  it('writes nothing in a dry run, and one object with --json', async () => {
    const dry = await exportTo('dry.json', '--dry-run');
    expect(dry.stderr[0]).toMatch(/would write/);
    expect(() => readFileSync(world.at('dry.json'))).toThrow();
    const io = await exportTo('json.json', '--json', '--reason', 'release');
    expect(JSON.parse(io.stdout.join())).toMatchObject({
      out: world.at('json.json'),
      predicateType: 'https://whorl.dev/attestation/fingerprint/v1',
      reason: 'release',
    });
  });

  it.each([
    [['--supersedes', 'x'], /--supersedes must be sha256:/],
    [['--fingerprint-version', '0'], /whole number of at least 1/],
    [['--expires', 'soon'], /--expires must be a time/],
  ])('refuses %j', async (more, message) => {
    const io = await exportTo('never.json', ...more);
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(message)]);
  });
});

describe('export', () => {
  it.each([[['export']], [['export', 'everything']]])('says what it can: %j', async (args) => {
    const io = await world.whorl(args);
    expect([io.exitCode, io.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/say what to export: predicate/),
    ]);
  });
});
