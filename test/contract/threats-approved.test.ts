import { describe, expect, it } from 'vitest';
import type { Baseline, Program } from '../../fingerprint/fingerprint.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { aNode, approving, behaving, program, reading, version, workload } from '../fakes/attacked-cart.ts';
import { baseline, imageName } from '../fakes/trust.ts';

/** Attacks on what a site has approved, with genuine documents and with a stolen key of a vendor. */

describe('two genuine fingerprints of one image', () => {
  const looser = version(1, reading('/etc/cart.conf', '/srv/more'), { stream: 'debug' });
  it.each([
    ['before', [looser, version(7)]],
    ['after', [version(7), looser]],
  ])('the one that a person approved judges, come the other %s it', async (_when, envelopes) => {
    const known = aNode();
    await known.give(version(7));
    const approval = approving(known, {}, 'digest');
    const node = aNode();
    for (const bytes of [...envelopes, approval]) expect(await node.give(bytes)).toBe('accepted');
    expect(node.judging(workload)).toEqual({ version: 7, mode: 'kill' });
    await node.restart();
    expect(node.judging(workload)).toEqual({ version: 7, mode: 'kill' });
  });
});

describe('a stolen key of a vendor, where the site has approved', () => {
  const helper: Program = {
    ...program,
    id: 'p1',
    parent: program.exe,
    parents: ['p0'],
    exe: '/usr/bin/date',
    args: [['date']],
    network: [],
    files: [],
  };
  const grave: Program = { ...program, privileges: [{ privilege: 'ptrace' }] };

  it.each([
    ['the same anew', [grave, helper], 'kill', undefined],
    ['less, so that the service drifts by what it always did', [grave], 'alert', undefined],
    ['less of what is never learnable', [program, helper], 'alert', undefined],
    ['less of one and more of another', [grave, { ...helper, exe: '/usr/bin/nc' }], 'alert', undefined],
    ['more', [grave, { ...helper, args: [['date'], ['date', '-u']] }], 'alert', 'kill'],
  ] as const)('signs %s for the image that was approved', async (_what, programs, mode, neverLearnable) => {
    const node = aNode();
    expect(await node.give(version(7, behaving(grave, helper)))).toBe('accepted');
    await node.give(approving(node));
    expect(node.judging(workload)).toEqual({ version: 7, mode: 'kill' });
    expect(await node.give(version(8, behaving(...programs)))).toBe('accepted');
    expect(node.judging(workload)).toEqual({ version: 8, mode });
    expect(node.desk.judging(workload)?.approval.neverLearnableMode).toBe(neverLearnable);
    await node.restart();
    expect(node.judging(workload)).toEqual({ version: 8, mode });
  });
});

describe('what is never learnable and was approved by name', () => {
  const grave: Program = { ...program, privileges: [{ privilege: 'ptrace' }] };
  const subject = { name: imageName, digest: `sha256:${'cd'.repeat(32)}` };
  const later: Workload = { ...workload, subject };
  const of = (p: Program, about = workload.subject): Baseline => ({
    ...baseline,
    subject: about,
    behaviour: { programs: [p] },
  });
  const v7 = version(7, of(grave));
  /** What the node says of the later image: how far, how far for what is never learnable, what is held back. */
  async function said(...envelopes: readonly Uint8Array[]): Promise<readonly unknown[]> {
    const known = aNode();
    await known.give(v7);
    const node = aNode();
    await node.give(approving(known));
    for (const bytes of envelopes) await node.give(bytes);
    const inForce = node.desk.judging(later);
    if (inForce === undefined) return [node.desk.carried(later)];
    return [inForce.approval.maxMode, inForce.approval.neverLearnableMode, inForce.inert];
  }
  const more = { ...grave, args: [...grave.args, ['cart', '-v']] };

  it('goes on under the next image, which is not stopped for what it always did', async () => {
    expect(await said(v7, version(8, of(grave, subject)))).toEqual(['kill', undefined, 0]);
    expect(await said(v7, version(8, of(more, subject)))).toEqual(['alert', 'kill', 0]);
  });

  it('nor when a thief leaves it out, when the fingerprint is held back, or when there is none yet', async () => {
    expect(await said(v7, version(8, of(program, subject)))).toEqual(['alert', undefined, 0]);
    expect(await said(version(8, of(grave, subject)))).toEqual(['alert', undefined, 1]);
    expect(await said(version(8, of(program, subject)))).toEqual(['alert', undefined, 0]);
    expect(await said(v7)).toEqual([undefined]);
    expect(await said()).toEqual([undefined]);
  });

  it('and what is new of it is held back, and stops nothing either', async () => {
    const two = { ...grave, privileges: [{ privilege: 'ptrace' as const }, { privilege: 'mount' as const }] };
    expect(await said(v7, version(8, of(two, subject)))).toEqual(['alert', undefined, 1]);
  });
});
