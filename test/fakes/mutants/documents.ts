import { readFileSync } from 'node:fs';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import { open, seal, statementPayloadType } from '../../../fingerprint/envelope.ts';
import { type PrivateKey, parsePublicPem } from '../../../fingerprint/keys.ts';
import { signLease, verifyLease } from '../../../fingerprint/lease-envelope.ts';
import { newTrustPolicy } from '../../../fingerprint/new-trust-policy.ts';
import type { Order } from '../../../fingerprint/order.ts';
import { signOrder, verifyOrder } from '../../../fingerprint/order-envelope.ts';
import { signTrustPolicy, verifyPolicyChain } from '../../../fingerprint/policy-chain.ts';
import { signFingerprint } from '../../../fingerprint/sign.ts';
import { signApproval } from '../../../fingerprint/sign-approval.ts';
import { signOverlay } from '../../../fingerprint/sign-overlay.ts';
import { statementBytes } from '../../../fingerprint/statement.ts';
import type { TrustPolicy } from '../../../fingerprint/trust-policy.ts';
import { trustPolicyPayload } from '../../../fingerprint/trust-policy-writer.ts';
import { verifyFingerprint } from '../../../fingerprint/verify.ts';
import { verifyApproval } from '../../../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../../../fingerprint/verify-overlay.ts';
import { lease, order } from '../orders.ts';
import { baseline, now, signOptions, stranger, testKey, vendor } from '../trust.ts';
import type { Document } from './mutation.ts';

const second = testKey(5);
const cosign = JSON.parse(readFileSync(new URL('../../vectors/cosign.json', import.meta.url), 'utf8'));
const cosignKey = parsePublicPem(cosign.publicKey);
const owned = (key: PrivateKey) => ({ key: key.publicKey, owner: 'Shop Inc' });

const base = newTrustPolicy({
  signer: vendor.publicKey,
  owner: 'Shop Inc',
  image: 'registry.example/shop/**',
  maxMode: 'kill',
  issuedAt: '2026-05-01T00:00:00Z',
  root: { keys: [owned(vendor), owned(second)], threshold: 2 },
});
/** One vendor with three keys, one of them cosign's; `threshold` of them must have signed a fingerprint. */
function policyWith(threshold: number): TrustPolicy {
  const signers = [vendor.publicKey, second.publicKey, cosignKey];
  const keys = new Map([
    ...base.keys,
    ...signers.map((key) => [key.keyId, { key, owner: 'Shop Inc' }] as const),
  ]);
  const sign = { keys: signers.map((key) => key.keyId), threshold };
  return { ...base, keys, rules: base.rules.map((rule) => ({ ...rule, sign })) };
}
const [one, two] = [policyWith(1), policyWith(2)];
const nextPolicy: TrustPolicy = { ...base, version: 2, issuedAt: '2026-05-02T00:00:00Z' };

const digestOf = (payload: Uint8Array): string => `sha256:${sha256Hex(payload)}`;
const wide = {
  ...baseline,
  behaviour: {
    programs: baseline.behaviour.programs.map((p) => ({ ...p, args: [['sh', '-c', 'anything']] })),
  },
};
const approved = {
  image: baseline.subject,
  fingerprint: digestOf(statementBytes(baseline, signOptions)),
  mode: 'kill',
  carry: 'digest',
} as const;
const kill: Order = { ...order, action: 'kill' };
const overlay = (what: typeof baseline) => ({
  subject: what.subject,
  base: digestOf(statementBytes(what, signOptions)),
  reason: 'OPS-17: the database of the shop',
  bindings: { sites: new Map([['database', [{ peer: 'db.corp.example' }]]]), volumes: new Map() },
});

const good = signFingerprint(baseline, signOptions, vendor);
const payload = open(good.envelope, [statementPayloadType]).payload;
const pair = seal(statementPayloadType, payload, [vendor, second]);
const siteOverlay = signOverlay(overlay(baseline), signOptions, vendor);
const approval = signApproval({ items: [approved], reason: 'SEC-9' }, signOptions, vendor);
const policyEnvelope = seal('application/vnd.whorl.trust-policy.v1+json', trustPolicyPayload(nextPolicy), [
  vendor,
  second,
]);

/** What may be accepted, by which reader, and who really signed it. */
interface Signed extends Document {
  readonly readers: readonly ReaderName[];
  readonly signers: readonly string[];
}
const ids = (...keys: readonly PrivateKey[]): string[] => keys.map((key) => key.publicKey.keyId);

