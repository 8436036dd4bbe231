import type { ApprovedFingerprint } from './approval.ts';
import { type Ruling, rulingItem } from './approved-item.ts';
import { diff } from './diff.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { VerifyWarning } from './validity.ts';
import { type Mode, minMode } from './verdict.ts';
import type { VerifiedFingerprint } from './verify.ts';
import type { VerifiedApproval } from './verify-approval.ts';
import type { VerifiedOverlay } from './verify-overlay.ts';
import type { Workload } from './workload.ts';

/** A fingerprint whose digest is known: what an approval names was looked at. */
export interface Reviewed {
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  readonly fingerprint: Fingerprint;
}

/** In whose name something may be stopped, for sentences and the audit. */
export interface ApprovedBy {
  /** Owners of the keys, in the words of the site. */
  readonly signedBy: readonly string[];
  readonly reason: string;
  readonly stream: string;
  readonly version: number;
  /** `sha256:HEX` of the approval's payload. */
  readonly digest: string;
  readonly expiresAt?: string;
}

export interface EffectiveMode {
  /** How far a reaction to drift may go. */
  readonly maxMode: Mode;
  /** The same for drift that is never learnable; above `maxMode` only where an earlier digest's approval carries over. */
  readonly neverLearnableMode: Mode;
  readonly approvedBy?: ApprovedBy;
  /** What holds the mode down, those of the fingerprint first. */
  readonly warnings: readonly VerifyWarning[];
}

interface Approvals {
  readonly approvals: readonly VerifiedApproval[];
  readonly predecessor?: Reviewed;
  readonly maxMode?: Mode;
}

/** The decision about these very bytes, if there is one. */
export function exactRuling(
  { digest, fingerprint }: VerifiedFingerprint,
  approvals: readonly VerifiedApproval[],
  workload: Workload | undefined,
): Ruling | undefined {
  const { name } = fingerprint.subject;
  return rulingItem(approvals, workload, (item) => item.fingerprint === digest && item.image.name === name);
}

/**
 * The minimum of what the trust rule allows, what the site approved, and what the evidence carries (DESIGN §6). Nothing
 * but an approval raises it above `alert`, and no approval raises what a collector learned.
 */
export function effectiveMode(
  base: VerifiedFingerprint,
  site: Approvals,
  overlays: readonly VerifiedOverlay[],
  workload: Workload | undefined,
): EffectiveMode {
  const exact = exactRuling(base, site.approvals, workload);
  const ruling = exact ?? carriedRuling(base.fingerprint.subject.name, site.approvals, workload);
  if (ruling === undefined) return unapproved(base, 'no approval of this site is about it');
  if (overlays.some((o) => isUnseenNarrowing(o, ruling.item)))
    return {
      ...unapproved(base, 'an overlay that its approval does not name takes something away from it'),
      approvedBy: approvedBy(ruling),
    };
  if (exact !== undefined) return approved(base, ruling);
  if (isUnseenCorrection(base, ruling.item, site.predecessor))
    return {
      ...unapproved(base, 'a later version for the very image takes away something that the site approved'),
      approvedBy: approvedBy(ruling),
    };
  if (isReviewed(base, ruling.item, site.predecessor)) return approved(base, ruling);
  return carried(base, ruling, site.maxMode ?? 'alert');
}

function approved(base: VerifiedFingerprint, ruling: Ruling): EffectiveMode {
  const maxMode = minMode(base.maxMode, ruling.item.mode);
  const { warnings } = base;
  return { maxMode, neverLearnableMode: maxMode, approvedBy: approvedBy(ruling), warnings };
}

function unapproved(base: VerifiedFingerprint, why: string): EffectiveMode {
  const maxMode = minMode(base.maxMode, 'alert');
  // Where the rule does not go beyond alert, nobody is waiting for an approval.
  const warnings = maxMode === base.maxMode ? base.warnings : [...base.warnings, notApproved(why)];
  return { maxMode, neverLearnableMode: maxMode, warnings };
}

