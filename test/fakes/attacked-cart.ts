import type { ApprovedFingerprint } from '../../fingerprint/approval.ts';
import type { Baseline, Program } from '../../fingerprint/fingerprint.ts';
import { approvalBytes } from '../../fingerprint/parse-approval.ts';
import type { StatementOptions } from '../../fingerprint/statement-options.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { AttackedNode } from './attacked-node.ts';
import { fingerprintBy, people, sitePolicy } from './evil-trust.ts';
import { seals } from './signed.ts';
import { baseline, imageDigest, imageName, now, signOptions } from './trust.ts';

/** What runs on the attacked node, and the genuine documents about it. */

export const bank = 'registry.example/bank/ledger';
export const workload: Workload = {
  cluster: 'c',
  namespace: 'shop',
  owner: 'Deployment/cart',
  container: 'main',
  role: 'main',
  subject: { name: imageName, digest: imageDigest },
};

const [first] = baseline.behaviour.programs;
if (first === undefined) throw new Error('the baseline of the tests has a program');
export const program: Program = first;

export const behaving = (...programs: readonly Program[]): Baseline => ({
  ...baseline,
  behaviour: { programs },
});
export const reading = (...paths: readonly string[]): Baseline =>
  behaving({ ...program, files: paths.map((path) => ({ path, access: ['read'] })) });

/** @param more what its policy says besides */
export const aNode = (more: object = {}): AttackedNode =>
  new AttackedNode(sitePolicy(imageName, bank, more), now);

export const version = (
  n: number,
  from: Baseline = baseline,
  more: Partial<StatementOptions> = {},
): Uint8Array => fingerprintBy(from, { version: n, ...more });

export const digestOfJudging = (node: AttackedNode): string =>
  node.desk.judging(workload)?.approval.fingerprint ?? '';

/** Lets the node stop copies that drift from what judges them now. */
export const approving = (
  node: AttackedNode,
  options: Partial<StatementOptions> = {},
  carry: ApprovedFingerprint['carry'] = 'repository',
): Uint8Array => {
  const item = { image: workload.subject, fingerprint: digestOfJudging(node), mode: 'kill', carry } as const;
  const stands = { ...signOptions, stream: 'site', version: 1, ...options };
  return seals(approvalBytes({ items: [item], reason: 'OPS-18' }, stands), people.approver);
};
