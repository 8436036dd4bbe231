import { encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import type { PublicKey } from './keys.ts';
import type { KeySet, Revocations, TrustedKey, TrustPolicy, TrustRule } from './trust-policy.ts';
import { trustPolicyType } from './trust-policy-reader.ts';

/** The document of a policy, as it stands in a file: what `parseTrustPolicy` reads back to the same policy. */
export function trustPolicyDocument(policy: TrustPolicy): unknown {
  const { version, issuedAt, expiresAt, keys, root, commandKeys, learnerKeys, rules } = policy;
  return {
    _type: trustPolicyType,
    version,
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    keys: Object.fromEntries([...keys].map(([id, key]) => [id, keyDocument(key)])),
    roles: {
      ...(root === undefined ? {} : { root: setDocument(root) }),
      ...role('command', commandKeys),
      ...role('learner', learnerKeys),
    },
    rules: rules.map(ruleDocument),
    ...(policy.retired === undefined ? {} : { retired: Object.fromEntries(policy.retired) }),
    ...(policy.revoked === undefined ? {} : { revoked: revokedDocument(policy.revoked) }),
  };
}

/** What is signed of a policy: the same policy is the same bytes anywhere. */
export function trustPolicyPayload(policy: TrustPolicy): Uint8Array {
  return canonicalBytes(trustPolicyDocument(policy));
}

/** `sha256:HEX` of what is signed of it. */
export function policyDigest(policy: TrustPolicy): string {
  return `sha256:${sha256Hex(trustPolicyPayload(policy))}`;
}

function keyDocument({ key, owner, notBefore, notAfter }: TrustedKey): object {
  return {
    algorithm: key.algorithm,
    spki: encodeBase64(key.spki),
    owner,
    ...(notBefore === undefined ? {} : { notBefore }),
    ...(notAfter === undefined ? {} : { notAfter }),
  };
}

function ruleDocument(rule: TrustRule): object {
  const { name, images, mirrors, sign, approve, overlay, maxMode, ceiling, maxAgeDays } = rule;
  return {
    name,
    images,
    ...(mirrors === undefined ? {} : { mirrors: Object.fromEntries(mirrors) }),
    sign: setDocument(sign),
    ...(approve === undefined ? {} : { approve: setDocument(approve) }),
    ...(overlay === undefined ? {} : { overlay: { ...setDocument(overlay), mayWiden: overlay.mayWiden } }),
    maxMode,
    ...(ceiling === undefined ? {} : { ceiling }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  };
}

function setDocument({ keys, threshold }: KeySet): { keys: readonly string[]; threshold: number } {
  return { keys, threshold };
}

function revokedDocument({ keys, payloads, minVersions }: Revocations): object {
  return {
    ...member('keys', keys),
    ...member('payloads', payloads),
    ...member('minVersions', minVersions),
  };
}

function member(name: string, entries: ReadonlyMap<string, unknown>): object {
  return entries.size === 0 ? {} : { [name]: Object.fromEntries(entries) };
}

function role(name: 'command' | 'learner', keys: readonly PublicKey[]): object {
  return keys.length === 0 ? {} : { [name]: { keys: keys.map((k) => k.keyId), threshold: 1 } };
}