/** Signed by keys that are trusted here. */
export const trusted: readonly Signed[] = [
  { name: 'fingerprint', bytes: good.envelope, readers: ['fingerprint'], signers: ids(vendor) },
  { name: 'bundle', bytes: good.bundle, readers: ['fingerprint'], signers: ids(vendor) },
  { name: 'two signatures', bytes: pair, readers: ['fingerprint', 'two keys'], signers: ids(vendor, second) },
  {
    name: 'cosign',
    bytes: Buffer.from(cosign.envelope),
    readers: ['fingerprint'],
    signers: [cosignKey.keyId],
  },
  {
    name: 'cosign bundle',
    bytes: Buffer.from(cosign.bundle),
    readers: ['fingerprint'],
    signers: [cosignKey.keyId],
  },
  { name: 'overlay', bytes: siteOverlay.envelope, readers: ['overlay'], signers: ids(vendor) },
  { name: 'approval', bytes: approval.envelope, readers: ['approval'], signers: ids(vendor) },
  { name: 'trust policy', bytes: policyEnvelope, readers: ['trust policy'], signers: ids(vendor, second) },
  { name: 'order', bytes: signOrder(kill, vendor), readers: ['order'], signers: ids(vendor) },
  { name: 'lease', bytes: signLease(lease, vendor), readers: ['lease'], signers: ids(vendor) },
];

/** Just as well formed, by a key that nobody trusts: pieces to put into the others, and never accepted. */
export const hostile: readonly Document[] = [
  {
    name: 'wide fingerprint',
    bytes: signFingerprint(wide, { ...signOptions, version: 99 }, stranger).envelope,
  },
  { name: 'wide bundle', bytes: signFingerprint(wide, { ...signOptions, version: 99 }, stranger).bundle },
  { name: "a stranger's overlay", bytes: signOverlay(overlay(wide), signOptions, stranger).envelope },
  {
    name: "a stranger's approval",
    bytes: signApproval({ items: [approved], reason: 'x' }, { ...signOptions, version: 99 }, stranger)
      .envelope,
  },
  {
    name: "a stranger's policy",
    bytes: signTrustPolicy(
      {
        ...nextPolicy,
        root: { keys: ids(stranger), threshold: 1 },
        keys: new Map([[ids(stranger)[0] ?? '', owned(stranger)]]),
        rules: [],
        commandKeys: [stranger.publicKey],
        learnerKeys: [],
      },
      stranger,
    ),
  },
  { name: "a stranger's order", bytes: signOrder({ ...kill, seq: 99 }, stranger) },
  { name: "a stranger's lease", bytes: signLease({ ...lease, seq: 99, stops: 99 }, stranger) },
];

export interface Accepted {
  /** `sha256:HEX` of the payload that was believed. */
  readonly digest: string;
  /** Whose word it was taken for; undefined where the reader does not say. */
  readonly signers?: readonly string[];
}

const opened = (bytes: Uint8Array, type: string): Accepted => ({
  digest: digestOf(open(bytes, [type]).payload),
});
const fingerprintUnder =
  (policy: TrustPolicy) =>
  (bytes: Uint8Array): Accepted => {
    const { digest, signers } = verifyFingerprint(bytes, policy, { now });
    return { digest, signers: signers.map((s) => s.keyId) };
  };

/** Everything that takes an envelope from outside and acts on it. Each throws a FingerprintError or accepts. */
export const readers = {
  fingerprint: fingerprintUnder(one),
  'two keys': fingerprintUnder(two),
  overlay: (bytes: Uint8Array): Accepted => {
    const { digest, signers } = verifyOverlay(bytes, one, { now });
    return { digest, signers: signers.map((s) => s.key.keyId) };
  },
  approval: (bytes: Uint8Array): Accepted => {
    const { digest, signers } = verifyApproval(bytes, one, { now });
    return { digest, signers: signers.map((s) => s.key.keyId) };
  },
  'trust policy': (bytes: Uint8Array): Accepted => {
    verifyPolicyChain(bytes, base, now);
    return opened(bytes, 'application/vnd.whorl.trust-policy.v1+json');
  },
  order: (bytes: Uint8Array): Accepted => {
    verifyOrder(bytes, [vendor.publicKey]);
    return opened(bytes, 'application/vnd.whorl.command.v1+json');
  },
  lease: (bytes: Uint8Array): Accepted => {
    verifyLease(bytes, [vendor.publicKey]);
    return opened(bytes, 'application/vnd.whorl.lease.v1+json');
  },
} satisfies Record<string, (bytes: Uint8Array) => Accepted>;
export type ReaderName = keyof typeof readers;
export type Readers = Readonly<Record<ReaderName, (bytes: Uint8Array) => Accepted>>;
export const readerNames = Object.keys(readers) as readonly ReaderName[];
