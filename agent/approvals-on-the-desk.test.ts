import { describe, expect, it } from 'vitest';
import type { ApprovedFingerprint } from '../fingerprint/approval.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Baseline, Program } from '../fingerprint/fingerprint.ts';
import { judge } from '../fingerprint/judge.ts';
import { signTrustPolicy } from '../fingerprint/policy-chain.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import type { StatementOptions } from '../fingerprint/statement.ts';
import type { Revocations, TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { approvalPolicy, approver, approves, itemFor } from '../test/fakes/approvals.ts';
import { cart, SignedDesk } from '../test/fakes/signed-desk.ts';
import { baseline, imageName, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';

const base = signFingerprint(baseline, signOptions, vendor);
const newDigest = `sha256:${'cd'.repeat(32)}`;
const newCart: Workload = { ...cart, subject: { name: imageName, digest: newDigest } };

/** The next release: another image, and whatever else is said. */
function release(programs: readonly Program[] = baseline.behaviour.programs, version = 8) {
  const of: Baseline = { ...baseline, subject: newCart.subject, behaviour: { programs } };
  return signFingerprint(of, { ...signOptions, version }, vendor);
}
const [server] = baseline.behaviour.programs;
if (server === undefined) throw new Error('the baseline of the tests has a program');
const narrower = release([{ ...server, network: [] }]);
const wider = release([{ ...server, args: [...server.args, ['cart', '--debug']] }]);

const approved = (
  more: Partial<ApprovedFingerprint> = {},
  options: Partial<StatementOptions> = {},
  key = approver,
): Uint8Array => approves([itemFor(base.digest, more)], options, key).envelope;

const deskWith = async (...envelopes: readonly Uint8Array[]): Promise<SignedDesk> => {
  const desk = new SignedDesk();
  desk.policy = approvalPolicy;
  return await desk.give(...envelopes);
};

const nothing: Revocations = { keys: new Map(), payloads: new Map(), minVersions: new Map() };
const revoking = (revoked: Partial<Revocations>): TrustPolicy => ({
  ...approvalPolicy,
  version: 2,
  revoked: { ...nothing, ...revoked },
});
const lost = { at: '2026-05-03T00:00:00Z', reason: 'a laptop was lost' };

describe('approvals on the desk', () => {
  it('are needed: a signature alone alerts, whatever the rule allows', async () => {
    const desk = await deskWith(base.envelope);
    expect(desk.modes()).toBe('alert/alert');
    expect(desk.lines).toContainEqual(
      expect.objectContaining({ type: 'fingerprint-in-force', maxMode: 'alert', warnings: ['NOT_APPROVED'] }),
    );
  });

  it.each([
    ['after', [base.envelope, approved()]],
    ['before', [approved(), base.envelope]],
  ])('let as much happen as they say, come %s the fingerprint or not', async (_when, envelopes) => {
    const desk = await deskWith(...envelopes);
    expect(desk.modes()).toBe('kill/kill');
    expect(desk.desk.judging(cart)?.approval).toMatchObject({
      signedBy: 'Shop Inc',
      approvedBy: 'Ada of Security',
      approvedUntil: '2026-11-02T11:00:00Z',
    });
  });

  it('take effect on what runs before it is said that they do', async () => {
    const heard: string[] = [];
    const desk: SignedDesk = new SignedDesk({ onChanged: () => heard.push(desk.modes()) });
    desk.policy = approvalPolicy;
    await desk.give(base.envelope, approved());
    expect(heard.at(-1)).toBe('kill/kill');
  });

  it('hold in their scope', async () => {
    const desk = await deskWith(base.envelope, approved({ scope: { namespaces: ['shop'] } }));
    expect([desk.modes(), desk.modes({ ...cart, namespace: 'bank' })]).toEqual(['kill/kill', 'alert/alert']);
  });

  it('end when their time has come', async () => {
    const desk = await deskWith(base.envelope, approved());
    desk.now = Date.parse('2026-11-02T11:00:00Z');
    expect(await desk.desk.look()).toBe(true);
    expect(desk.modes()).toBe('alert/alert');
    expect(desk.lines.at(-1)).toMatchObject({
      type: 'approval-ended',
      reason: 'CHG-4711: cart may be stopped',
    });
  });

  it('are taken back by the next version, which no older one undoes, not after a restart either', async () => {
    const nothing = approves([], { version: 3 }).envelope;
    const desk = await deskWith(base.envelope, approved(), nothing);
    expect(desk.modes()).toBe('alert/alert');
    const again = await (await desk.again()).give(approved());
    expect([again.modes(), again.refused()]).toEqual(['alert/alert', ['ROLLBACK']]);
  });

  it.each<[string, Uint8Array, string]>([
    ['a stranger', approved({}, {}, stranger), 'UNKNOWN_KEY'],
    ['the vendor', approved({}, {}, vendor), 'KEY_NOT_ALLOWED'],
    ['nobody any more', approved({}, { expiresAt: '2026-05-02T12:00:00Z' }), 'EXPIRED'],
  ])('count for nothing when %s signed them', async (_who, bytes, code) => {
    const desk = await deskWith(base.envelope, bytes);
    expect([desk.modes(), desk.refused()]).toEqual(['alert/alert', [code]]);
    expect(desk.counters.get(`fingerprints.refused.${code}`)).toBe(1);
  });

  it('let count what a vendor may not grant alone', async () => {
    const shell: Program = {
      ...server,
      id: 'p1',
      exe: '/bin/sh',
      parent: '/usr/bin/cart',
      parents: ['p0'],
      args: [['sh', '-c', 'df']],
      network: [],
    };
    const withShell = signFingerprint(
      { ...baseline, behaviour: { programs: [server, shell] } },
      signOptions,
      vendor,
    );
    const start = {
      root: 'entrypoint',
      lineage: ['/usr/bin/cart', '/bin/sh'],
      kind: 'exec',
      args: ['sh', '-c', 'df'],
      origin: 'image',
    } as const;
    const desk = await deskWith(withShell.envelope);
    const verdict = (): string => {
      const inForce = desk.desk.judging(cart);
      return inForce === undefined ? '' : judge(start, inForce.index).kind;
    };
    expect([verdict(), (desk.desk.judging(cart)?.inert ?? 0) > 0]).toEqual(['drift', true]);
    await desk.give(approves([itemFor(withShell.digest, { mode: 'alert' })]).envelope);
    expect([verdict(), desk.desk.judging(cart)?.inert, desk.modes()]).toEqual(['expected', 0, 'alert/alert']);
  });
});

describe('an approval of the digest before', () => {
  it('rules a release that adds and widens nothing as if it had been approved', async () => {
    const desk = await deskWith(base.envelope, approved(), narrower.envelope);
    expect(desk.modes(newCart)).toBe('kill/kill');
    expect((await desk.again()).modes(newCart)).toBe('kill/kill');
  });

  it('rules what is never learnable alone where the release does something new', async () => {
    const desk = await deskWith(base.envelope, approved(), wider.envelope);
    expect(desk.modes(newCart)).toBe('alert/kill');
    expect((await desk.again()).modes(newCart)).toBe('alert/kill');
  });

  it('says nothing about it when it was for that digest only', async () => {
    const desk = await deskWith(base.envelope, approved({ carry: 'digest' }), narrower.envelope);
    expect(desk.modes(newCart)).toBe('alert/alert');
  });

  it('rules what is never learnable where the digest has no fingerprint at all', async () => {
    const desk = await deskWith(base.envelope, approved());
    expect(desk.desk.judging(newCart)).toBeUndefined();
    expect(desk.desk.carried(newCart)).toMatchObject({
      maxMode: 'alert',
      neverLearnableMode: 'kill',
      approvedBy: 'Ada of Security',
      carried: true,
    });
    expect(desk.desk.carried({ ...newCart, subject: { name: 'other', digest: newDigest } })).toBeUndefined();
  });

  it('goes on for copies of that digest, which the next one says nothing about', async () => {
    const desk = await deskWith(base.envelope, approved(), wider.envelope);
    expect(desk.modes()).toBe('kill/kill');
    expect((await desk.again()).modes()).toBe('kill/kill');
  });

  it('is replaced where the next fingerprint is of the same digest', async () => {
    const next = signFingerprint(baseline, { ...signOptions, version: 8 }, vendor);
    const desk = await deskWith(base.envelope, approved({ carry: 'digest' }), next.envelope);
    expect([desk.modes(), desk.desk.judging(cart)?.approval.version]).toEqual(['alert/alert', 8]);
  });
});

describe('what was judging without any decision about it', () => {
  it('goes on for copies of its digest when the next release comes', async () => {
    const desk = await deskWith(base.envelope);
    desk.modes();
    await desk.give(wider.envelope);
    expect([desk.modes(), desk.modes(newCart)]).toEqual(['alert/alert', 'alert/alert']);
    await desk.give(base.envelope);
    expect(desk.refused()).toEqual(['ROLLBACK']);
  });
});

describe('a policy that changes', () => {
  it('ends at once what a revoked key approved, by code, and leaves the file where it is', async () => {
    const desk = await deskWith(base.envelope, approved());
    const kept = [...desk.kept.keys()];
    desk.policy = revoking({ keys: new Map([[approver.publicKey.keyId, lost]]) });
    expect(await desk.desk.look()).toBe(true);
    expect([desk.modes(), desk.refused()]).toEqual(['alert/alert', ['KEY_REVOKED']]);
    expect([...desk.kept.keys()]).toEqual(kept);
  });

  it('ends at once a fingerprint whose payload was revoked', async () => {
    const desk = await deskWith(base.envelope, approved());
    desk.policy = revoking({ payloads: new Map([[base.digest, { reason: 'learned during incident 42' }]]) });
    await desk.desk.look();
    expect([desk.modes(), desk.refused()]).toEqual(['not judged/not judged', ['REVOKED_PAYLOAD']]);
  });

  it('leaves what a retired key signed where it was recorded before, and takes nothing new of it', async () => {
    const desk = await deskWith(base.envelope, approved());
    desk.now += 60_000;
    const at = new Date(desk.now).toISOString().replace(/\.\d+Z$/, 'Z');
    desk.now += 60_000;
    desk.policy = {
      ...approvalPolicy,
      version: 2,
      retired: new Map([[vendor.publicKey.keyId, { at, keeps: [] }]]),
    };
    await desk.give(release().envelope);
    expect([desk.modes(), desk.refused()]).toEqual(['kill/kill', ['KEY_RETIRED']]);
    expect((await desk.again()).modes()).toBe('kill/kill');
  });

  it('changes nothing for what it still believes: it stays the same object', async () => {
    const desk = await deskWith(base.envelope, approved());
    const before = desk.desk.judging(cart);
    desk.policy = revoking({ payloads: new Map([[narrower.digest, { reason: 'never mind' }]]) });
    await desk.desk.look();
    expect(desk.desk.judging(cart)).toBe(before);
  });

  it('lets go on what holds when it cannot be read, and says so', async () => {
    let fails = false;
    const desk = new SignedDesk({
      trust: async () => {
        if (fails) throw new FingerprintError('POLICY_UNSAFE', 'may be written by others');
        return approvalPolicy;
      },
    });
    await desk.give(base.envelope, approved());
    fails = true;
    expect(await desk.desk.look()).toBe(false);
    expect([desk.modes(), desk.refused()]).toEqual(['kill/kill', ['POLICY_UNSAFE']]);
  });

  it('is looked at again when time alone changes what counts', async () => {
    const desk = await deskWith(base.envelope, approved());
    desk.now = Date.parse('2027-05-02T09:00:00Z');
    await desk.desk.look();
    expect(desk.desk.judging(cart)?.approval.maxMode).toBe('alert');
  });
});

describe('a state that is lost', () => {
  it('lets nothing signed be taken up, says why, and is not written over', async () => {
    const desk = await deskWith(base.envelope, approved());
    let saved = 0;
    const damaged = new SignedDesk({
      state: {
        load: async () => {
          throw new FingerprintError('STATE_IO', 'state.json cannot be read');
        },
        save: async () => {
          saved += 1;
        },
      },
    });
    damaged.policy = approvalPolicy;
    for (const [name, bytes] of desk.kept) damaged.kept.set(name, bytes);
    await damaged.desk.open();
    await damaged.give(base.envelope);
    await damaged.desk.alive(5);
    expect([damaged.modes(), saved]).toEqual(['not judged/not judged', 0]);
    expect(damaged.refused()).toEqual(['STATE_IO', 'STATE_IO', 'STATE_IO', 'STATE_IO']);
    expect(damaged.counters.get('fingerprints.refused.STATE_IO')).toBe(4);
  });
});

describe('a trust policy from the collector', () => {
  it('goes to whoever keeps policies, and rules over everything that is here', async () => {
    const revoked = revoking({ keys: new Map([[approver.publicKey.keyId, lost]]) });
    const given: Uint8Array[] = [];
    const desk: SignedDesk = new SignedDesk({
      acceptPolicy: async (bytes) => {
        given.push(bytes);
        desk.policy = revoked;
        return true;
      },
    });
    desk.policy = approvalPolicy;
    const envelope = signTrustPolicy(revoked, testKey(8));
    await desk.give(base.envelope, approved(), envelope);
    expect([given, desk.modes()]).toEqual([[envelope], 'alert/alert']);
  });
});
