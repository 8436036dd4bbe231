import { describe, expect, it } from 'vitest';
import {
  approvalFor,
  approvalOptions,
  approvalPolicy,
  approver,
  approves,
  itemFor,
  policyWith,
  second,
} from '../test/fakes/approvals.ts';
import { overlayFor, overlayOptions, site } from '../test/fakes/overlays.ts';
import { payloadVectors } from '../test/fakes/payload-vectors.ts';
import { type Json, parse, refuses, seals, signed, utf8, verify } from '../test/fakes/signed.ts';
import { baseline, imageDigest, imageName, now, stranger, testKey, vendor } from '../test/fakes/trust.ts';
import type { ApprovedFingerprint, SiteApproval } from './approval.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { FingerprintError } from './errors.ts';
import { approvalBytes, parseApproval } from './parse-approval.ts';
import { signApproval } from './sign-approval.ts';
import { signOverlay } from './sign-overlay.ts';
import { kindOfEnvelope } from './statement-kind.ts';
import { findRule, type TrustPolicy } from './trust-policy.ts';
import { type VerifiedApproval, type VerifyApprovalContext, verifyApproval } from './verify-approval.ts';
import { verifyOverlay } from './verify-overlay.ts';

const base = verify(signed, {}, approvalPolicy);
const item = itemFor(base.digest);
const content = approvalFor(item);
const payload = approvalBytes(content, approvalOptions);
const approved = approves([item]);

const verified = (
  bytes: Uint8Array = approved.envelope,
  context: Partial<VerifyApprovalContext> = {},
  by: TrustPolicy = approvalPolicy,
): VerifiedApproval => verifyApproval(bytes, by, { now, ...context });

const statement = parse(payload);
const predicate = parse(utf8(JSON.stringify(statement.predicate)));
const says = (changes: Json, subject: unknown = statement.subject): Uint8Array =>
  seals(canonicalBytes({ ...statement, subject, predicate: { ...predicate, ...changes } }), approver);
const document = (predicate.items as Json[])[0] ?? {};
const saysItem = (changes: Json): Uint8Array => says({ items: [{ ...document, ...changes }] });
const otherName = 'registry.example/bank/vault';
const other = itemFor(`sha256:${'cd'.repeat(32)}`, { image: { name: otherName, digest: imageDigest } });
const bankRule = {
  name: 'bank',
  images: [otherName],
  sign: { keys: [vendor.publicKey.keyId], threshold: 1 },
  approve: { keys: [second.publicKey.keyId], threshold: 1 },
  maxMode: 'kill',
} as const;

describe('parseApproval', () => {
  it.each(payloadVectors('approval'))('$name: $outcome', ({ outcome, sha256, bytes }) => {
    expect(sha256Hex(bytes)).toBe(sha256);
    if (outcome === 'accepted') expect(parseApproval(bytes).reason).not.toBe('');
    else expect(() => parseApproval(bytes)).toThrow(refuses(outcome));
  });
});

