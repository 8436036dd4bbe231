import { existsSync, readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { stranger, vendor } from '../test/fakes/trust.ts';
import { trustWorld } from '../test/fakes/trust-world.ts';

const world = trustWorld();
afterAll(world.remove);

describe('trust', () => {
  const init = (...more: string[]) =>
    world.whorl(['trust', 'init', '--signer', world.pub, '--out', world.at('p.json'), ...more]);

  it('writes a policy that show explains', async () => {
    const io = await world.whorl(['trust', 'show', world.policy]);
    expect(io.stdout.join('\n')).toMatch(
      /Rule default: for registry.example\/shop\/\*\*, Shop Inc \(key [0-9a-f]{12}…\) may sign; .* as far as kill\./,
    );
    expect(io.stdout.join('\n')).toContain('Nobody may give orders');
    const json = JSON.parse((await world.whorl(['trust', 'show', world.policy, '--json'])).stdout.join());
    expect(json).toEqual(JSON.parse(readFileSync(world.policy, 'utf8')));
  });

  it('alerts at most unless told otherwise, and names the owner after the key file', async () => {
    const io = await init('--image', '**', '--command-key', world.stranger, '--dry-run');
    const policy = JSON.parse(io.stdout.join('\n'));
    expect(policy.rules).toEqual([
      {
        name: 'default',
        images: ['**'],
        sign: { keys: [vendor.publicKey.keyId], threshold: 1 },
        maxMode: 'alert',
      },
    ]);
    expect(policy.keys[vendor.publicKey.keyId].owner).toBe('vendor');
    expect(policy.roles.command.keys).toEqual([stranger.publicKey.keyId]);
    expect(existsSync(world.at('p.json'))).toBe(false);
  });

  it('names who approves, what nobody may grant alone, and who makes the next version', async () => {
    const site = ['--image', '**', '--max-mode', 'kill', '--approver', world.stranger];
    const root = ['--root', world.pub, '--root', world.stranger, '--root-threshold', '2'];
    const io = await init(...site, ...root, '--expires', '2027-05-03T12:00:00Z', '--dry-run');
    const policy = JSON.parse(io.stdout.join('\n'));
    expect(policy).toMatchObject({
      expiresAt: '2027-05-03T12:00:00Z',
      roles: { root: { keys: [vendor.publicKey.keyId, stranger.publicKey.keyId], threshold: 2 } },
    });
    expect(policy.rules[0]).toMatchObject({
      sign: { keys: [vendor.publicKey.keyId], threshold: 1 },
      approve: { keys: [stranger.publicKey.keyId], threshold: 1 },
      ceiling: ['shells', 'wildcard-egress', 'never-learnable', 'sensitive'],
    });
    const out = world.at('shown.json');
    await world.whorl(['trust', 'init', '--signer', world.pub, ...site, ...root, '--out', out]);
    const shown = (await world.whorl(['trust', 'show', out])).stdout.join('\n');
    for (const sentence of [
      /Without an approval that holds one signature of stranger \(key .*\) nothing is frozen or killed\./,
      /Until then entries of these classes grant nothing: shells, wildcard-egress, never-learnable, sensitive\./,
      /Additions of this site take one signature of stranger/,
      /The next version takes 2 signatures of vendor \(key .*\) or stranger/,
    ])
      expect(shown).toMatch(sentence);
  });

  it('makes the signer the approver where anything may be stopped and nobody else is named', async () => {
    const policy = JSON.parse(
      (await init('--image', '**', '--max-mode', 'freeze', '--dry-run')).stdout.join('\n'),
    );
    expect(policy.rules[0].approve).toEqual({ keys: [vendor.publicKey.keyId], threshold: 1 });
    expect(policy.rules[0].ceiling).toBeUndefined();
  });

  it.each<[string, string[], number, RegExp]>([
    [
      'an end before its beginning',
      ['--image', '**', '--expires', '2026-01-01T00:00:00Z'],
      2,
      /later than now/,
    ],
    [
      'more approvals than approvers',
      ['--image', '**', '--approver', world.stranger, '--approve-threshold', '2'],
      2,
      /rules\[0\].approve.threshold must be at most 1/,
    ],
    [
      'more root signatures than keys',
      ['--image', '**', '--root', world.pub, '--root-threshold', '2'],
      2,
      /roles.root/,
    ],
    ['a pattern that is none', ['--image', '*'], 2, /rules\[0\].images\[0\] must be a name/],
    [
      'a mode that is none',
      ['--image', '**', '--max-mode', 'destroy'],
      2,
      /Allowed choices are observe, alert/,
    ],
    ['a private key as signer', ['--image', '**', '--signer', world.key], 3, /vendor.key.*is a private key/],
    ['a baseline as signer', ['--image', '**', '--signer', world.baseline], 3, /baseline.json.*no key file/],
    ['no pattern', [], 2, /required option '--image/],
  ])('refuses %s', async (_name, args, code, message) => {
    const io = await init(...args);
    expect([io.exitCode, io.stderr.join('\n')]).toEqual([code, expect.stringMatching(message)]);
    expect(existsSync(world.at('p.json'))).toBe(false);
  });

  it('lets a collector learn, beside a signer or alone', async () => {
    const beside = JSON.parse(
      (await init('--image', '**', '--learner', world.stranger, '--dry-run')).stdout.join(''),
    );
    expect(beside.roles).toEqual({ learner: { keys: [stranger.publicKey.keyId], threshold: 1 } });
    const args = ['trust', 'init', '--learner', world.stranger, '--out', world.at('learner.json')];
    const alone = await world.whorl(args);
    expect(alone.stdout.join('\n')).toContain(
      'may sign what was learned of copies of this site; that alerts',
    );
    const shown = await world.whorl(['trust', 'show', world.at('learner.json'), '--json']);
    expect(JSON.parse(shown.stdout.join(''))).toMatchObject({ rules: [], roles: beside.roles });
  });

  it('does not replace a policy', async () => {
    const io = await world.whorl([
      'trust',
      'init',
      '--signer',
      world.pub,
      '--image',
      '**',
      '--out',
      world.policy,
    ]);
    expect([io.exitCode, io.stderr.join()]).toEqual([2, expect.stringMatching(/policy.json exists already/)]);
  });
});
