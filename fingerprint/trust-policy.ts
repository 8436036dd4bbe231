import { FingerprintError } from './errors.ts';
import { matchesImage } from './image-pattern.ts';
import type { PublicKey } from './keys.ts';
import type { CeilingClass, WidenClass } from './trust-classes.ts';
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
