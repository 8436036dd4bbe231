import { documentKind } from './document-kind.ts';
import { policyPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { matchesImage } from './image-pattern.ts';
import type { PublicKey } from './keys.ts';
import { type CeilingClass, ceilingClasses, type WidenClass, widenClasses } from './trust-classes.ts';
import { PolicyReader } from './trust-policy-reader.ts';
import { trustPolicyDocument } from './trust-policy-writer.ts';
import { type Mode, modes } from './verdict.ts';

export { type CeilingClass, ceilingClasses, type WidenClass, widenClasses } from './trust-classes.ts';
export { trustPolicyDocument } from './trust-policy-writer.ts';

export interface TrustedKey {
  readonly key: PublicKey;
  /** Who holds it, in the words of the site. */
  readonly owner: string;
  /** Outside this window it counts only for what this site accepted inside it. */
  readonly notBefore?: string;
  readonly notAfter?: string;
}

/** So many different keys of these must have signed. Two ids of one key are one key. */
export interface KeySet {
  /** Ids. */
  readonly keys: readonly string[];
  readonly threshold: number;
}

/** A key whose holder has left: what this site recorded before goes on counting, nothing new does. */
export interface RetiredKey {
  readonly at: string;
  readonly reason?: string;
  /** `sha256:HEX` of payloads that go on counting although this node has not recorded them itself. */
  readonly keeps: readonly string[];
}

/** Only ever grows from version to version. */
export interface Revocations {
  /** By key id: everything it ever signed is worth nothing. */
  readonly keys: ReadonlyMap<string, { readonly at: string; readonly reason: string }>;
  /** By `sha256:HEX` of a payload. */
  readonly payloads: ReadonlyMap<string, { readonly reason: string }>;
  /** By stream, as `NAME` in the statement: no version below. */
  readonly minVersions: ReadonlyMap<string, number>;
}

export interface TrustRule {
  readonly name: string;
  /** An exact name, a prefix ending in `/**`, or `**` for everything. */
  readonly images: readonly string[];
  /** Repositories that hold copies: what runs from the key was signed for the value. */
  readonly mirrors?: ReadonlyMap<string, string>;
  /** Who may sign for these images. */
  readonly sign: KeySet;
  /** Who may approve for this site; freeze and kill need it. Absent: nothing signed under this rule goes beyond alert. */
  readonly approve?: KeySet;
  /** Who may add a site's overlay; absent: those of `sign`, who may then only bind parameters. */
  readonly overlay?: KeySet & { readonly mayWiden: readonly WidenClass[] };
  readonly ceiling?: readonly CeilingClass[];
  /** What was signed longer ago alerts at most. */
  readonly maxAgeDays?: number;
  /** How far anything signed under this rule may go. */
  readonly maxMode: Mode;
}

/** Who may vouch for what on this node. The only place keys are ever taken from. */
export interface TrustPolicy {
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly keys: ReadonlyMap<string, TrustedKey>;
  /** Whose signatures make the next version; absent: this policy is a local file and is replaced by hand. */
  readonly root?: KeySet;
  readonly retired?: ReadonlyMap<string, RetiredKey>;
  readonly revoked?: Revocations;
  /** Keys whose orders an agent obeys; none unless the policy says so. */
  readonly commandKeys: readonly PublicKey[];
  /**
   * Keys of collectors that may sign what they learned of this site's own copies. Never more than `alert`, whatever a
   * rule says: nobody has looked at it.
   */
  readonly learnerKeys: readonly PublicKey[];
  /** In order; the first that matches decides. */
  readonly rules: readonly TrustRule[];
}

/**
 * Reads a trust policy. Unknown members are refused: a constraint that is ignored would widen trust.
 * @throws POLICY_SYNTAX with all problems at once, WEAK_KEY when bad keys are the only problem
 */
export function parseTrustPolicy(value: unknown): TrustPolicy {
  const kind = documentKind(value);
  if (kind !== undefined && kind !== 'a trust policy') {
    const isSigned = Object(value).payloadType === policyPayloadType;
    throw new FingerprintError(
      'POLICY_SYNTAX',
      isSigned
        ? 'is a signed trust policy; name the unsigned one that it was made of'
        : `is ${kind}, not a trust policy; make one with \`whorl trust init\``,
    );
  }
  return new PolicyReader().read(value);
}

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

/** The first rule for an image's name. */
export function findRule(policy: TrustPolicy, name: string): TrustRule | undefined {
  return policy.rules.find((r) => r.images.some((pattern) => matchesImage(pattern, name)));
}

/** The same. @throws NO_RULE */
export function ruleFor(policy: TrustPolicy, name: string): TrustRule {
  const rule = findRule(policy, name);
  if (rule !== undefined) return rule;
  throw new FingerprintError('NO_RULE', 'is not named by any rule of the trust policy', {
    field: 'subject.name',
  });
}