/** What is never learnable is judged without regard to what the new one grants, so for that the old decision holds. */
function carried(base: VerifiedFingerprint, ruling: Ruling, ofRule: Mode): EffectiveMode {
  const why = 'what the site approved is an earlier version, which allows less';
  const { mode } = ruling.item;
  return {
    ...unapproved(base, why),
    maxMode: minMode(base.maxMode, mode, 'alert'),
    neverLearnableMode: minMode(base.provisional ? ofRule : base.maxMode, mode),
    approvedBy: approvedBy(ruling),
  };
}

function notApproved(why: string): VerifyWarning {
  return { code: 'NOT_APPROVED', message: `${why}; it alerts at most` };
}

/** Its removals make drift of what the approver saw allowed, and nobody who may approve has said that this may be stopped. */
function isUnseenNarrowing(
  { overlay, digest }: VerifiedOverlay,
  { overlays = [] }: ApprovedFingerprint,
): boolean {
  return overlay.remove !== undefined && overlay.remove.programs.length > 0 && !overlays.includes(digest);
}

/**
 * The software is the same, so what it did goes on: a signer who takes it away alone, or a thief with that key, would have
 * what the site approved stopped. Whether it does cannot be told without the version that was approved.
 */
function isUnseenCorrection(
  { digests, fingerprint, provisional }: VerifiedFingerprint,
  { image, fingerprint: reviewed }: ApprovedFingerprint,
  predecessor: Reviewed | undefined,
): boolean {
  if (provisional || !digests.includes(image.digest)) return false;
  if (predecessor?.digest !== reviewed) return true;
  return diff(predecessor.fingerprint, fingerprint).changes.some((c) => !c.widens && c.change !== 'changed');
}

/** It adds and widens nothing: it lets nothing pass that would not have passed under what was approved. */
function isReviewed(
  base: VerifiedFingerprint,
  { fingerprint }: ApprovedFingerprint,
  predecessor: Reviewed | undefined,
): boolean {
  if (base.provisional || predecessor?.digest !== fingerprint) return false;
  return !diff(predecessor.fingerprint, base.fingerprint).widens;
}

function carriedRuling(
  name: string,
  approvals: readonly VerifiedApproval[],
  workload: Workload | undefined,
): Ruling | undefined {
  return rulingItem(approvals, workload, (item) => item.carry === 'repository' && item.image.name === name);
}

/** What the site approved of an earlier version or digest, where that is at hand and rules here. */
export function approvedBefore(
  { fingerprint }: VerifiedFingerprint,
  { approvals, predecessor }: Approvals,
  workload: Workload | undefined,
): Fingerprint | undefined {
  const ruling = carriedRuling(fingerprint.subject.name, approvals, workload);
  return ruling?.item.fingerprint === predecessor?.digest ? predecessor?.fingerprint : undefined;
}

/**
 * The same, where something never learnable is signed and not approved yet, or may have been approved before and is not
 * signed any more: it can be what the software always does, and nobody has said that it may be stopped for it.
 */
export function sparing(mode: EffectiveMode): EffectiveMode {
  if (mode.neverLearnableMode !== 'freeze' && mode.neverLearnableMode !== 'kill') return mode;
  const why = 'it grants other acts that are never learnable than the site approved';
  const others = mode.warnings.filter((w) => w.code !== 'NOT_APPROVED');
  return {
    ...mode,
    maxMode: minMode(mode.maxMode, 'alert'),
    neverLearnableMode: 'alert',
    warnings: [...others, notApproved(why)],
  };
}

export interface Carried extends Ruling {
  readonly neverLearnableMode: Mode;
}

/**
 * What the approval of an earlier digest says about a workload whose own digest has no fingerprint at all: only what is
 * never learnable can drift there, and for that the decision about the repository holds.
 *
 * @param policyMaxMode how far the rule of the trust policy goes for the image
 */
export function carriedApproval(
  approvals: readonly VerifiedApproval[],
  workload: Workload,
  policyMaxMode: Mode,
): Carried | undefined {
  const ruling = carriedRuling(workload.subject.name, approvals, workload);
  return ruling && { ...ruling, neverLearnableMode: minMode(policyMaxMode, ruling.item.mode) };
}

function approvedBy({ approval: { approval, signers, digest } }: Ruling): ApprovedBy {
  const { reason, stream, version, expiresAt } = approval;
  return {
    signedBy: signers.map((s) => s.owner),
    reason,
    stream,
    version,
    digest,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}
