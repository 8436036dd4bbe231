import { describe, expect, it } from 'vitest';
import { overlayBytes } from '../../fingerprint/overlay.ts';
import { aNode, bank, digestOfJudging, program, reading, version, workload } from '../fakes/attacked-cart.ts';
import { fingerprintBy, id, people, sitePolicy } from '../fakes/evil-trust.ts';
import { seals } from '../fakes/signed.ts';
import { imageName, signOptions } from '../fakes/trust.ts';

/** Attacks on what a node remembers, with genuine documents in the wrong order, at the wrong time or in the wrong company. */

describe('two versions at once', () => {
  it('the older does not end in the place of the newer, whichever the disk writes first', async () => {
    const node = aNode();
    const held: (() => void)[] = [];
    let calls = 0;
    node.delay = async () => {
      calls += 1;
      if (calls === 1) await new Promise<void>((resolve) => held.push(resolve));
    };
    const both = [node.give(version(7)), node.give(version(8))];
    await new Promise((resolve) => setImmediate(resolve));
    for (const go of held) go();
    await Promise.all(both);
    expect(node.judging(workload)?.version).toBe(8);
    await node.restart();
    expect(node.judging(workload)?.version).toBe(8);
    expect(await node.give(version(7))).toBe('ROLLBACK');
  });
});

describe('what a policy takes back', () => {
  it('judges no more at once, and not after a start either; what the newer had replaced does not come back with it', async () => {
    const node = aNode();
    await node.give(version(7));
    await node.give(version(8));
    expect(node.judging(workload)?.version).toBe(8);
    node.policy = sitePolicy(imageName, bank, {
      revoked: { keys: { [id('vendor')]: { at: '2026-05-03T00:00:00Z', reason: 'lost' } } },
    });
    await node.desk.look();
    expect(node.judging(workload)).toBeUndefined();
    await node.restart();
    expect(node.judging(workload)).toBeUndefined();
    expect(await node.give(version(9))).toBe('KEY_REVOKED');
    expect(await node.give(version(8, reading('/srv')))).toBe('KEY_REVOKED');
  });
});

describe('clock set back', () => {
  it('does not let a key of somebody who has left sign anew', async () => {
    const node = aNode();
    node.policy = sitePolicy(imageName, bank, { retired: { [id('left')]: { at: '2026-05-03T00:00:00Z' } } });
    await node.desk.alive(node.now * 1000);
    await node.restart();
    node.now = Date.UTC(2026, 4, 2, 12);
    const backdated = fingerprintBy(
      reading('/srv'),
      { version: 9, issuedAt: '2026-05-02T09:00:00Z' },
      people.left,
    );
    expect(await node.give(backdated)).toBe('KEY_RETIRED');
    expect(await node.give(backdated)).toBe('KEY_RETIRED');
    expect(node.judging(workload)).toBeUndefined();
  });
});

describe('a forbidden overlay', () => {
  const options = { ...signOptions, stream: 'site', version: 1 };
  const overlay = (base: string, path: string, n: number): Uint8Array => {
    const add = {
      programs: [
        { ...program, origins: [], args: [], network: [], files: [{ path, access: ['read'] as const }] },
      ],
    };
    const bindings = { sites: new Map(), volumes: new Map() };
    return seals(
      overlayBytes({ subject: workload.subject, base, bindings, add }, { ...options, version: n }),
      people.overlayer,
    );
  };

  it('is refused, and does not take the place of the one before', async () => {
    const node = aNode();
    await node.give(version(7));
    const base = digestOfJudging(node);
    expect(await node.give(overlay(base, '/etc/passwd', 1))).toBe('accepted');
    expect(await node.give(overlay(base, '/etc/shadow', 2))).toBe('OVERLAY_FORBIDDEN');
    expect(await node.give(overlay(base, '/etc/group', 2))).toBe('accepted');
  });

  it('is told when it came before its fingerprint', async () => {
    const known = aNode();
    await known.give(version(7));
    const base = digestOfJudging(known);
    const node = aNode();
    expect(await node.give(overlay(base, '/etc/shadow', 1))).toBe('accepted');
    expect(await node.give(version(7))).toBe('OVERLAY_FORBIDDEN');
    expect(node.judging(workload)?.version).toBe(7);
  });
});
