import { acceptedKeys, countedKeys, type Recorded, requireKeys } from './accepted-keys.ts';
import type { ApprovedFingerprint, SiteApproval } from './approval.ts';
import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { parseApproval } from './parse-approval.ts';
import { assertNotRolledBack, type StreamState } from './stream-versions.ts';
import { ruleFor, type TrustedKey, type TrustPolicy } from './trust-policy.ts';
import { assertBegun, isOver } from './validity.ts';

export interface VerifyApprovalContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  readonly seen?: StreamState;
  /** When this site first accepted a payload, from its own log: ms since the Unix epoch. */
  readonly recorded?: Recorded;
  /**
   * The approval in force in a stream (`VerifiedApproval.stream`), which this one would replace. Whoever replaces it must
   * be allowed to approve what it approved: else one image's approver could take back another's decision.
   */
  readonly replaces?: (stream: string) => VerifiedApproval | undefined;
}

interface Findings {
  readonly approval: SiteApproval;
  readonly digest: string;
  readonly stream: string;
  readonly signers: readonly TrustedKey[];
}

/** As with a fingerprint: nobody else can make one, nor (`#proof`) an object that passes for one. */
class Verified implements Findings {
  readonly #proof = true;
  readonly approval: SiteApproval;
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /** The stream its version counts in: never one of a fingerprint or an overlay. */
  readonly stream: string;
  /** The keys that signed it and may, at least one. */
  readonly signers: readonly TrustedKey[];

  constructor(findings: Findings) {
    this.approval = findings.approval;
    this.digest = findings.digest;
    this.stream = findings.stream;
    this.signers = findings.signers;
    Object.freeze(this);
  }

  /** Its end has come: nothing is approved by it any more. @param now ms since the Unix epoch */
  isOver(now: number): boolean {
    return this.#proof && isOver(this.approval.expiresAt, now);
  }
}

/** An approval that passed every step. Only `verifyApproval` makes one. */
export type VerifiedApproval = Verified;

/**
 * The steps of verification for a site's decision: form, signature, content, rules, time, version. All of it or nothing:
 * an approval of ten images by somebody who may approve nine approves none.
 * @throws FingerprintError with the code of the first step that fails; EXPIRED is one of them
 */
export function verifyApproval(
  bytes: Uint8Array,
  policy: TrustPolicy,
  context: VerifyApprovalContext,
): VerifiedApproval {
  const envelope = open(bytes, [statementPayloadType]);
  const digest = `sha256:${sha256Hex(envelope.payload)}`;
  const keyIds = acceptedKeys(envelope, policy, { ...context, digest });
  const approval = parseApproval(envelope.payload);
  // No line break stands in a stream and no image has an empty name, so no other document's is ever called like this: not
  // even a fingerprint's of an image called `approval`.
  const stream = `approval\n\n${approval.stream}`;
  const earlier = context.replaces?.(stream)?.approval.items ?? [];
  const signers = allowedSigners(policy, [...approval.items, ...earlier], keyIds);
  assertBegun(approval.issuedAt, context.now);
  assertNotOver(approval, context.now);
  assertNotRolledBack(approval.version, digest, context.seen?.get(stream));
  return new Verified({ approval, digest, stream, signers });
}

/** @throws NO_RULE, APPROVAL_FORBIDDEN, KEY_NOT_ALLOWED, THRESHOLD */
function allowedSigners(
  policy: TrustPolicy,
  items: readonly ApprovedFingerprint[],
  keyIds: readonly string[],
): TrustedKey[] {
  const names = [...new Set(items.map((item) => item.image.name))];
  const counted =
    names.length === 0 ? approversOf(policy, keyIds) : names.flatMap((n) => forImage(policy, n, keyIds));
  return [...new Set(counted)].flatMap((id) => policy.keys.get(id) ?? []);
}

function forImage(policy: TrustPolicy, name: string, keyIds: readonly string[]): readonly string[] {
  const { approve, name: rule } = ruleFor(policy, name);
  if (approve !== undefined) return requireKeys(approve, keyIds, policy, 'approvals for this image');
  throw new FingerprintError(
    'APPROVAL_FORBIDDEN',
    `is an image for which rule ${rule} of the trust policy names nobody who approves`,
    { field: 'subject.name' },
  );
}

/** For what approves nothing and replaces nothing: of an approver all the same, because it uses up a version. */
function approversOf(policy: TrustPolicy, keyIds: readonly string[]): readonly string[] {
  const sets = policy.rules.flatMap((rule) => rule.approve ?? []);
  const met = sets.map((set) => ({ set, counted: countedKeys(set, keyIds, policy) }));
  const first = met.find(({ set, counted }) => counted.length >= set.threshold);
  if (first !== undefined) return first.counted;
  const code = met.some(({ counted }) => counted.length > 0) ? 'THRESHOLD' : 'KEY_NOT_ALLOWED';
  throw new FingerprintError(code, 'is not signed by enough of those who may approve anything here', {
    field: 'signatures',
  });
}

function assertNotOver({ expiresAt }: SiteApproval, now: number): void {
  if (!isOver(expiresAt, now)) return;
  throw new FingerprintError('EXPIRED', `was ${expiresAt}; approve again`, { field: 'predicate.expiresAt' });
}
