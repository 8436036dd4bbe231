import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, truncateSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { openPrivateKey } from '../fingerprint/keys.ts';
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

describe('wrong files on purpose', () => {
  const sparse = (): string => {
    truncateSync(world.given('sparse', ''), 3 * 2 ** 30);
    return world.at('sparse');
  };
  const bad: Record<string, () => string> = {
    missing: () => world.at('nowhere'),
    empty: () => world.given('empty', ''),
    truncated: () => world.given('truncated', readFileSync(world.signed).subarray(0, 99)),
    huge: sparse,
    deep: () => world.given('deep', '['.repeat(100_000)),
    'not UTF-8': () => world.given('latin1', Uint8Array.of(0x7b, 0x22, 0xe9, 0x22)),
    'a directory': () => world.directory,
    'a PNG': () => world.given('png', Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)),
    'a JSON of nothing known': () => world.given('list', '[1,2]'),
    'a name that speaks to the terminal': () => world.at('\u001b[2J\u202e'),
  };
  const slots: Record<string, (file: string) => string[]> = {
    'sign BASELINE': (f) => ['sign', f, '--key', world.key, '--out', world.at('out.json')],
    'sign --key': (f) => ['sign', world.baseline, '--key', f, '--out', world.at('out.json')],
    'verify F': (f) => ['verify', f, '--trust', world.policy],
    'verify --trust': (f) => ['verify', world.signed, '--trust', f],
    'verify --key': (f) => ['verify', world.signed, '--key', f],
    'trust init --signer': (f) => [
      'trust',
      'init',
      '--signer',
      f,
      '--image',
      '**',
      '--out',
      world.at('out.json'),
    ],
    'trust show': (f) => ['trust', 'show', f],
    'trust add POLICY': (f) => ['trust', 'add', f, '--root', world.pub, '--out', world.at('out.json')],
    'trust add --approver': (f) => [
      'trust',
      'add',
      world.policy,
      '--rule',
      'default',
      '--approver',
      f,
      '--out',
      world.at('out.json'),
    ],
    'trust retire POLICY': (f) => ['trust', 'retire', f, world.pub, '--out', world.at('out.json')],
    'trust retire --keep': (f) => [
      'trust',
      'retire',
      world.policy,
      world.pub,
      '--keep',
      f,
      '--out',
      world.at('out.json'),
    ],
    'trust revoke --key': (f) => [
      'trust',
      'revoke',
      world.policy,
      '--key',
      f,
      '--reason',
      'x',
      '--out',
      world.at('out.json'),
    ],
    'trust sign POLICY': (f) => ['trust', 'sign', f, '--key', world.key, '--out', world.at('out.json')],
    'trust push': (f) => ['trust', 'push', f, '--data-dir', world.at('data')],
    'verify --state': (f) => ['verify', world.signed, '--trust', world.policy, '--state', f],
    'keygen --passphrase-file': (f) => ['keygen', '--out', world.at('out'), '--passphrase-file', f],
  };
  /** Any short text is a passphrase, and any file a passphrase file may hold one. */
  const fine = new Set([
    ...['truncated', 'not UTF-8', 'a JSON of nothing known'].map((b) => `keygen --passphrase-file: ${b}`),
    // A state that is not there is begun.
    ...['missing', 'a name that speaks to the terminal'].map((b) => `verify --state: ${b}`),
  ]);

  for (const [slot, args] of Object.entries(slots)) {
    for (const [kind, make] of Object.entries(bad)) {
      if (fine.has(`${slot}: ${kind}`)) continue;
      it(`${slot}: ${kind}`, async () => {
        const path = make();
        const before = readdirSync(world.directory);
        const io = await world.whorl(args(path));
        expect([2, 3]).toContain(io.exitCode);
        expect(io.stderr).toHaveLength(1);
        const told = io.stderr.join();
        expect(told).toMatch(/^whorl: .{10,}/);
        expect(told).not.toMatch(/internal|undefined|\[object|\n| at .*\.ts:/);
        if (kind.includes('terminal')) for (const c of ['\u001b', '\u202e']) expect(told).not.toContain(c);
        else expect(told).toContain(path);
        expect(io.stdout).toEqual([]);
        expect(readdirSync(world.directory)).toEqual(before);
      });
    }
  }

  it('gives the code of the step with --json and exit 3', async () => {
    const io = await world.whorl(['verify', bad.deep?.() ?? '', '--trust', world.policy, '--json']);
    expect(io.exitCode).toBe(3);
    expect(JSON.parse(io.stdout.join())).toMatchObject({ ok: false, code: 'ENVELOPE_SYNTAX' });
    const large = world.given('large', ' '.repeat(5 * 1024 * 1024));
    const tooLarge = await world.whorl(['verify', large, '--trust', world.policy, '--json']);
    expect(JSON.parse(tooLarge.stdout.join())).toMatchObject({ ok: false, code: 'TOO_LARGE' });
  });

  it('says so when the output cannot be written', async () => {
    mkdirSync(world.at('folder'), { recursive: true });
    for (const out of [world.at('nowhere/x.json'), world.at('folder')]) {
      const io = await world.whorl(['sign', world.baseline, ...signing, '--out', out]);
      expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/cannot write/)]);
    }
  });
});

describe('the real program', () => {
  it('reads a passphrase from a descriptor and leaves with the code of the refusal', () => {
    const run = (...args: string[]) =>
      spawnSync(process.execPath, ['cli/main.ts', ...args], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    const shell = spawnSync(
      'sh',
      [
        '-c',
        'exec "$0" cli/main.ts keygen --out "$1" --passphrase-fd 7 7<"$2"',
        process.execPath,
        world.at('fd'),
        world.given('fd.txt', 'by fd\n'),
      ],
      { encoding: 'utf8' },
    );
    expect(shell.stderr).toBe('');
    expect(openPrivateKey(readFileSync(world.at('fd.key'), 'utf8'), 'by fd').seed).toHaveLength(32);
    const refused = run('verify', world.baseline, '--trust', world.policy);
    expect([refused.status, refused.stderr]).toEqual([
      3,
      expect.stringMatching(/is an unsigned baseline, not a signed envelope/),
    ]);
  }, 30_000);
});
