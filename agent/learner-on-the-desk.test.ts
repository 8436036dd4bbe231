import { expect, it } from 'vitest';
import { signProvisional } from '../fingerprint/provisional.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { approvalPolicy, approver, approves, itemFor } from '../test/fakes/approvals.ts';
import { cart, SignedDesk } from '../test/fakes/signed-desk.ts';
import { baseline, signOptions, testKey, vendor } from '../test/fakes/trust.ts';

const base = signFingerprint(baseline, signOptions, vendor);
const learner = testKey(9);
const learnerId = learner.publicKey.keyId;
const policy: TrustPolicy = {
  ...approvalPolicy,
  keys: new Map([...approvalPolicy.keys, [learnerId, { key: learner.publicKey, owner: 'learned' }]]),
  learnerKeys: [learner.publicKey],
};
const retired: TrustPolicy = {
  ...policy,
  version: 2,
  retired: new Map([[approver.publicKey.keyId, { at: '2026-05-03T13:00:00Z', keeps: [] }]]),
};

const { subject: _what, ...scope } = cart;
const learned = (owner: string, version: number): Uint8Array =>
  signProvisional(
    { ...baseline, scope: { ...scope, owner } },
    { workload: owner, version, issuedAt: signOptions.issuedAt },
    learner,
  ).envelope;

it.each([
  ['ever newer versions', (i: number) => learned('job', i)],
  ['ever other workloads', (i: number) => learned(`job-${i}`, 1)],
])('a collector that learns %s makes no node forget what was approved here', async (_what, one) => {
  const desk = new SignedDesk({ limits: { learned: 2, accepted: 4 } });
  desk.policy = policy;
  await desk.give(base.envelope, approves([itemFor(base.digest)]).envelope);
  for (let i = 1; i <= 9; i += 1) await desk.give(one(i));
  desk.policy = retired;
  desk.now += 7_200_000;
  await desk.desk.look();
  expect([desk.modes(), desk.refused()]).toEqual(['kill/kill', []]);
  const again = await desk.again();
  expect([again.modes(), again.refused()]).toEqual(['kill/kill', []]);
});

it('what a learner signed while a key was good does not let that key sign it once it is retired', async () => {
  const workload = { ...baseline, scope };
  const options = { stream: 'learned/cart', version: 1, issuedAt: signOptions.issuedAt };
  const byLearner = signFingerprint(workload, options, learner);
  const byVendor = signFingerprint(workload, options, vendor);
  expect(byVendor.digest).toBe(byLearner.digest);
  const vendorGone: TrustPolicy = {
    ...policy,
    version: 2,
    retired: new Map([[vendor.publicKey.keyId, { at: '2026-05-03T13:00:00Z', keeps: [] }]]),
  };
  const refusals: (readonly string[])[] = [];
  for (const before of [[], [byLearner.envelope], [byVendor.envelope]]) {
    const desk = new SignedDesk();
    desk.policy = policy;
    await desk.give(...before);
    desk.policy = vendorGone;
    desk.now += 7_200_000;
    await desk.give(byVendor.envelope);
    refusals.push(desk.refused());
  }
  expect(refusals).toEqual([['KEY_RETIRED'], ['KEY_RETIRED'], []]);
});
