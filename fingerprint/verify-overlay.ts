import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { type Overlay, type OverlayStatement, parseOverlay } from './overlay.ts';
import { signersOf } from './signatures.ts';
import { ruleFor, type TrustedKey, type TrustPolicy, type TrustRule } from './trust-policy.ts';
import { assertBegun, isOver } from './validity.ts';
import { assertNotRolledBack, type StreamState } from './stream-versions.ts';
import type { VerifiedFingerprint } from './verify.ts';

export interface VerifyOverlayContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  /** The fingerprint it must belong to; without it the caller asks `belongsTo` before it judges by it. */
  readonly base?: VerifiedFingerprint;
  readonly seen?: StreamState;
}

interface Findings {
  readonly overlay: Overlay;
  readonly digests: readonly string[];
  readonly digest: string;
  readonly stream: string;
  readonly signers: readonly TrustedKey[];
  readonly rule: string;
}

/** As with a fingerprint: nobody else can make one, nor (`#proof`) an object that passes for one. */
class Verified implements Findings {
  readonly #proof = true;
  readonly overlay: Overlay;
  readonly digests: readonly string[];
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /** The stream its version counts in: never one of a fingerprint. */
  readonly stream: string;
  /** The keys that signed it and may, at least one. */
  readonly signers: readonly TrustedKey[];
  readonly rule: string;

  constructor(findings: Findings) {
    this.overlay = findings.overlay;
    this.digests = findings.digests;
    this.digest = findings.digest;
    this.stream = findings.stream;
    this.signers = findings.signers;
    this.rule = findings.rule;
    Object.freeze(this);
  }

  /** Whether it adds to this very fingerprint, of the same image. */
  belongsTo(base: VerifiedFingerprint): boolean {
    return this.#proof && mismatchOf(this, base) === undefined;
  }

  /** Its end has come: what it bound is bound no more. @param now ms since the Unix epoch */
  isOver(now: number): boolean {
    return isOver(this.overlay.expiresAt, now);
  }
}

/** An overlay that passed every step. Only `verifyOverlay` makes one. */
export type VerifiedOverlay = Verified;

/**
 * The steps of verification for a site's addition: form, signature, content, rule, time, version, base. Unlike a
 * fingerprint, what has run out is refused, because what it grants has an end.
 * @throws FingerprintError with the code of the first step that fails
 */
export function verifyOverlay(
  bytes: Uint8Array,
  policy: TrustPolicy,
  context: VerifyOverlayContext,
): VerifiedOverlay {
  const envelope = open(bytes, [statementPayloadType]);
  const digest = `sha256:${sha256Hex(envelope.payload)}`;
  const trusted = [...policy.keys.values()].map((t) => t.key);
  const keyIds = signersOf(envelope, trusted).map((key) => key.keyId);
  const statement = parseOverlay(envelope.payload);
  const { overlay, digests } = statement;
  const rule = ruleFor(policy, overlay.subject.name);
  const signers = allowedSigners(policy, rule, keyIds);
  assertBegun(overlay.issuedAt, context.now);
  assertNotOver(overlay, context.now);
  // No line break stands in a name or a stream, so no fingerprint's stream (name and stream) is ever called like this.
  const stream = `overlay\n${overlay.subject.name}\n${overlay.stream}`;
  assertNotRolledBack(overlay.version, digest, context.seen?.get(stream));
  const mismatch = context.base === undefined ? undefined : mismatchOf(statement, context.base);
  if (mismatch !== undefined) throw mismatch;
  return new Verified({ overlay, digests, digest, stream, signers, rule: rule.name });
}

/** A learner's key never: what it would add is what nobody has looked at. */
function allowedSigners(policy: TrustPolicy, rule: TrustRule, keyIds: readonly string[]): TrustedKey[] {
  const learners = new Set(policy.learnerKeys.map((k) => k.keyId));
  const allowed = (rule.overlay ?? rule.sign).keys.filter((id) => !learners.has(id));
  const signers = keyIds.filter((id) => allowed.includes(id)).flatMap((id) => policy.keys.get(id) ?? []);
  if (signers.length > 0) return signers;
  throw new FingerprintError(
    'KEY_NOT_ALLOWED',
    'is signed by a key that may not sign overlays for this image',
    {
      field: 'signatures',
    },
  );
}

function assertNotOver({ expiresAt }: Overlay, now: number): void {
  if (!isOver(expiresAt, now)) return;
  throw new FingerprintError('EXPIRED', `was ${expiresAt}; bind again`, { field: 'predicate.expiresAt' });
}

/** Each version of a fingerprint is bound for itself: the next one may mean something else by the same parameter. */
function mismatchOf(
  { overlay, digests }: OverlayStatement,
  { digest, digests: ofBase, fingerprint }: VerifiedFingerprint,
): FingerprintError | undefined {
  if (overlay.base !== digest) {
    const message = `is ${overlay.base}: it was bound for another fingerprint than ${digest}`;
    return new FingerprintError('BASE_MISMATCH', message, { field: 'predicate.base.sha256' });
  }
  if (overlay.subject.name !== fingerprint.subject.name)
    return new FingerprintError('REPO_MISMATCH', 'is not the image of its fingerprint', {
      field: 'subject.name',
    });
  if (digests.some((d) => ofBase.includes(d))) return undefined;
  return new FingerprintError('DIGEST_MISMATCH', 'is not the image of its fingerprint', {
    field: 'subject.digest',
  });
}
