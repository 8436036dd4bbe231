import { documentKind } from './document-kind.ts';
import { FingerprintError } from './errors.ts';
import type { PublicKey } from './keys.ts';
import { PolicyReader, trustPolicyType } from './trust-policy-reader.ts';
import type { Mode } from './verdict.ts';

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

/** What an overlay may add, by its gravest part. Taking away is always allowed, and so is binding parameters. */
export const widenClasses = [
  'programs',
  'arguments',
  'load',
  'files.read',
  'files.write',
  'connect',
  'listen',
  'resolve',
  'privileges',
  'sensitive',
  'never-learnable',
] as const;
export type WidenClass = (typeof widenClasses)[number];

/** What a vendor may never grant alone: entries of these classes grant nothing until the site has approved them. */
export const ceilingClasses = ['shells', 'wildcard-egress', 'never-learnable', 'sensitive'] as const;
export type CeilingClass = (typeof ceilingClasses)[number];

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
export const nothingRevoked: Revocations = { keys: new Map(), payloads: new Map(), minVersions: new Map() };

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
    throw new FingerprintError(
      'POLICY_SYNTAX',
      `is ${kind}, not a trust policy; make one with \`whorl trust init\``,
    );
  }
  return new PolicyReader().read(value);
}

export interface NewTrustPolicy {
  readonly signer: PublicKey;
  readonly owner: string;
  readonly image: string;
  readonly maxMode: Mode;
  readonly commandKey?: PublicKey;
  readonly learnerKey?: PublicKey;
  readonly issuedAt: string;
}

/** The first policy of a site: one signer for one pattern of images, and its collector. @throws POLICY_SYNTAX */
export function newTrustPolicy(options: NewTrustPolicy): TrustPolicy {
  const { signer, owner, image, maxMode, ...site } = options;
  const rule = { name: 'default', images: [image], sign: { keys: [signer.keyId], threshold: 1 }, maxMode };
  return firstPolicy(site, [rule], [{ key: signer, owner }]);
}

type Site = Pick<NewTrustPolicy, 'commandKey' | 'learnerKey' | 'issuedAt'>;

/** The policy of a machine that only learns: what its collector learned may alert, and nobody may sign anything. */
export function learnerTrustPolicy(site: Site & { readonly learnerKey: PublicKey }): TrustPolicy {
  return firstPolicy(site, [], []);
}

function firstPolicy(
  { commandKey, learnerKey, issuedAt }: Site,
  rules: readonly TrustRule[],
  signers: readonly TrustedKey[],
): TrustPolicy {
  const commandKeys = commandKey === undefined ? [] : [commandKey];
  const learnerKeys = learnerKey === undefined ? [] : [learnerKey];
  const given = [
    ...signers,
    ...commandKeys.map((key) => ({ key, owner: 'orders of the collector' })),
    ...learnerKeys.map((key) => ({ key, owner: 'learned by the collector' })),
  ];
  const keys = new Map<string, TrustedKey>();
  for (const trusted of given) if (!keys.has(trusted.key.keyId)) keys.set(trusted.key.keyId, trusted);
  const policy: TrustPolicy = { version: 1, issuedAt, keys, commandKeys, learnerKeys, rules };
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

/** @param pattern exact name, prefix ending in `/**`, or `**`; no other wildcard exists */
export function matchesImage(pattern: string, name: string): boolean {
  if (pattern === '**') return true;
  return pattern.endsWith('/**') ? name.startsWith(pattern.slice(0, -2)) : pattern === name;
}

/** The document of a policy, as it stands in a file: what `parseTrustPolicy` reads back to the same policy. */
export function trustPolicyDocument(policy: TrustPolicy): unknown {
  const keys = [...policy.keys.values()].map(({ key, owner }) => [
    key.keyId,
    { algorithm: 'ed25519', spki: Buffer.from(key.spki).toString('base64'), owner },
  ]);
  return {
    _type: trustPolicyType,
    version: policy.version,
    issuedAt: policy.issuedAt,
    ...(policy.expiresAt === undefined ? {} : { expiresAt: policy.expiresAt }),
    keys: Object.fromEntries(keys),
    roles: { ...role('command', policy.commandKeys), ...role('learner', policy.learnerKeys) },
    rules: policy.rules.map(({ name, images, sign, overlay, maxMode }) => ({
      name,
      images,
      sign,
      ...(overlay === undefined ? {} : { overlay: { keys: overlay.keys, threshold: overlay.threshold } }),
      maxMode,
    })),
  };
}

function role(name: 'command' | 'learner', keys: readonly PublicKey[]): object {
  return keys.length === 0 ? {} : { [name]: { keys: keys.map((k) => k.keyId), threshold: 1 } };
}
