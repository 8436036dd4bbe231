import { describe, expect, it } from 'vitest';
import type { Baseline, Program } from '../../fingerprint/fingerprint.ts';
import { approvalBytes } from '../../fingerprint/parse-approval.ts';
import type { StatementOptions } from '../../fingerprint/statement-frame.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { AttackedNode } from '../fakes/attacked-node.ts';
import { fingerprintBy, people, sitePolicy } from '../fakes/evil-trust.ts';
import { seals } from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now, signOptions } from '../fakes/trust.ts';

/** Attacks on what a site has approved, with genuine documents and with a stolen key of a vendor. */

const bank = 'registry.example/bank/ledger';
const [program] = baseline.behaviour.programs;
if (program === undefined) throw new Error('the baseline of the tests has a program');
const workload: Workload = {
  cluster: 'c',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: imageName, digest: imageDigest },
};
const reading = (...paths: readonly string[]): Baseline => ({
  ...baseline,
  behaviour: {
    programs: [{ ...program, files: paths.map((path) => ({ path, access: ['read'] as const })) }],
  },
});

const aNode = () => new AttackedNode(sitePolicy(imageName, bank), now);
const version = (n: number, more: Partial<StatementOptions> = {}, from = baseline): Uint8Array =>
  fingerprintBy(from, { version: n, ...more });
const approving = (fingerprint: string, options: Partial<StatementOptions> = {}): Uint8Array =>
  seals(
    approvalBytes(
      { items: [{ image: workload.subject, fingerprint, mode: 'kill', carry: 'digest' }], reason: 'OPS-18' },
      { ...signOptions, stream: 'site', version: 1, ...options },
    ),
    people.approver,
  );
const digestOfJudging = (node: AttackedNode): string =>
  node.desk.judging(workload)?.approval.fingerprint ?? '';

describe('two genuine fingerprints of one image', () => {
  const looser = version(1, { stream: 'debug' }, reading('/etc/cart.conf', '/srv/more'));
  it.each([
    ['before', [looser, version(7)]],
    ['after', [version(7), looser]],
  ])('the one that a person approved judges, come the other %s it', async (_when, envelopes) => {
    const known = aNode();
    await known.give(version(7));
    const approval = approving(digestOfJudging(known));
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
  const behaving = (...programs: readonly Program[]): Baseline => ({ ...baseline, behaviour: { programs } });

  it.each([
    ['the same anew', [grave, helper], 'kill', undefined],
    ['less, so that the service drifts by what it always did', [grave], 'alert', undefined],
    ['less of what is never learnable', [program, helper], 'alert', undefined],
    ['less of one and more of another', [grave, { ...helper, exe: '/usr/bin/nc' }], 'alert', undefined],
    ['more', [grave, { ...helper, args: [['date'], ['date', '-u']] }], 'alert', 'kill'],
  ] as const)('signs %s for the image that was approved', async (_what, programs, mode, neverLearnable) => {
    const node = aNode();
    expect(await node.give(version(7, {}, behaving(grave, helper)))).toBe('accepted');
    const item = {
      image: workload.subject,
      fingerprint: digestOfJudging(node),
      mode: 'kill',
      carry: 'repository',
    } as const;
    const stands = { ...signOptions, stream: 'site', version: 1 };
    await node.give(seals(approvalBytes({ items: [item], reason: 'OPS-18' }, stands), people.approver));
    expect(node.judging(workload)).toEqual({ version: 7, mode: 'kill' });
    expect(await node.give(version(8, {}, behaving(...programs)))).toBe('accepted');
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
  const v7 = version(7, {}, of(grave));
  /** What the node says of the later image: how far, how far for what is never learnable, what is held back. */
  async function said(...envelopes: readonly Uint8Array[]): Promise<readonly unknown[]> {
    const known = aNode();
    await known.give(v7);
    const item = {
      image: workload.subject,
      fingerprint: digestOfJudging(known),
      mode: 'kill',
      carry: 'repository',
    } as const;
    const node = aNode();
    const stands = { ...signOptions, stream: 'site', version: 1 };
    await node.give(seals(approvalBytes({ items: [item], reason: 'OPS-18' }, stands), people.approver));
    for (const bytes of envelopes) await node.give(bytes);
    const inForce = node.desk.judging(later);
    if (inForce === undefined) return [node.desk.carried(later)];
    return [inForce.approval.maxMode, inForce.approval.neverLearnableMode, inForce.inert];
  }
  const more = { ...grave, args: [...grave.args, ['cart', '-v']] };

  it('goes on under the next image, which is not stopped for what it always did', async () => {
    expect(await said(v7, version(8, {}, of(grave, subject)))).toEqual(['kill', undefined, 0]);
    expect(await said(v7, version(8, {}, of(more, subject)))).toEqual(['alert', 'kill', 0]);
  });

  it('nor when a thief leaves it out, when the fingerprint is held back, or when there is none yet', async () => {
    expect(await said(v7, version(8, {}, of(program, subject)))).toEqual(['alert', undefined, 0]);
    expect(await said(version(8, {}, of(grave, subject)))).toEqual(['alert', undefined, 1]);
    expect(await said(version(8, {}, of(program, subject)))).toEqual(['alert', undefined, 0]);
    expect(await said(v7)).toEqual([undefined]);
    expect(await said()).toEqual([undefined]);
  });

  it('and what is new of it is held back, and stops nothing either', async () => {
    const two = { ...grave, privileges: [{ privilege: 'ptrace' as const }, { privilege: 'mount' as const }] };
    expect(await said(v7, version(8, {}, of(two, subject)))).toEqual(['alert', undefined, 1]);
  });
});
