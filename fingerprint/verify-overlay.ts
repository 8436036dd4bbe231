import { acceptedKeys, type Recorded, requireKeys } from './accepted-keys.ts';
import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import { type Overlay, type OverlayStatement, parseOverlay } from './overlay.ts';
import { assertNotRolledBack, type StreamState } from './stream-versions.ts';
import type { WidenClass } from './trust-classes.ts';
import { ruleFor, type TrustedKey, type TrustPolicy, type TrustRule } from './trust-policy.ts';
import { assertBegun, isOver } from './validity.ts';
import type { VerifiedFingerprint } from './verify.ts';
import { widenClassesOf } from './widening.ts';

export interface VerifyOverlayContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  /** The fingerprint it must belong to; without it the caller asks `belongsTo` before it judges by it. */
  readonly base?: VerifiedFingerprint;
  readonly seen?: StreamState;
  /** When this site first accepted a payload, from its own log: ms since the Unix epoch. */
  readonly recorded?: Recorded;
}

interface Findings {
  readonly overlay: Overlay;
  readonly digests: readonly string[];
  readonly digest: string;
  readonly stream: string;
  readonly signers: readonly TrustedKey[];
  readonly rule: string;
  readonly mayWiden: readonly WidenClass[];
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
  /** The keys that signed it and may, as many as the rule asks for at least. */
  readonly signers: readonly TrustedKey[];
  readonly rule: string;
  /** What its signers may add at all. */
  readonly mayWiden: readonly WidenClass[];

  constructor(findings: Findings) {
    this.overlay = findings.overlay;
    this.digests = findings.digests;
    this.digest = findings.digest;
    this.stream = findings.stream;
    this.signers = findings.signers;
    this.rule = findings.rule;
    this.mayWiden = findings.mayWiden;
    Object.freeze(this);
  }

  /** Whether it is about this very fingerprint, of the same image, and adds nothing to it that its signers may not. */
  belongsTo(base: VerifiedFingerprint): boolean {
    return this.#proof && this.problemWith(base) === undefined;
  }

  /** Why it does not belong to a fingerprint: BASE_MISMATCH, REPO_MISMATCH, DIGEST_MISMATCH, OVERLAY_FORBIDDEN. */
  problemWith(base: VerifiedFingerprint): FingerprintError | undefined {
    return mismatchOf(this, base) ?? forbiddenIn(this, this.mayWiden, base);
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
  const keyIds = acceptedKeys(envelope, policy, { ...context, digest });
  const statement = parseOverlay(envelope.payload);
  const { overlay, digests } = statement;
  const rule = ruleFor(policy, overlay.subject.name);
  const signers = allowedSigners(policy, rule, keyIds);
  assertBegun(overlay.issuedAt, context.now);
  assertNotOver(overlay, context.now);
  // No line break stands in a name or a stream, so no fingerprint's stream (name and stream) is ever called like this.
  const stream = `overlay\n${overlay.subject.name}\n${overlay.stream}`;
  assertNotRolledBack(overlay.version, digest, context.seen?.get(stream));
  const mayWiden = rule.overlay?.mayWiden ?? [];
  const verified = new Verified({ overlay, digests, digest, stream, signers, rule: rule.name, mayWiden });
  const problem = context.base === undefined ? undefined : verified.problemWith(context.base);
  if (problem !== undefined) throw problem;
  return verified;
}

/** A learner's key never: what it would add is what nobody has looked at. @throws KEY_NOT_ALLOWED, THRESHOLD */
function allowedSigners(policy: TrustPolicy, rule: TrustRule, keyIds: readonly string[]): TrustedKey[] {
  const counted = requireKeys(rule.overlay ?? rule.sign, keyIds, policy, 'overlays for this image');
  return counted.flatMap((id) => policy.keys.get(id) ?? []);
}

/**
 * The fingerprint that an overlay is about.
 * @throws BASE_MISSING when it is none of these, OVERLAY_FORBIDDEN and others when it does not belong to it all the same
 */
export function baseAmong(
  overlay: VerifiedOverlay,
  fingerprints: readonly VerifiedFingerprint[],
): VerifiedFingerprint {
  const base = fingerprints.find((f) => f.digest === overlay.overlay.base);
  const problem = base && overlay.problemWith(base);
  if (problem !== undefined) throw problem;
  if (base !== undefined) return base;
  const message = `is ${overlay.overlay.base}: that fingerprint is not here`;
  throw new FingerprintError('BASE_MISSING', message, { field: 'predicate.base.sha256' });
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

/** Asked with the fingerprint at hand alone: without it nobody can tell which programs are new. */
function forbiddenIn(
  { overlay }: OverlayStatement,
  mayWiden: readonly WidenClass[],
  { fingerprint }: VerifiedFingerprint,
): FingerprintError | undefined {
  if (overlay.add === undefined) return undefined;
  const classes = widenClassesOf(overlay.add, fingerprint.behaviour);
  const forbidden = classes.filter((c) => !mayWiden.includes(c));
  if (forbidden.length === 0) return undefined;
  const message = `adds ${forbidden.join(', ')}, which the trust policy lets no overlay of its signers add`;
  return new FingerprintError('OVERLAY_FORBIDDEN', message, { field: 'predicate.add' });
}
