import { describe, expect, it } from 'vitest';
import { signTrustPolicy } from '../fingerprint/policy-chain.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import { signOverlay } from '../fingerprint/sign-overlay.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { approvalPolicy, itemFor as approvedItem, approves } from '../test/fakes/approvals.ts';
import { openBaseline, overlayFor, overlayOptions, site, sitePolicy } from '../test/fakes/overlays.ts';
import { shop } from '../test/fakes/reports.ts';
import { baseline, now, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { Fingerprints, type FingerprintsOptions } from './fingerprints.ts';
import type { AgentLink } from './ports.ts';

const base = signFingerprint(openBaseline, signOptions, vendor);
const overlay = signOverlay(overlayFor(base.digest), overlayOptions, site);

const root = testKey(9);

function desk({ trust }: Pick<FingerprintsOptions, 'trust'>) {
  const stored = new Map<string, Uint8Array>();
  const store = {
    fingerprints: async () => [...stored.values()],
    saveFingerprint: async (digest: string, envelope: Uint8Array) => void stored.set(digest, envelope),
  };
  const open = (): Fingerprints => new Fingerprints({ store, trust, now: () => now });
  return { stored, open };
}

const link = (sent: Uint8Array[], acked = 7): Pick<AgentLink, 'fingerprint' | 'hello'> => ({
  hello: {
    agent: 'a',
    node: 'node-1',
    cluster: 'local',
    session: '1'.repeat(32),
    version: 'test',
    source: 'fake',
    coverage: [],
    acked,
  },
  fingerprint: (envelope) => void sent.push(envelope),
});

describe('what the collector hands out', () => {
  it('are fingerprints and overlays alike, also after a restart', async () => {
    const { open } = desk({ trust: sitePolicy });
    const first = open();
    expect(await first.add(overlay.envelope)).toEqual({
      kind: 'overlay',
      digest: overlay.digest,
      subjects: [baseline.subject],
    });
    expect(await first.add(base.envelope)).toEqual({
      kind: 'base',
      digest: base.digest,
      subjects: [baseline.subject],
    });
    const second = open();
    await second.restore();
    const sent: Uint8Array[] = [];
    second.sendAll(link(sent));
    expect(sent).toEqual([base.envelope, overlay.envelope]);
  });

  it('is nothing that it knows to be worthless', async () => {
    const { open, stored } = desk({ trust: sitePolicy });
    const foreign = signOverlay(overlayFor(base.digest), overlayOptions, stranger).envelope;
    const vendors = signOverlay(overlayFor(base.digest), overlayOptions, vendor).envelope;
    await expect(open().add(foreign)).rejects.toMatchObject({ code: 'UNKNOWN_KEY' });
    await expect(open().add(vendors)).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    await expect(open().add(new Uint8Array([1]))).rejects.toMatchObject({ code: 'ENVELOPE_SYNTAX' });
    expect(stored.size).toBe(0);
  });

  it('is for each agent to verify where the collector has no policy', async () => {
    const { open } = desk({ trust: undefined });
    const foreign = signOverlay(overlayFor(base.digest), overlayOptions, stranger);
    expect((await open().add(foreign.envelope)).digest).toBe(foreign.digest);
  });
});

describe('what is handed out beside fingerprints', () => {
  const newer = signFingerprint(openBaseline, { ...signOptions, version: 8 }, vendor);
  const [first, next] = [rootedPolicy(1), rootedPolicy(2)];
  const signedNext = signTrustPolicy(next, root);
  const approval = approves([approvedItem(base.digest)]);

  it('goes to an agent in an order in which each can be taken up at once', async () => {
    const { open } = desk({ trust: first });
    const fingerprints = open();
    for (const envelope of [approval.envelope, overlay.envelope, base.envelope, signedNext])
      await fingerprints.add(envelope);
    const sent: Uint8Array[] = [];
    fingerprints.sendAll(link(sent));
    expect(sent).toEqual([signedNext, approval.envelope, base.envelope, overlay.envelope]);
    expect(fingerprints.counts).toEqual({ 'trust-policy': 1, base: 1, overlay: 1, approval: 1 });
  });

  it('is the newest of each sequence, and for a new agent what an approval names besides', async () => {
    const { open } = desk({ trust: first });
    const fingerprints = open();
    for (const envelope of [base.envelope, newer.envelope, approval.envelope])
      await fingerprints.add(envelope);
    const [known, unknown]: [Uint8Array[], Uint8Array[]] = [[], []];
    fingerprints.sendAll(link(known));
    fingerprints.sendAll(link(unknown, 0));
    expect(known).toEqual([approval.envelope, newer.envelope]);
    expect(unknown).toEqual([approval.envelope, base.envelope, newer.envelope]);
  });

  it('is no longer what has run out and every agent would refuse', async () => {
    let time = now;
    const stored = new Map<string, Uint8Array>();
    const store = {
      fingerprints: async () => [...stored.values()],
      saveFingerprint: async (digest: string, envelope: Uint8Array) => void stored.set(digest, envelope),
    };
    const fingerprints = new Fingerprints({ store, trust: first, now: () => time });
    for (const envelope of [base.envelope, overlay.envelope, approval.envelope])
      await fingerprints.add(envelope);
    time = Date.parse('2027-06-01T00:00:00Z');
    const sent: Uint8Array[] = [];
    fingerprints.sendAll(link(sent));
    expect(sent).toEqual([base.envelope]);
  });

  it('is checked by the newest policy that was taken in, also after a restart', async () => {
    const { open } = desk({ trust: first });
    const before = open();
    await before.add(signedNext);
    const after = open();
    await after.restore();
    for (const fingerprints of [before, after])
      await expect(fingerprints.add(newer.envelope)).rejects.toMatchObject({ code: 'REVOKED_PAYLOAD' });
    await expect(after.add(signTrustPolicy(rootedPolicy(2, 'another'), root))).rejects.toMatchObject({
      code: 'EQUIVOCATION',
    });
  });

  it('is no approval of somebody who may not approve', async () => {
    const { open, stored } = desk({ trust: first });
    const foreign = approves([approvedItem(base.digest)], {}, vendor).envelope;
    await expect(open().add(foreign)).rejects.toMatchObject({ code: 'KEY_NOT_ALLOWED' });
    expect(stored.size).toBe(0);
  });

  it('says of a workload what was signed and what was decided about it', async () => {
    const { open } = desk({ trust: first });
    const fingerprints = open();
    const workload = { ...shop, subject: baseline.subject };
    expect(fingerprints.describe(workload)).toEqual({});
    await fingerprints.add(base.envelope);
    expect(fingerprints.describe(workload)).toEqual({ signed: { digest: base.digest, version: 7 } });
    await fingerprints.add(approval.envelope);
    expect(fingerprints.describe(workload)).toMatchObject({
      approved: { mode: 'kill', reason: 'CHG-4711: cart may be stopped', version: 2 },
    });
  });

  function rootedPolicy(version: number, reason = 'learned during incident 42'): TrustPolicy {
    const policy: TrustPolicy = {
      ...approvalPolicy,
      version,
      keys: new Map([...approvalPolicy.keys, [root.publicKey.keyId, { key: root.publicKey, owner: 'root' }]]),
      root: { keys: [root.publicKey.keyId], threshold: 1 },
    };
    if (version === 1) return policy;
    const payloads = new Map([[newer.digest, { reason }]]);
    return { ...policy, revoked: { keys: new Map(), minVersions: new Map(), payloads } };
  }
});
