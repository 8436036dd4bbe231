import { documentKind } from './document-kind.ts';
import { FingerprintError } from './errors.ts';
import type { PublicKey } from './keys.ts';
import { PolicyReader, trustPolicyType } from './trust-policy-reader.ts';
import type { Mode } from './verdict.ts';

export interface TrustedKey {
  readonly key: PublicKey;
  /** Who holds it, in the words of the site. */
  readonly owner: string;
}

export interface TrustRule {
  readonly name: string;
  /** An exact name, a prefix ending in `/**`, or `**` for everything. */
  readonly images: readonly string[];
  /** Ids of the keys that may sign for these images; one of them must. */
  readonly signers: readonly string[];
  /** Ids of the keys that may add a site's overlay to what the signers signed; absent: the signers themselves. */
  readonly overlaySigners?: readonly string[];
  /** How far anything signed under this rule may go. */
  readonly maxMode: Mode;
}

/** Who may vouch for what on this node. The only place keys are ever taken from. */
export interface TrustPolicy {
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly keys: ReadonlyMap<string, TrustedKey>;
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
  const rule = { name: 'default', images: [image], signers: [signer.keyId], maxMode };
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
    rules: policy.rules.map(({ name, images, signers, overlaySigners, maxMode }) => ({
      name,
      images,
      sign: { keys: signers, threshold: 1 },
      ...(overlaySigners === undefined ? {} : { overlay: { keys: overlaySigners, threshold: 1 } }),
      maxMode,
    })),
  };
}

function role(name: 'command' | 'learner', keys: readonly PublicKey[]): object {
  return keys.length === 0 ? {} : { [name]: { keys: keys.map((k) => k.keyId), threshold: 1 } };
}
