import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { privatePem, publicPem } from '../fingerprint/keys.ts';
import { testKey } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);
const [r1, r2] = [21, 22].map(testKey);
const keyFile = (n: number): string => world.given(`r${n}.key`, privatePem(testKey(20 + n)));
const pubFile = (n: number): string => world.given(`r${n}.pub`, publicPem(testKey(20 + n).publicKey));
const policy = world.at('rooted.json');
const signed = world.at('rooted.dsse.json');
const sign = (from: string, n: number, to: string, ...more: string[]) =>
  world.whorl(['trust', 'sign', from, '--key', keyFile(n), '--out', to, ...more]);
const signaturesOf = (path: string): number => JSON.parse(readFileSync(path, 'utf8')).signatures.length;

beforeAll(async () => {
  const root = ['--root', pubFile(1), '--root', pubFile(2), '--root-threshold', '2'];
  await world.whorl(['trust', 'init', '--signer', world.pub, '--image', '**', ...root, '--out', policy]);
});

describe('trust sign', () => {
  it('adds one signature per holder, and says how many are missing', async () => {
    const first = await sign(policy, 1, signed);
    expect(first.stdout.join()).toMatch(/rooted.dsse.json sha256:[0-9a-f]{64}$/);
    expect(first.stderr.join()).toMatch(
      /version 1 holds 1 of 2 root signatures; 1 more of r1 \(key .*\) or r2/,
    );
    const second = await sign(signed, 2, signed, '--json');
    expect(JSON.parse(second.stdout.join())).toMatchObject({
      version: 1,
      keyId: r2?.publicKey.keyId,
      signers: [r1?.publicKey.keyId, r2?.publicKey.keyId],
      threshold: 2,
    });
    expect(second.stderr.join()).toMatch(/holds the root signatures it asks for: whorl trust push/);
    expect(signaturesOf(signed)).toBe(2);
    await sign(signed, 1, signed);
    expect(signaturesOf(signed)).toBe(2);
  });

  it('says when a key is no root key here, and signs for the policy before it', async () => {
    const io = await sign(policy, 3, world.at('by3.dsse.json'));
    expect(io.stderr.join('\n')).toContain(
      'not among the root keys of this policy; it counts for the policy before',
    );
    expect(io.exitCode).toBe(0);
  });

  it('writes nothing with --dry-run', async () => {
    const before = statSync(signed).mtimeMs;
    const io = await sign(policy, 1, signed, '--dry-run');
    expect(io.stderr.join()).toContain('would write');
    expect(statSync(signed).mtimeMs).toBe(before);
  });

  it.each<[string, string, number, RegExp]>([
    ['a policy without root keys', world.policy, 2, /names no root keys, so no agent would follow it/],
    ['a fingerprint', world.signed, 3, /cart.intoto.json.*POLICY_SYNTAX/],
    ['a baseline', world.baseline, 3, /is an unsigned baseline, not a trust policy.*POLICY_SYNTAX/],
  ])('refuses %s', async (_name, path, code, message) => {
    const io = await sign(path, 1, world.at('never.json'));
    expect([io.exitCode, io.stderr.join()]).toEqual([code, expect.stringMatching(message)]);
  });

  it('is where the next version of a signed policy starts from, which is written apart', async () => {
    const revoke = ['--key', world.pub, '--reason', 'x'];
    const over = await world.whorl(['trust', 'revoke', signed, ...revoke, '--out', signed]);
    expect([over.exitCode, over.stderr.join()]).toEqual([
      2,
      expect.stringMatching(/is signed, and what is written here is not yet/),
    ]);
    const amended = await world.whorl([
      'trust',
      'revoke',
      signed,
      ...revoke,
      '--amend',
      '--out',
      world.at('a'),
    ]);
    expect([amended.exitCode, amended.stderr.join()]).toEqual([2, expect.stringMatching(/amended no more/)]);
    const next = world.at('rooted2.json');
    const io = await world.whorl(['trust', 'revoke', signed, ...revoke, '--out', next]);
    expect(io.stderr.join('\n')).toMatch(
      /agents follow it with 2 signatures of r1 .*: whorl trust sign, then whorl trust push; more to change before that\? --amend/,
    );
    expect(JSON.parse(readFileSync(next, 'utf8'))).toMatchObject({ version: 2 });
    const shown = await world.whorl(['trust', 'show', signed]);
    expect(shown.stdout.join('\n')).toMatch(/The next version takes 2 signatures of r1/);
    expect(shown.stderr.join()).toMatch(/nobody checked here who signed/);
  });
});

describe('trust push', () => {
  it('gives it to the collector on this machine, byte for byte', async () => {
    const directory = world.at('data');
    mkdirSync(world.at('data/collector'), { recursive: true });
    const got: Buffer[] = [];
    const server = createServer((request, response) => {
      request.on('data', (part: Buffer) => got.push(part));
      request.on('end', () => response.end(JSON.stringify({ digest: 'x', agents: 3 })));
    }).listen(world.at('data/collector/collector.sock'));
    await once(server, 'listening');
    const io = await world.whorl(['trust', 'push', signed, '--data-dir', directory]);
    server.close();
    expect(io.stdout.join()).toMatch(
      /^version 1 \(sha256:.*\) went to 3 agents; each verifies it against its own policy$/,
    );
    expect(Buffer.concat(got)).toEqual(readFileSync(signed));
  });

  it.each<[string, string, number, RegExp]>([
    ['too few signatures', world.at('one.dsse.json'), 3, /holds 1 of the 2 root signatures.*POLICY_CHAIN/],
    ['an unsigned policy', policy, 2, /rooted.json is not a signed trust policy/],
    ['a fingerprint', world.signed, 2, /not a signed trust policy/],
    ['to nobody', signed, 5, /no collector runs with the data directory/],
  ])('refuses %s', async (_name, path, code, message) => {
    await sign(policy, 1, world.at('one.dsse.json'));
    const io = await world.whorl(['trust', 'push', path, '--data-dir', world.at('empty')]);
    expect([io.exitCode, io.stderr.join()]).toEqual([code, expect.stringMatching(message)]);
  });

  it('sends nothing with --dry-run', async () => {
    const io = await world.whorl(['trust', 'push', signed, '--dry-run', '--data-dir', world.at('empty')]);
    expect([io.exitCode, io.stderr.join()]).toEqual([0, expect.stringMatching(/would push version 1/)]);
  });
});
