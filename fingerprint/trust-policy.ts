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
  readonly issuedAt: string;
}

/** The first policy of a site: one signer for one pattern of images. @throws POLICY_SYNTAX */
export function newTrustPolicy(options: NewTrustPolicy): TrustPolicy {
  const { signer, owner, image, maxMode, commandKey, issuedAt } = options;
  const keys = new Map([[signer.keyId, { key: signer, owner }]]);
  if (commandKey !== undefined && !keys.has(commandKey.keyId)) {
    keys.set(commandKey.keyId, { key: commandKey, owner: 'orders of the collector' });
  }
  const policy: TrustPolicy = {
    version: 1,
    issuedAt,
    keys,
    commandKeys: commandKey === undefined ? [] : [commandKey],
    rules: [{ name: 'default', images: [image], signers: [signer.keyId], maxMode }],
  };
  // What is made here must be readable here: the same checks, the same words.
  return parseTrustPolicy(trustPolicyDocument(policy));
}

/** The first rule for an image's name. @throws NO_RULE */
export function ruleFor(policy: TrustPolicy, name: string): TrustRule {
  const rule = policy.rules.find((r) => r.images.some((pattern) => matchesImage(pattern, name)));
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
    roles:
      policy.commandKeys.length === 0
        ? {}
        : { command: { keys: policy.commandKeys.map((k) => k.keyId), threshold: 1 } },
    rules: policy.rules.map(({ name, images, signers, maxMode }) => ({
      name,
      images,
      sign: { keys: signers, threshold: 1 },
      maxMode,
    })),
  };
}
