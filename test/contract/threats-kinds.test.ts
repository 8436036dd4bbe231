import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { open, policyPayloadType, seal, statementPayloadType } from '../../fingerprint/envelope.ts';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { signLease, verifyLease } from '../../fingerprint/lease-envelope.ts';
import type { Order } from '../../fingerprint/order.ts';
import { signOrder, verifyOrder } from '../../fingerprint/order-envelope.ts';
import { overlayBytes } from '../../fingerprint/overlay.ts';
import { approvalBytes } from '../../fingerprint/parse-approval.ts';
import { verifyPolicyChain } from '../../fingerprint/policy-chain.ts';
import { statementBytes } from '../../fingerprint/statement.ts';
import { verifyFingerprint } from '../../fingerprint/verify.ts';
import { verifyApproval } from '../../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../../fingerprint/verify-overlay.ts';
import { people, siteDocument, sitePolicy } from '../fakes/evil-trust.ts';
import { lease } from '../fakes/orders.ts';
import { overlayFor, overlayOptions } from '../fakes/overlays.ts';
import { parse, utf8 } from '../fakes/signed.ts';
import { baseline, imageDigest, imageName, now, signOptions } from '../fakes/trust.ts';

/** One kind of document taken for another. The list of attacks is in threats.test.ts. */

const theirs = 'registry.example/bank/ledger';
const policy = sitePolicy(imageName, theirs);
const digest = `sha256:${'0a'.repeat(32)}`;
const order: Order = {
  id: 'o1',
  action: 'kill',
  session: 'a'.repeat(32),
  seq: 1,
  target: { node: 'n', instance: 'i', process: { pid: 7, start: 70 }, incident: 'f'.repeat(64) },
  reason: 'r',
  issuedAt: '2026-05-02T08:00:00Z',
  expiresAt: '2026-05-02T08:01:00Z',
};
const item = {
  image: { name: imageName, digest: imageDigest },
  fingerprint: digest,
  mode: 'kill',
  carry: 'digest',
} as const;

/** Whoever could say anything has signed: what is refused is refused for its kind alone. */
const { vendor, approver, overlayer, commander, root1, root2 } = people;
const everybody = [vendor, approver, overlayer, commander, root1, root2];
const payloads = {
  fingerprint: statementBytes(baseline, signOptions),
  overlay: overlayBytes(overlayFor(digest), overlayOptions),
  approval: approvalBytes({ items: [item], reason: 'OPS-18' }, signOptions),
  policy: canonicalBytes(siteDocument(imageName, theirs, { version: 2 })),
  order: open(signOrder(order, commander), ['application/vnd.whorl.command.v1+json']).payload,
  lease: open(signLease(lease, commander), ['application/vnd.whorl.lease.v1+json']).payload,
} as const;
type Kind = keyof typeof payloads;
const types: Readonly<Record<Kind, string>> = {
  fingerprint: statementPayloadType,
  overlay: statementPayloadType,
  approval: statementPayloadType,
  policy: policyPayloadType,
  order: 'application/vnd.whorl.command.v1+json',
  lease: 'application/vnd.whorl.lease.v1+json',
};
const readers: Readonly<Record<Kind, (bytes: Uint8Array) => unknown>> = {
  fingerprint: (bytes) => verifyFingerprint(bytes, policy, { now }),
  overlay: (bytes) => verifyOverlay(bytes, policy, { now }),
  approval: (bytes) => verifyApproval(bytes, policy, { now }),
  policy: (bytes) => verifyPolicyChain(bytes, policy, now),
  order: (bytes) => verifyOrder(bytes, policy.commandKeys),
  lease: (bytes) => verifyLease(bytes, policy.commandKeys),
};
const kinds = Object.keys(payloads) as Kind[];
const codeOf = (read: () => unknown): string => {
  try {
    read();
    return 'accepted';
  } catch (error) {
    if (error instanceof FingerprintError) return error.code;
    throw error;
  }
};

describe('payloadType / predicateType confusion', () => {
  const pairs = kinds.flatMap((is) => kinds.map((as) => [is, as] as const));

  it.each(pairs)('of everything that is signed: a %s given for a %s', (is, as) => {
    const code = codeOf(() => readers[as](seal(types[is], payloads[is], everybody)));
    if (is === as) expect(code).toBe('accepted');
    else if (types[is] !== types[as]) expect(code).toBe('PAYLOAD_TYPE');
    else expect(['SCHEMA', 'PREDICATE_TYPE']).toContain(code);
  });

  it.each(pairs.filter(([is, as]) => types[is] !== types[as]))(
    'a %s under the type of a %s: the signature is not for that',
    (is, as) => {
      const relabelled = { ...parse(seal(types[is], payloads[is], everybody)), payloadType: types[as] };
      // Of the keys that signed, an order knows one: the others are strangers to it.
      expect(['BAD_SIGNATURE', 'NO_TRUSTED_SIGNATURE']).toContain(
        codeOf(() => readers[as](canonicalBytes(relabelled))),
      );
      // Signed anew as what it is not, its content still is not.
      const signedAnew = seal(types[as], payloads[is], everybody);
      expect([
        'SCHEMA',
        'PREDICATE_TYPE',
        'STATEMENT_TYPE',
        'POLICY_SYNTAX',
        'TOO_LARGE',
        'PAYLOAD_SYNTAX',
      ]).toContain(codeOf(() => readers[as](signedAnew)));
    },
  );

  it('a statement says one thing: what lies in between two kinds is neither', () => {
    const chimera = (from: Kind, more: object): Uint8Array => {
      const statement = parse(payloads[from]) as { predicate: object };
      return seal(
        statementPayloadType,
        canonicalBytes({ ...statement, predicate: { ...statement.predicate, ...more } }),
        everybody,
      );
    };
    const overlay = parse(payloads.overlay) as { predicate: object };
    expect(codeOf(() => readers.fingerprint(chimera('overlay', { kind: 'base' })))).toBe('SCHEMA');
    expect(codeOf(() => readers.overlay(chimera('fingerprint', { kind: 'overlay' })))).toBe('SCHEMA');
    expect(codeOf(() => readers.fingerprint(chimera('approval', { ...overlay.predicate })))).toBe(
      'PREDICATE_TYPE',
    );
    expect(codeOf(() => readers.approval(chimera('approval', { kind: 'base' })))).toBe('accepted');
  });

  it('nor does the reader of one kind take text for another', () => {
    for (const as of kinds) expect(codeOf(() => readers[as](utf8('{}')))).toBe('ENVELOPE_SHAPE');
  });
});
