import { describe, expect, it } from 'vitest';
import { signTrustPolicy } from '../fingerprint/policy-chain.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import type { Revocations, TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { workloadHash } from '../fingerprint/workload-hash.ts';
import { policyWith } from '../test/fakes/approvals.ts';
import { learnedOf } from '../test/fakes/learned.ts';
import { shop } from '../test/fakes/reports.ts';
import { cart } from '../test/fakes/signed-desk.ts';
import { baseline, imageName, now, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { beforehandOf } from './beforehand.ts';
import { nothingBeforehand } from './core/baselines.ts';
import { Fingerprints } from './fingerprints.ts';
import { Provisionals } from './provisionals.ts';

const root = testKey(9);
const base = signFingerprint(baseline, signOptions, vendor);
const approvable = policyWith({});
const trust: TrustPolicy = {
  ...approvable,
  keys: new Map([
    ...approvable.keys,
    [root.publicKey.keyId, { key: root.publicKey, owner: 'root' }],
    [stranger.publicKey.keyId, { key: stranger.publicKey, owner: 'the next vendor' }],
  ]),
  root: { keys: [root.publicKey.keyId], threshold: 1 },
};
const none: Revocations = { keys: new Map(), payloads: new Map(), minVersions: new Map() };
const at = '2026-05-03T00:00:00Z';
const vendorId = vendor.publicKey.keyId;
const [rule] = trust.rules;
if (rule === undefined) throw new Error('the policy of the tests has a rule');
/** The vendor's key was stolen, and there is a new one. */
const next: TrustPolicy = {
  ...trust,
  version: 2,
  rules: [{ ...rule, sign: { keys: [vendorId, stranger.publicKey.keyId], threshold: 1 } }],
  revoked: { ...none, keys: new Map([[vendorId, { at, reason: 'stolen' }]]) },
};
const revocation = signTrustPolicy(next, root);

const newCart: Workload = { ...cart, subject: { name: imageName, digest: `sha256:${'cd'.repeat(32)}` } };

function open(policy: TrustPolicy | undefined, stored = new Map<string, Uint8Array>()): Fingerprints {
  const store = {
    fingerprints: async () => [...stored.values()],
    saveFingerprint: async (digest: string, envelope: Uint8Array) => void stored.set(digest, envelope),
  };
  return new Fingerprints({ store, trust: policy, now: () => now });
}

async function given(...envelopes: readonly Uint8Array[]): Promise<Fingerprints> {
  const fingerprints = open(trust);
  for (const envelope of envelopes) await fingerprints.add(envelope);
  return fingerprints;
}

const learned = learnedOf(cart, 'cart');

describe('a workload whose fingerprint the policy of the collector refuses', () => {
  it('is told by code, with the version, also after a restart', async () => {
    const stored = new Map<string, Uint8Array>();
    const fingerprints = open(trust, stored);
    await fingerprints.add(base.envelope);
    expect([fingerprints.refusal(cart), fingerprints.describe(cart)]).toEqual([
      undefined,
      { signed: { digest: base.digest, version: 7 } },
    ]);
    await fingerprints.add(revocation);
    const again = open(trust, stored);
    await again.restore();
    for (const of of [fingerprints, again]) {
      expect(of.describe(cart)).toEqual({
        signed: { digest: base.digest, version: 7, refused: 'KEY_REVOKED' },
      });
      expect([of.refusal(newCart), of.refusal(shop)]).toEqual([undefined, undefined]);
    }
  });

  it('is one no more when a new version of it is accepted', async () => {
    const newer = signFingerprint(baseline, { ...signOptions, version: 8 }, stranger).envelope;
    expect((await given(base.envelope, revocation, newer)).refusal(cart)).toBeUndefined();
  });

  it('is none where each node has to say so, or where there is no policy', async () => {
    const retired = new Map([[vendorId, { at: '2026-05-02T00:00:00Z', keeps: [] }]]);
    const fingerprints = await given(base.envelope, signTrustPolicy({ ...trust, version: 2, retired }, root));
    expect(fingerprints.refusal(cart)).toBeUndefined();
    const without = open(undefined);
    await without.add(base.envelope);
    await without.add(revocation);
    expect(without.refusal(cart)).toBeUndefined();
  });

  it('never gets a provisional fingerprint from what nodes without that policy tell', async () => {
    const fingerprints = await given(base.envelope);
    const saved: string[] = [];
    const provisionals = new Provisionals({
      store: {
        provisional: async () => undefined,
        provisionals: async () => [],
        provisionalsOf: async () => [],
        saveProvisional: async (hash) => void saved.push(hash),
        agentsOf: async () => [],
      },
      learner: { sign: (what, about) => signProvisional(what, about, testKey(5)).envelope },
      refusal: (workload) => fingerprints.refusal(workload),
      linkOf: () => undefined,
      now: () => now,
      log: { info: () => undefined, warn: () => undefined, error: () => undefined },
      tell: () => undefined,
    });
    const ready = { ready: true, phases: ['start'], reasons: [] } as const;
    await fingerprints.add(revocation);
    await provisionals.consider(learned, nothingBeforehand, ready);
    await provisionals.consider({ ...learned, workload: newCart }, nothingBeforehand, ready);
    expect(saved).toEqual([workloadHash(newCart)]);
  });

  it('leaves nothing to the next digest', async () => {
    const store = {
      predecessor: async () => workloadHash(cart),
      provisional: async () => undefined,
      learned: async () => learned,
    };
    const of = (fingerprints: Fingerprints) =>
      beforehandOf(store, fingerprints)(workloadHash(newCart), newCart);
    expect(await of(await given(base.envelope))).toHaveProperty('previous');
    expect(await of(await given(base.envelope, revocation))).not.toHaveProperty('previous');
  });
});
