import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { underCeiling } from '../../fingerprint/ceiling.ts';
import type { Program } from '../../fingerprint/fingerprint.ts';
import { ceilingClasses } from '../../fingerprint/trust-classes.ts';
import { aNode, approving, bank, behaving, program, version, workload } from '../fakes/attacked-cart.ts';
import { id, siteDocument } from '../fakes/evil-trust.ts';
import { baseline, imageName, now } from '../fakes/trust.ts';

const day = 86_400_000;

/** Each row stands in docs/limits.md (by trust): what the signatures do not stop, beside what they do. */
const limits: Readonly<Record<string, () => Promise<void>>> = {
  'a decision that is withheld is not missed; what has an end ends by itself': async () => {
    const node = aNode();
    await node.give(version(7));
    await node.give(approving(node, { expiresAt: '2026-05-10T00:00:00Z' }));
    // Somebody took it back since, and the collector says nothing.
    node.now = now + day;
    await node.desk.look();
    expect(node.judging(workload)?.mode).toBe('kill');
    node.now = Date.UTC(2026, 4, 11);
    await node.desk.look();
    expect(node.judging(workload)?.mode).toBe('alert');
  },
  'an older version on a node that has seen none, unless the policy names the least': async () => {
    expect(await aNode().give(version(6))).toBe('accepted');
    expect(await aNode({ revoked: { minVersions: { [imageName]: 7 } } }).give(version(6))).toBe(
      'BELOW_MINIMUM',
    );
    const seen = aNode();
    await seen.give(version(7));
    expect(await seen.give(version(6))).toBe('ROLLBACK');
  },
  'a version so high that none comes after it': async () => {
    const node = aNode();
    expect(await node.give(version(Number.MAX_SAFE_INTEGER))).toBe('accepted');
    expect(await node.give(version(8))).toBe('ROLLBACK');
    expect(await node.give(version(1, baseline, { stream: 'anew' }))).toBe('accepted');
  },
  'a later image whose fingerprint only takes away keeps the mode of the one that was approved': async () => {
    const helper: Program = {
      ...program,
      id: 'p1',
      parent: program.exe,
      parents: ['p0'],
      exe: '/usr/bin/date',
      args: [['date']],
    };
    const subject = { name: imageName, digest: `sha256:${'cd'.repeat(32)}` };
    const later = { ...workload, subject };
    const node = aNode();
    expect(await node.give(version(7, behaving(program, helper)))).toBe('accepted');
    await node.give(approving(node));
    await node.give(version(8, { ...behaving(program), subject }));
    expect(node.judging(later)).toEqual({ version: 8, mode: 'kill' });
    await node.give(version(9, { ...behaving(program, { ...helper, exe: '/usr/bin/nc' }), subject }));
    expect(node.judging(later)).toEqual({ version: 9, mode: 'alert' });
  },
  'a clock set back lets count again what has run out, but no older version': async () => {
    const keys = siteDocument(imageName, bank).keys as Record<string, object>;
    const until = { ...keys, [id('vendor')]: { ...keys[id('vendor')], notAfter: '2026-05-03T00:00:00Z' } };
    const node = aNode({ keys: until });
    expect(await node.give(version(7))).toBe('KEY_EXPIRED');
    node.now = Date.UTC(2026, 4, 2, 12);
    expect(await node.give(version(7))).toBe('accepted');
    expect(await node.give(version(6))).toBe('ROLLBACK');
  },
  'a release that was taken back is learned on a node that never held what was signed for it': async () => {
    const revoked = { keys: { [id('vendor')]: { at: '2026-05-03T00:00:00Z', reason: 'stolen' } } };
    const node = aNode({ revoked });
    expect(await node.give(version(7))).toBe('KEY_REVOKED');
    expect(node.desk.untrusted(workload)).toBeUndefined();
    node.kept.set('held', version(7));
    await node.restart();
    expect(node.desk.untrusted(workload)?.code).toBe('KEY_REVOKED');
  },
  'a shell by a name that no table has': async () => {
    const held = (exe: string): number =>
      underCeiling(
        { programs: [{ ...program, exe, args: [['x', '-c', 'y']], files: [], network: [] }] },
        ceilingClasses,
      ).inert.length;
    expect(held('/usr/lib/cart/helper')).toBe(0);
    expect(held('/bin/dash')).toBe(1);
  },
};

describe('the limits of trust', () => {
  it.each(Object.entries(limits))('%s', async (_name, shows) => {
    await shows();
  });

  it('all stand on the page of limits', () => {
    const page = readFileSync(new URL('../../docs/limits.md', import.meta.url), 'utf8');
    const [, section = ''] = page.split('## By trust');
    for (const name of Object.keys(limits)) expect(section.split('\n## ')[0]).toContain(`| ${name} |`);
  });
});