describe('an approval', () => {
  it('comes back as it was signed', () => {
    const scope = {
      clusters: ['eu'],
      namespaces: ['shop'],
      owners: ['shop/Deployment/cart', 'unit/cart.service'],
    };
    const full = approvalFor(
      itemFor(base.digest, {
        overlays: [`sha256:${'ef'.repeat(32)}`],
        scope,
        mode: 'freeze',
        carry: 'digest',
      }),
    );
    expect(parseApproval(payload)).toEqual<SiteApproval>({ ...content, ...approvalOptions });
    expect(parseApproval(approvalBytes(full, approvalOptions))).toEqual({ ...full, ...approvalOptions });
  });

  it('names what it is about as in-toto does: the image and the payload of its fingerprint', () => {
    expect(statement).toMatchObject({
      _type: 'https://in-toto.io/Statement/v1',
      predicateType: 'https://whorl.dev/attestation/approval/v1',
    });
    expect(statement.subject).toEqual([
      { name: imageName, digest: { sha256: base.digest.slice(7) }, annotations: { role: 'fingerprint' } },
      { name: imageName, digest: { sha256: imageDigest.slice(7) }, annotations: { role: 'image' } },
    ]);
  });

  it('is the same bytes in whatever order its items were put together', () => {
    const by = policyWith({}, []);
    expect(approvalBytes(approvalFor(item, other), approvalOptions)).toEqual(
      approvalBytes(approvalFor(other, item), approvalOptions),
    );
    expect(findRule(by, otherName)).toBeUndefined();
  });

  it('is verified with all it says', () => {
    expect(verified()).toMatchObject({
      approval: content,
      digest: approved.digest,
      stream: 'approval\n\nshop',
      signers: [{ owner: 'Ada of Security' }],
    });
    expect(kindOfEnvelope(approved.envelope)).toBe('approval');
  });

  it('of many images holds under one signature', () => {
    const bank = { ...bankRule, approve: { keys: [approver.publicKey.keyId], threshold: 1 } };
    expect(
      verified(approves([item, other]).envelope, {}, policyWith({}, [bank])).approval.items,
    ).toHaveLength(2);
  });

  it('may come from a vendor only where the site says that the vendor approves', () => {
    const own = approves([item], {}, vendor).envelope;
    expect(() => verified(own)).toThrow(refuses('KEY_NOT_ALLOWED', 'signatures'));
    const trusting = policyWith({ approve: { keys: [vendor.publicKey.keyId], threshold: 1 } });
    expect(verified(own, {}, trusting).signers).toHaveLength(1);
  });

  it('is over when its end has come', () => {
    expect(verified().isOver(Date.parse('2026-11-02T10:59:59Z'))).toBe(false);
    expect(verified().isOver(Date.parse('2026-11-02T11:00:00Z'))).toBe(true);
  });

  it.each<[string, Uint8Array, Partial<VerifyApprovalContext>, string, string]>([
    ['of a stranger', approves([item], {}, stranger).envelope, {}, 'UNKNOWN_KEY', 'signatures'],
    [
      'of who may only add overlays',
      approves([item], {}, site).envelope,
      {},
      'KEY_NOT_ALLOWED',
      'signatures',
    ],
    ['of an image that no rule names', approves([other]).envelope, {}, 'NO_RULE', 'subject.name'],
    [
      'that has run out',
      approved.envelope,
      { now: Date.parse('2026-11-02T11:00:00Z') },
      'EXPIRED',
      'predicate.expiresAt',
    ],
    [
      'of the future',
      approved.envelope,
      { now: Date.parse('2026-05-01T10:00:00Z') },
      'NOT_YET_VALID',
      'predicate.issuedAt',
    ],
    [
      'of an earlier version',
      approved.envelope,
      { seen: new Map([['approval\n\nshop', { version: 3, digest: 'x' }]]) },
      'ROLLBACK',
      'predicate.version',
    ],
    [
      'of the same version with other content',
      approved.envelope,
      { seen: new Map([['approval\n\nshop', { version: 2, digest: 'x' }]]) },
      'EQUIVOCATION',
      'predicate.version',
    ],
  ])('%s is refused', (_what, bytes, context, code, field) => {
    expect(() => verified(bytes, context)).toThrow(refuses(code, field));
  });

  it('of images of which its signer may approve one is refused as a whole', () => {
    const both = approves([item, other]).envelope;
    expect(() => verified(both, {}, policyWith({}, [bankRule]))).toThrow(
      refuses('KEY_NOT_ALLOWED', 'signatures'),
    );
  });

  it('of an image for which nobody approves is refused', () => {
    const { approve: _approve, ...nobody } = bankRule;
    expect(() => verified(approves([other]).envelope, {}, policyWith({}, [nobody]))).toThrow(
      refuses('APPROVAL_FORBIDDEN', 'subject.name'),
    );
  });

  it('counts neither in the streams of fingerprints nor of overlays', () => {
    const seen = new Map(
      ['shop', `${imageName}\nshop`, `overlay\n${imageName}\nshop`].map((s) => [
        s,
        { version: 99, digest: 'x' },
      ]),
    );
    expect(verified(undefined, { seen }).approval.version).toBe(2);
  });
});

