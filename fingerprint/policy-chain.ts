import { acceptedKeys, countedKeys } from './accepted-keys.ts';
import { sha256Hex } from './digest.ts';
import { type OpenEnvelope, open, policyPayloadType, seal } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { PrivateKey } from './keys.ts';
import { parseTrustPolicy } from './parse-trust-policy.ts';
import { parseJson } from './strict-json.ts';
import type { Revocations, TrustPolicy } from './trust-policy.ts';
import { trustPolicyPayload } from './trust-policy-writer.ts';

/** Room for the most keys and rules a policy may have. */
export const maxPolicyBytes = 1024 * 1024;
const maxDepth = 16;

/** A policy as it travels: DSSE over its canonical bytes. */
export function signTrustPolicy(policy: TrustPolicy, key: PrivateKey): Uint8Array {
  return seal(policyPayloadType, trustPolicyPayload(policy), [key]);
}

/** Reads the content of a signed policy. Nothing is proved about it. @throws as open; POLICY_SYNTAX, WEAK_KEY */
export function readSignedPolicy(bytes: Uint8Array): {
  readonly policy: TrustPolicy;
  readonly digest: string;
} {
  const { payload } = open(bytes, [policyPayloadType]);
  return { policy: policyOf(payload), digest: `sha256:${sha256Hex(payload)}` };
}

/** A policy document from untrusted bytes. @throws POLICY_SYNTAX, WEAK_KEY */
export function policyOf(bytes: Uint8Array): TrustPolicy {
  try {
    return parseTrustPolicy(parseJson(bytes, { bytes: maxPolicyBytes, depth: maxDepth }));
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code === 'WEAK_KEY') throw error;
    throw new FingerprintError('POLICY_SYNTAX', error.message, { field: error.field, cause: error });
  }
}

/**
 * The next policy, when it may follow the one in force: signed by the root of both, exactly one version later, and taking
 * no revocation back. Neither the end of the policy in force nor the clock stands in its way: a site whose policy ran out
 * must be able to renew it, and versions are counted, not dated.
 * @param now ms since the Unix epoch, for the windows of keys
 * @throws POLICY_CHAIN, POLICY_ROLLBACK, EQUIVOCATION, POLICY_SYNTAX, WEAK_KEY; as open and acceptedKeys
 */
export function verifyPolicyChain(bytes: Uint8Array, current: TrustPolicy, now: number): TrustPolicy {
  const envelope = open(bytes, [policyPayloadType]);
  assertRoot(envelope, current, now, 'the policy in force');
  const next = policyOf(envelope.payload);
  assertFollows(next, envelope.payload, current);
  assertRoot(envelope, next, now, 'itself');
  assertOnlyGrows(next, current);
  return next;
}

function assertRoot(envelope: OpenEnvelope, policy: TrustPolicy, now: number, whose: string): void {
  const { root } = policy;
  if (root === undefined) throw broken(`cannot be checked: ${whose} names no root keys`, 'roles.root');
  const digest = `sha256:${sha256Hex(envelope.payload)}`;
  const signed = countedKeys(root, acceptedKeys(envelope, policy, { now, digest }), policy).length;
  if (signed >= root.threshold) return;
  throw broken(
    `holds ${signed} of the ${root.threshold} root signatures that ${whose} asks for`,
    'signatures',
  );
}

function assertFollows(next: TrustPolicy, payload: Uint8Array, current: TrustPolicy): void {
  const field = 'version';
  if (next.version === current.version + 1) return;
  if (next.version > current.version)
    throw broken(
      `is ${next.version}, and version ${current.version} is in force: version ${current.version + 1} must come first`,
      field,
    );
  const isSame = sha256Hex(trustPolicyPayload(current)) === sha256Hex(payload);
  if (next.version < current.version || isSame) {
    const message = `is ${next.version}, and version ${current.version} is in force`;
    throw new FingerprintError('POLICY_ROLLBACK', message, { field });
  }
  const message = `is ${next.version} a second time with other content; ask the holders of the root keys`;
  throw new FingerprintError('EQUIVOCATION', message, { field });
}

/** Whoever was shut out once stays out: a later version must not let a stolen key back in by leaving a line out. */
function assertOnlyGrows(next: TrustPolicy, current: TrustPolicy): void {
  const [before, after] = [current.revoked ?? nothing, next.revoked ?? nothing];
  const key = [...before.keys.keys()].find((id) => !after.keys.has(id));
  if (key !== undefined) throw broken('takes back the revocation of a key', `revoked.keys.${key}`);
  const payload = [...before.payloads.keys()].find((digest) => !after.payloads.has(digest));
  if (payload !== undefined)
    throw broken('takes back the revocation of a document', `revoked.payloads.${payload}`);
  const isLower = [...before.minVersions].some(([stream, n]) => (after.minVersions.get(stream) ?? 0) < n);
  if (isLower) throw broken('lowers a version that nothing may be below', 'revoked.minVersions');
  const retired = [...(current.retired ?? [])].find(([id, { at }]) => !isStillOut(next, id, at));
  if (retired !== undefined) throw broken('lets a retired key sign again', `retired.${retired[0]}`);
}

const nothing: Revocations = { keys: new Map(), payloads: new Map(), minVersions: new Map() };

/** Retired as early as before, or revoked, which is more. */
function isStillOut(next: TrustPolicy, id: string, at: string): boolean {
  const retired = next.retired?.get(id);
  // Times of one fixed form in UTC: they sort as what they stand for.
  return (retired !== undefined && retired.at <= at) || next.revoked?.keys.has(id) === true;
}

function broken(message: string, field: string): FingerprintError {
  return new FingerprintError('POLICY_CHAIN', message, { field });
}
