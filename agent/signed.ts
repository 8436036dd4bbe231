import type { Recorded } from '../fingerprint/accepted-keys.ts';
import { sha256Hex } from '../fingerprint/digest.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { kindOfEnvelope } from '../fingerprint/statement-kind.ts';
import type { StreamState } from '../fingerprint/stream-versions.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import { type VerifiedApproval, verifyApproval } from '../fingerprint/verify-approval.ts';
import { type VerifiedOverlay, verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { earlierName, learnedName } from './ports/kept.ts';

/** What people sign about what runs here, verified on this node. */
export type Signed =
  | { readonly kind: 'base'; readonly verified: VerifiedFingerprint }
  | { readonly kind: 'overlay'; readonly verified: VerifiedOverlay }
  | { readonly kind: 'approval'; readonly verified: VerifiedApproval };

export interface SignedContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  readonly seen: StreamState;
  readonly recorded: Recorded;
  readonly replaces: (stream: string) => VerifiedApproval | undefined;
  /** The fingerprint of that payload, where it is here. */
  readonly fingerprintOf: (digest: string) => VerifiedFingerprint | undefined;
}

/** @throws FingerprintError */
export function verifySigned(bytes: Uint8Array, policy: TrustPolicy, context: SignedContext): Signed {
  const kind = kindOfEnvelope(bytes);
  switch (kind) {
    case 'base':
      return { kind, verified: verifyFingerprint(bytes, policy, context) };
    case 'overlay':
      return { kind, verified: fitting(verifyOverlay(bytes, policy, context), context) };
    case 'approval':
      return { kind, verified: verifyApproval(bytes, policy, context) };
    case 'trust-policy':
      throw new FingerprintError('PAYLOAD_TYPE', 'is a trust policy, which lies elsewhere');
  }
}

/**
 * Of an overlay whose fingerprint is not here nothing can be said yet: it waits. One that adds what it may not must not
 * take the place of the one before.
 */
function fitting(overlay: VerifiedOverlay, { fingerprintOf }: SignedContext): VerifiedOverlay {
  const about = fingerprintOf(overlay.overlay.base);
  const problem = about && overlay.problemWith(about);
  if (problem !== undefined) throw problem;
  return overlay;
}

/** Ids of the keys on whose word it holds. */
export function signersOf(signed: Signed): readonly string[] {
  switch (signed.kind) {
    case 'base':
      return signed.verified.signers.map((s) => s.keyId);
    case 'overlay':
    case 'approval':
      return signed.verified.signers.map((s) => s.key.keyId);
  }
}

export function versionOf(signed: Signed): number {
  switch (signed.kind) {
    case 'base':
      return signed.verified.fingerprint.version;
    case 'overlay':
      return signed.verified.overlay.version;
    case 'approval':
      return signed.verified.approval.version;
  }
}

/** Under which the newest of a stream is kept. */
export function keptName({ kind, verified }: Signed): string {
  const name = hashedName(verified.stream);
  return kind === 'base' && verified.provisional ? learnedName + name : name;
}

/** Under which what was replaced is kept. */
export function earlierFile(digest: string): string {
  return earlierName + digest.slice('sha256:'.length, 'sha256:'.length + 32);
}

/** Streams are named by signers; a file name of their choosing could be a path. */
function hashedName(stream: string): string {
  return sha256Hex(new TextEncoder().encode(stream)).slice(0, 32);
}