describe('where two must approve', () => {
  const two = policyWith({
    approve: { keys: [approver, second].map((k) => k.publicKey.keyId), threshold: 2 },
  });

  it('one signature is too few', () => {
    expect(() => verified(undefined, {}, two)).toThrow(refuses('THRESHOLD', 'signatures'));
  });

  it('the same one twice is still too few', () => {
    expect(() => verified(seals(payload, approver, approver), {}, two)).toThrow(
      refuses('THRESHOLD', 'signatures'),
    );
  });

  it('two different ones are enough', () => {
    expect(verified(seals(payload, approver, second), {}, two).signers.map((s) => s.owner)).toEqual([
      'Ada of Security',
      'Grace of the Shop',
    ]);
  });

  it('one of them whose key was taken back does not count', () => {
    const revoked = {
      keys: new Map([[second.publicKey.keyId, { at: '2026-05-01T00:00:00Z', reason: 'lost' }]]),
      payloads: new Map(),
      minVersions: new Map(),
    };
    const both = seals(payload, approver, second);
    expect(() => verified(both, {}, { ...two, revoked })).toThrow(refuses('THRESHOLD', 'signatures'));
  });
});

describe('an approval that was taken back by the trust policy', () => {
  it('is refused by its digest', () => {
    const revoked = {
      keys: new Map(),
      payloads: new Map([[approved.digest, { reason: 'signed the wrong one' }]]),
      minVersions: new Map(),
    };
    expect(() => verified(undefined, {}, { ...approvalPolicy, revoked })).toThrow(refuses('REVOKED_PAYLOAD'));
  });

  it('a learner approves nothing, even where a rule names it', () => {
    const learner = testKey(5);
    const id = learner.publicKey.keyId;
    const named = policyWith({ approve: { keys: [id], threshold: 1 } });
    const by: TrustPolicy = {
      ...named,
      keys: new Map([...named.keys, [id, { key: learner.publicKey, owner: 'collector' }]]),
      learnerKeys: [learner.publicKey],
    };
    expect(() => verified(approves([item], {}, learner).envelope, {}, by)).toThrow(
      refuses('KEY_NOT_ALLOWED'),
    );
  });
});

describe('an empty approval', () => {
  const nothing = approves([], { version: 3 }).envelope;

  it('takes an earlier one of its stream back', () => {
    expect(verified(nothing, { replaces: () => verified() }).approval.items).toEqual([]);
  });

  it('needs whoever may approve what it takes back', () => {
    const by = policyWith({}, [bankRule]);
    const vault = verified(approves([other], {}, second).envelope, {}, by);
    expect(() => verified(nothing, { replaces: () => vault }, by)).toThrow(
      refuses('KEY_NOT_ALLOWED', 'signatures'),
    );
  });

  it('so does one that approves something else in its place', () => {
    const by = policyWith({}, [bankRule]);
    const vault = verified(approves([other], {}, second).envelope, {}, by);
    const mine = approves([item], { version: 3 }).envelope;
    expect(() => verified(mine, { replaces: () => vault }, by)).toThrow(
      refuses('KEY_NOT_ALLOWED', 'signatures'),
    );
    expect(
      verified(mine, { replaces: (stream) => (stream === 'approval\n\nbank' ? vault : undefined) }, by),
    ).toBeDefined();
  });

  it('that takes nothing back is still of somebody who may approve something', () => {
    expect(verified(nothing).approval.version).toBe(3);
    expect(() => verified(approves([], {}, site).envelope)).toThrow(refuses('KEY_NOT_ALLOWED', 'signatures'));
    const two = policyWith({
      approve: { keys: [approver, second].map((k) => k.publicKey.keyId), threshold: 2 },
    });
    expect(() => verified(nothing, {}, two)).toThrow(refuses('THRESHOLD', 'signatures'));
  });
});

describe('one kind of document is never taken for another', () => {
  const overlay = signOverlay(overlayFor(base.digest), overlayOptions, site).envelope;

  it.each<[string, () => unknown, string]>([
    ['an approval as a fingerprint', () => verify(approved.envelope, {}, approvalPolicy), 'PREDICATE_TYPE'],
    [
      'an approval as an overlay',
      () => verifyOverlay(approved.envelope, approvalPolicy, { now }),
      'PREDICATE_TYPE',
    ],
    ['a fingerprint as an approval', () => verified(signed), 'PREDICATE_TYPE'],
    ['an overlay as an approval', () => verified(overlay), 'PREDICATE_TYPE'],
    [
      'an order as an approval',
      () =>
        verified(
          canonicalBytes({
            payloadType: 'application/vnd.whorl.command.v1+json',
            payload: '',
            signatures: [{ sig: '' }],
          }),
        ),
      'PAYLOAD_TYPE',
    ],
  ])('%s', (_what, read, code) => {
    expect(read).toThrow(refuses(code));
  });

  it('each says which verifier it is for', () => {
    expect([signed, overlay, approved.envelope].map(kindOfEnvelope)).toEqual(['base', 'overlay', 'approval']);
    expect(kindOfEnvelope(says({ spec: { minReader: 99, critical: [] } }))).toBe('approval');
    expect(kindOfEnvelope(utf8('nonsense'))).toBe('base');
  });
});

