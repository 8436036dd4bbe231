import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../fingerprint/canonical.ts';
import { open, seal, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { Baseline } from '../fingerprint/fingerprint.ts';
import { signProvisional } from '../fingerprint/provisional.ts';
import { signFingerprint } from '../fingerprint/sign.ts';
import type { Revocations, TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { approvalPolicy, approver, approves, itemFor, policyWith } from '../test/fakes/approvals.ts';
import { cart, SignedDesk } from '../test/fakes/signed-desk.ts';
import { baseline, imageName, signOptions, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import { earlierName } from './ports/kept.ts';

const base = signFingerprint(baseline, signOptions, vendor);
const learner = testKey(9);
const vendorId = vendor.publicKey.keyId;
const policy: TrustPolicy = {
  ...approvalPolicy,
  keys: new Map([
    ...approvalPolicy.keys,
    [learner.publicKey.keyId, { key: learner.publicKey, owner: 'learned' }],
    [stranger.publicKey.keyId, { key: stranger.publicKey, owner: 'the next vendor' }],
  ]),
  learnerKeys: [learner.publicKey],
};
const [rule] = policy.rules;
if (rule === undefined) throw new Error('the policy of the tests has a rule');

const none: Revocations = { keys: new Map(), payloads: new Map(), minVersions: new Map() };
const revoking = (revoked: Partial<Revocations>): TrustPolicy => ({
  ...policy,
  version: 2,
  revoked: { ...none, ...revoked },
});
const at = '2026-05-03T00:00:00Z';
const withoutVendor = revoking({ keys: new Map([[vendorId, { at, reason: 'stolen' }]]) });
const signedBy = (sign: { keys: readonly string[]; threshold: number }): TrustPolicy => ({
  ...policy,
  version: 2,
  rules: [{ ...rule, sign }],
});
/** The same site, where somebody else signs from now on. */
const nextVendor: TrustPolicy = {
  ...withoutVendor,
  version: 3,
  rules: [{ ...rule, sign: { keys: [stranger.publicKey.keyId], threshold: 1 } }],
};

const newDigest = `sha256:${'cd'.repeat(32)}`;
const newCart: Workload = { ...cart, subject: { name: imageName, digest: newDigest } };
const { subject: _what, ...scope } = cart;
const learned = signProvisional(
  { ...baseline, scope },
  { workload: 'cart', version: 1, issuedAt: signOptions.issuedAt },
  learner,
).envelope;

async function deskWith(...envelopes: readonly Uint8Array[]): Promise<SignedDesk> {
  const desk = new SignedDesk();
  desk.policy = policy;
  return await desk.give(...envelopes);
}

async function under(changed: TrustPolicy, desk: SignedDesk): Promise<SignedDesk> {
  desk.policy = changed;
  await desk.desk.look();
  return desk;
}
const codeOf = ({ desk }: SignedDesk, of = cart): string => desk.untrusted(of)?.code ?? 'trusted or unknown';

describe('a fingerprint that held and is refused now', () => {
  it.each<[string, TrustPolicy]>([
    ['REVOKED_PAYLOAD', revoking({ payloads: new Map([[base.digest, { reason: 'incident 42' }]]) })],
    ['KEY_REVOKED', withoutVendor],
    ['BELOW_MINIMUM', revoking({ minVersions: new Map([[imageName, 8]]) })],
    ['KEY_NOT_ALLOWED', signedBy({ keys: [approver.publicKey.keyId], threshold: 1 })],
    ['THRESHOLD', signedBy({ keys: [vendorId, approver.publicKey.keyId], threshold: 2 })],
    ['NO_RULE', { ...policy, version: 2, rules: [] }],
    [
      'UNKNOWN_KEY',
      { ...policy, version: 2, keys: new Map([...policy.keys].filter(([id]) => id !== vendorId)) },
    ],
  ])('keeps its workload from being learned: %s, at once and after a restart', async (code, changed) => {
    const desk = await deskWith(base.envelope);
    expect(codeOf(desk)).toBe('trusted or unknown');
    await under(changed, desk);
    expect([desk.modes(), codeOf(desk)]).toEqual(['not judged/not judged', code]);
    expect(desk.desk.untrusted(cart)).toMatchObject({ fingerprint: base.digest });
    expect(codeOf(await desk.again())).toBe(code);
  });

  it('says nothing about other images, other digests and other owners', async () => {
    const scoped = signFingerprint({ ...baseline, scope }, signOptions, vendor).envelope;
    const desk = await under(withoutVendor, await deskWith(scoped));
    const others: Workload[] = [
      newCart,
      { ...cart, subject: { ...cart.subject, name: 'registry.example/shop/auth' } },
      { ...cart, namespace: 'bank' },
    ];
    expect(others.map((w) => codeOf(desk, w))).toEqual(others.map(() => 'trusted or unknown'));
    expect(codeOf(desk)).toBe('KEY_REVOKED');
  });

  it('says it of copies in a mirror too, and nothing where it is for another platform', async () => {
    const mirror = 'mirror.internal/shop/cart';
    const mirrored = policyWith({ mirrors: new Map([[mirror, imageName]]) });
    const elsewhere = { ...signOptions, platform: { os: 'linux', architecture: 'arm64' } };
    const copies = { ...cart, subject: { ...cart.subject, name: mirror } };
    const revoked = { ...mirrored, version: 2, revoked: withoutVendor.revoked ?? none };
    const desk = new SignedDesk();
    desk.policy = mirrored;
    await under(revoked, await desk.give(base.envelope));
    expect(codeOf(desk, copies)).toBe('KEY_REVOKED');
    const other = await deskWith(signFingerprint(baseline, elsewhere, vendor).envelope);
    expect(codeOf(await under(withoutVendor, other))).toBe('trusted or unknown');
  });

  it('is over as soon as a new version is accepted, also after a restart', async () => {
    const desk = await under(nextVendor, await deskWith(base.envelope));
    expect(codeOf(desk)).toBe('KEY_REVOKED');
    await desk.give(signFingerprint(baseline, { ...signOptions, version: 8 }, stranger).envelope);
    expect([desk.modes(), codeOf(desk), desk.kept.size]).toEqual(['alert/alert', 'trusted or unknown', 1]);
    const again = await desk.again();
    expect([again.modes(), codeOf(again)]).toEqual(['alert/alert', 'trusted or unknown']);
  });

  it('goes on for copies of its digest where the new version is of the next release only', async () => {
    const desk = await under(nextVendor, await deskWith(base.envelope));
    const next = { ...baseline, subject: newCart.subject };
    await desk.give(signFingerprint(next, { ...signOptions, version: 8 }, stranger).envelope);
    for (const node of [desk, await desk.again()]) {
      expect([node.modes(newCart), codeOf(node, newCart)]).toEqual(['alert/alert', 'trusted or unknown']);
      expect([codeOf(node), node.desk.untrusted(cart)?.file.startsWith(earlierName)]).toEqual([
        'KEY_REVOKED',
        true,
      ]);
    }
  });

  it('is kept for so many releases that were replaced only: the oldest goes', async () => {
    const desk = new SignedDesk({ limits: { earlier: 2 } });
    const digests = ['1', '2', '3', '4'].map((n) => `sha256:${n.repeat(64)}`);
    desk.policy = nextVendor;
    for (const [i, digest] of digests.entries()) {
      const release: Baseline = { ...baseline, subject: { name: imageName, digest } };
      const signed = signFingerprint(release, { ...signOptions, version: 7 + i }, stranger);
      await desk.give(signed.envelope);
      const payloads = new Map([
        ...(desk.policy?.revoked?.payloads ?? []),
        [signed.digest, { reason: 'no' }],
      ]);
      await under({ ...nextVendor, version: 4 + i, revoked: { ...none, payloads } }, desk);
    }
    const codes = digests.map((digest) => codeOf(desk, { ...cart, subject: { name: imageName, digest } }));
    expect(codes).toEqual(['trusted or unknown', 'REVOKED_PAYLOAD', 'REVOKED_PAYLOAD', 'REVOKED_PAYLOAD']);
    expect([...desk.kept.keys()].filter((name) => name.startsWith(earlierName))).toHaveLength(2);
  });

  it('is over within a look when a person takes the file away', async () => {
    const desk = await under(withoutVendor, await deskWith(base.envelope));
    expect(await desk.desk.look()).toBe(false);
    desk.kept.delete(desk.desk.untrusted(cart)?.file ?? '');
    expect(await desk.desk.look()).toBe(true);
    expect([codeOf(desk), codeOf(await desk.again())]).toEqual(['trusted or unknown', 'trusted or unknown']);
  });

  it('leaves what was learned to judge, which only alerts', async () => {
    const desk = await under(withoutVendor, await deskWith(learned, base.envelope));
    expect(desk.desk.judging(cart)?.approval).toMatchObject({ provisional: true, maxMode: 'alert' });
    expect(codeOf(desk)).toBe('KEY_REVOKED');
  });

  it('is of no account beside another that a person signed', async () => {
    const other = signFingerprint(baseline, { ...signOptions, stream: 'site' }, stranger).envelope;
    const both = {
      ...policy,
      rules: [{ ...rule, sign: { keys: [vendorId, stranger.publicKey.keyId], threshold: 1 } }],
    };
    const desk = new SignedDesk();
    desk.policy = both;
    await desk.give(base.envelope, other);
    await under({ ...both, version: 2, revoked: withoutVendor.revoked ?? none }, desk);
    expect([desk.modes(), codeOf(desk)]).toEqual(['alert/alert', 'trusted or unknown']);
  });

  it('is told as refused once for each change of the policy, not for each question', async () => {
    const desk = await under(withoutVendor, await deskWith(base.envelope));
    for (let n = 0; n < 3; n += 1) await desk.desk.look();
    expect(desk.refused()).toEqual(['KEY_REVOKED']);
  });
});

describe('what ends no learning', () => {
  it.each<[string, Uint8Array]>([
    ['of a stranger', signFingerprint(baseline, signOptions, testKey(11)).envelope],
    ['of a key that was revoked', base.envelope],
    ['that no policy can read', new TextEncoder().encode('{}')],
  ])('is anything %s that a collector offers, however often', async (_what, bytes) => {
    const desk = new SignedDesk();
    desk.policy = withoutVendor;
    await desk.give(bytes, bytes);
    expect([desk.refused().length, codeOf(desk), desk.kept.size]).toEqual([2, 'trusted or unknown', 0]);
  });

  it('is what a collector learned and signed, when its key is taken back: that was nobody’s word', async () => {
    const desk = await deskWith(learned);
    const keys = new Map([[learner.publicKey.keyId, { at, reason: 'the collector was taken over' }]]);
    await under(revoking({ keys }), desk);
    expect([desk.refused(), codeOf(desk)]).toEqual([['KEY_REVOKED'], 'trusted or unknown']);
  });

  it('is an approval that is refused', async () => {
    const desk = await deskWith(base.envelope, approves([itemFor(base.digest)]).envelope);
    await under(revoking({ keys: new Map([[approver.publicKey.keyId, { at, reason: 'left' }]]) }), desk);
    expect([desk.modes(), codeOf(desk)]).toEqual(['alert/alert', 'trusted or unknown']);
  });
});

describe('what lies on the node', () => {
  const laid = async (bytes: Uint8Array, more: ConstructorParameters<typeof SignedDesk>[0] = {}) => {
    const desk = new SignedDesk(more);
    desk.policy = policy;
    desk.kept.set('laid by hand', bytes);
    await desk.desk.open();
    return desk;
  };

  it('counts, whoever laid it there: a person did', async () => {
    const desk = await laid(signFingerprint(baseline, signOptions, testKey(11)).envelope);
    expect(desk.desk.untrusted(cart)).toMatchObject({ code: 'UNKNOWN_KEY', file: 'laid by hand' });
  });

  it('counts where there is no policy, until there is one', async () => {
    const desk = new SignedDesk();
    desk.policy = undefined;
    desk.kept.set('cart', base.envelope);
    await desk.desk.open();
    expect(codeOf(desk)).toBe('NO_TRUST');
    await under(policy, desk);
    expect([desk.modes(), codeOf(desk)]).toEqual(['alert/alert', 'trusted or unknown']);
  });

  it('counts when what was accepted here is lost', async () => {
    const load = async (): Promise<never> => {
      throw new FingerprintError('STATE_IO', 'state.json cannot be read');
    };
    expect(codeOf(await laid(base.envelope, { state: { load, save: async () => undefined } }))).toBe(
      'STATE_IO',
    );
  });

  it('counts for every owner when only a newer whorl can read whose copies it is for', async () => {
    const { payload } = open(base.envelope, [statementPayloadType]);
    const statement = JSON.parse(new TextDecoder().decode(payload));
    statement.predicate.spec.minReader = 99;
    const newer = seal(statementPayloadType, canonicalBytes(statement), [vendor]);
    expect(codeOf(await laid(newer))).toBe('READER_TOO_OLD');
  });

  it('counts for nothing where it does not even say what it is about', async () => {
    expect(codeOf(await laid(base.envelope.subarray(0, 200)))).toBe('trusted or unknown');
  });
});
