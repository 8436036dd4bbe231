import type { PublicKey } from './keys.ts';
import { parseTrustPolicy } from './parse-trust-policy.ts';
import { type CeilingClass, ceilingClasses, widenClasses } from './trust-classes.ts';
import type { KeySet, TrustedKey, TrustPolicy, TrustRule } from './trust-policy.ts';
import { trustPolicyDocument } from './trust-policy-writer.ts';
import { type Mode, modes } from './verdict.ts';

export interface NewTrustPolicy {
  readonly signer: PublicKey;
  readonly owner: string;
  readonly image: string;
  readonly maxMode: Mode;
  /** Who approves for this site and adds to fingerprints here; none: the signer does, where anything may be stopped. */
  readonly approvers?: readonly TrustedKey[];
  /** How many of them it takes; 1 when not given. */
  readonly approveThreshold?: number;
  /** What the signer may not grant alone; not given: with approvers everything there is, else nothing. */
  readonly ceiling?: readonly CeilingClass[];
  /** Whose signatures make the next version. */
  readonly root?: { readonly keys: readonly TrustedKey[]; readonly threshold: number };
  readonly commandKey?: PublicKey;
  readonly learnerKey?: PublicKey;
  readonly issuedAt: string;
}

/** The first policy of a site: one signer for one pattern of images, and its collector. @throws POLICY_SYNTAX */
export function newTrustPolicy(options: NewTrustPolicy): TrustPolicy {
  const { signer, owner, image, maxMode, approvers, approveThreshold, ceiling, ...site } = options;
  const { rule, keys } = newRule({
    name: 'default',
    images: [image],
    signers: [{ key: signer, owner }],
    approvers: approvers ?? [],
    maxMode,
    ...(approveThreshold === undefined ? {} : { approveThreshold }),
    ...(ceiling === undefined ? {} : { ceiling }),
  });
  return firstPolicy(site, [rule], keys);
}

export interface NewRule {
  readonly name: string;
  readonly images: readonly string[];
  readonly mirrors?: ReadonlyMap<string, string>;
  readonly signers: readonly TrustedKey[];
  readonly threshold?: number;
  readonly approvers: readonly TrustedKey[];
  readonly approveThreshold?: number;
  readonly maxMode: Mode;
  readonly ceiling?: readonly CeilingClass[];
  readonly maxAgeDays?: number;
}

/**
 * A rule with the site's part in it. Without approvers the signer speaks for the site too, where anything may be
 * stopped: who makes a policy for their own software need not sign everything twice.
 */
export function newRule(given: NewRule): { readonly rule: TrustRule; readonly keys: readonly TrustedKey[] } {
  const { name, images, mirrors, signers, threshold, approvers, approveThreshold, maxMode, maxAgeDays } =
    given;
  const sign = setOf(signers, threshold);
  const mayStop = modes.indexOf(maxMode) > modes.indexOf('alert');
  const approve = approvers.length > 0 ? setOf(approvers, approveThreshold) : mayStop ? sign : undefined;
  const ceiling = given.ceiling ?? (approvers.length > 0 ? ceilingClasses : []);
  const rule: TrustRule = {
    name,
    images,
    ...(mirrors === undefined || mirrors.size === 0 ? {} : { mirrors }),
    sign,
    ...(approve === undefined ? {} : { approve, overlay: { ...approve, mayWiden: widenClasses } }),
    maxMode,
    ...(ceiling.length === 0 ? {} : { ceiling }),
    ...(maxAgeDays === undefined ? {} : { maxAgeDays }),
  };
  return { rule, keys: [...signers, ...approvers] };
}

function setOf(keys: readonly TrustedKey[], threshold = 1): KeySet {
  return { keys: [...new Set(keys.map((k) => k.key.keyId))], threshold };
}

type Site = Pick<NewTrustPolicy, 'commandKey' | 'learnerKey' | 'issuedAt' | 'root'>;

/** The policy of a machine that only learns: what its collector learned may alert, and nobody may sign anything. */
export function learnerTrustPolicy(site: Site & { readonly learnerKey: PublicKey }): TrustPolicy {
  return firstPolicy(site, [], []);
}

function firstPolicy(
  { commandKey, learnerKey, issuedAt, root }: Site,
  rules: readonly TrustRule[],
  signers: readonly TrustedKey[],
): TrustPolicy {
  const commandKeys = commandKey === undefined ? [] : [commandKey];
  const learnerKeys = learnerKey === undefined ? [] : [learnerKey];
  const given = [
    ...signers,
    ...(root?.keys ?? []),
    ...commandKeys.map((key) => ({ key, owner: 'orders of the collector' })),
    ...learnerKeys.map((key) => ({ key, owner: 'learned by the collector' })),
  ];
  const keys = new Map<string, TrustedKey>();
  for (const trusted of given) if (!keys.has(trusted.key.keyId)) keys.set(trusted.key.keyId, trusted);
  const rootSet = root === undefined ? {} : { root: setOf(root.keys, root.threshold) };
  const policy: TrustPolicy = { version: 1, issuedAt, keys, ...rootSet, commandKeys, learnerKeys, rules };
  // What is made here must be readable here: the same checks, the same words.
  return parseTrustPolicy(trustPolicyDocument(policy));
}