describe('an approval is read strictly', () => {
  const at = 'predicate.items[0]';
  it.each<[string, Uint8Array, string, string]>([
    ['without a reason', says({ reason: '' }), 'SCHEMA', 'predicate.reason'],
    ['with an unknown member', saysItem({ until: 'x' }), 'SCHEMA', `${at}.until`],
    ['with a mode nobody knows', saysItem({ mode: 'quarantine' }), 'SCHEMA', `${at}.mode`],
    ['with another way to carry', saysItem({ carry: 'all' }), 'SCHEMA', `${at}.carry`],
    [
      'with an image under two digests',
      saysItem({ image: { name: imageName, digest: { sha256: 'x' } } }),
      'SCHEMA',
      `${at}.image.digest.sha256`,
    ],
    [
      'with a member more in a digest',
      saysItem({ fingerprint: { sha256: 'ab'.repeat(32), sha512: 'x' } }),
      'SCHEMA',
      `${at}.fingerprint.sha512`,
    ],
    [
      'with an overlay that is no digest',
      saysItem({ overlays: [{ sha256: 'x' }] }),
      'SCHEMA',
      `${at}.overlays[0].sha256`,
    ],
    ['with a scope of pods', saysItem({ scope: { pods: ['x'] } }), 'SCHEMA', `${at}.scope.pods`],
    ['with a scope of nothing', saysItem({ scope: {} }), 'SCHEMA', `${at}.scope`],
    ['with an empty list', saysItem({ scope: { clusters: [] } }), 'SCHEMA', `${at}.scope.clusters`],
    [
      'with a scope that is no name',
      saysItem({ scope: { clusters: [1] } }),
      'SCHEMA',
      `${at}.scope.clusters[0]`,
    ],
    [
      'with two decisions about one fingerprint',
      says({ items: [document, { ...document, mode: 'alert' }] }),
      'SCHEMA',
      'predicate.items',
    ],
    ['with an item more than its subjects say', says({}, []), 'SUBJECT', 'subject'],
    [
      'by a reader that is too old',
      says({ spec: { minReader: 2, critical: [] } }),
      'READER_TOO_OLD',
      'predicate.spec.minReader',
    ],
    [
      'with a feature nobody knows',
      says({ spec: { minReader: 1, critical: ['moon'] } }),
      'CRITICAL_UNKNOWN',
      'predicate.spec.critical',
    ],
  ])('%s it is refused', (_what, bytes, code, field) => {
    expect(() => verified(bytes)).toThrow(refuses(code, field));
  });

  it('and never signed otherwise', () => {
    const wrong = (changes: Partial<ApprovedFingerprint>, reason = 'x'): (() => unknown) => {
      const items = [{ ...item, ...changes }];
      return () => signApproval({ items, reason }, approvalOptions, approver);
    };
    expect(wrong({ scope: {} })).toThrow(refuses('SCHEMA'));
    expect(wrong({ fingerprint: 'sha256:x' })).toThrow(refuses('SUBJECT'));
    expect(wrong({ image: { ...baseline.subject, name: 'a b' } })).toThrow(refuses('SCHEMA'));
    expect(wrong({}, 'password=hunter2hunter2')).toThrow(refuses('SECRET_FOUND'));
  });

  it('never says anything else when any of its bytes was changed', () => {
    for (let i = 0; i < approved.envelope.length; i += 11) {
      const bytes = Uint8Array.from(approved.envelope, (byte, n) => (n === i ? byte ^ 1 : byte));
      expect([undefined, approved.digest]).toContain(digestOf(bytes));
    }
  });
});

/** Undefined: refused, with a typed error. */
function digestOf(bytes: Uint8Array): string | undefined {
  try {
    return verified(bytes).digest;
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}
