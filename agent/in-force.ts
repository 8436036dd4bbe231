import type { Effective, SiteDocuments } from '../fingerprint/effective.ts';
import type { Carried } from '../fingerprint/effective-mode.ts';
import type { BehaviourSet } from '../fingerprint/fingerprint.ts';
import { grantsOf } from '../fingerprint/grants.ts';
import type { Approval } from '../fingerprint/incident.ts';
import { indexBehaviour } from '../fingerprint/index-behaviour.ts';
import { printable } from '../fingerprint/printable.ts';
import { modes } from '../fingerprint/verdict.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { VerifiedApproval } from '../fingerprint/verify-approval.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { InForce } from './core/watched.ts';
import type { StateLine } from './state-line.ts';

/** What a fingerprint comes to with what a site signed; texts are equal where that is. */
export interface Ready {
  readonly content: string;
  readonly inForce: InForce;
}

/** What judges, ready to be asked, and in whose name. */
export function inForceOf(verified: VerifiedFingerprint, effective: Effective): InForce {
  const { phases } = verified.fingerprint;
  // Where nothing is added, taken away or held back it is what was signed, of which one copy in memory is enough.
  const isAsSigned = effective.overlays.length + effective.inert.length === 0;
  const judging = isAsSigned ? verified.fingerprint : effective.fingerprint;
  return {
    index: indexBehaviour(judging, effective.bindings),
    approval: approvalOf(verified, effective),
    inert: effective.inert.length,
    warnings: warningsOf(effective),
    ...(phases === undefined ? {} : { phases }),
  };
}

function approvalOf(verified: VerifiedFingerprint, effective: Effective): Approval {
  const { fingerprint, digest, signers, provisional } = verified;
  const { maxMode, neverLearnableMode, approvedBy } = effective;
  const isMore = modes.indexOf(neverLearnableMode) > modes.indexOf(maxMode);
  const until = approvedBy?.expiresAt;
  return {
    fingerprint: digest,
    version: fingerprint.version,
    signedBy: signersText(signers.map((s) => s.owner || s.keyId.slice(0, 16))),
    maxMode,
    ...(isMore ? { neverLearnableMode } : {}),
    ...(approvedBy === undefined ? {} : { approvedBy: signersText(approvedBy.signedBy) }),
    ...(until === undefined ? {} : { approvedUntil: until }),
    ...(provisional ? { provisional: true as const } : {}),
  };
}

function warningsOf({ warnings }: Effective): readonly string[] {
  return warnings.map((w) => w.code);
}

/** Of a copy whose digest has no fingerprint at all: what was decided about an earlier one. */
export function carriedOf({ item, approval, neverLearnableMode }: Carried): Approval {
  const by = signersText(approval.signers.map((s) => s.owner));
  const until = approval.approval.expiresAt;
  return {
    fingerprint: item.fingerprint,
    version: 0,
    signedBy: by,
    maxMode: 'alert',
    neverLearnableMode,
    approvedBy: by,
    ...(until === undefined ? {} : { approvedUntil: until }),
    carried: true,
  };
}

/** @param effective what it comes to without regard to any one workload */
export function inForceLine(verified: VerifiedFingerprint, effective: Effective): StateLine {
  const { fingerprint, digest, provisional } = verified;
  const { signedBy, maxMode } = approvalOf(verified, effective);
  return {
    type: 'fingerprint-in-force',
    subject: fingerprint.subject,
    digest,
    version: fingerprint.version,
    signedBy,
    maxMode,
    provisional,
    inert: effective.inert.length,
    warnings: warningsOf(effective),
  };
}

export function overlayLine(
  type: 'overlay-in-force' | 'overlay-ended',
  verified: VerifiedOverlay,
): StateLine {
  const { overlay, digest, signers } = verified;
  const { subject, base, version, bindings, add, remove } = overlay;
  return {
    type,
    subject,
    digest,
    base,
    version,
    signedBy: signersText(signers.map((s) => s.owner)),
    sites: [...bindings.sites.keys()],
    volumes: [...bindings.volumes.keys()],
    adds: entriesIn(add),
    removes: entriesIn(remove),
  };
}

export function approvalLine(
  type: 'approval-in-force' | 'approval-ended',
  verified: VerifiedApproval,
): StateLine {
  const { approval, digest, signers } = verified;
  const { version, reason, expiresAt, items } = approval;
  return {
    type,
    digest,
    version,
    signedBy: signersText(signers.map((s) => s.owner)),
    reason: printable(reason, 400),
    ...(expiresAt === undefined ? {} : { expiresAt }),
    items: items.map(({ image, fingerprint, mode, carry }) => ({ subject: image, fingerprint, mode, carry })),
  };
}

function signersText(owners: readonly string[]): string {
  return printable(owners.join(', '));
}

/** A tombstone without entries takes back a whole program. */
function entriesIn(set: BehaviourSet | undefined): number {
  return set === undefined ? 0 : Math.max(grantsOf(set).length, set.programs.length);
}

/**
 * One text per combination of documents, of the names of who signed them, and of what approvals look at in a workload
 * (approval.ts, scope).
 */
export function siteKey(site: SiteDocuments, workload: Workload): string {
  const { overlays, approvals, predecessor, maxMode } = site;
  const { subject: _what, ...scope } = workload;
  const documents = [...overlays, ...approvals].map((d) => [d.digest, d.signers.map((s) => s.owner)]);
  const isScoped =
    overlays.some((o) => o.overlay.scope !== undefined) ||
    approvals.some((a) => a.approval.items.some((item) => item.scope !== undefined));
  return JSON.stringify([documents, predecessor?.digest ?? '', maxMode ?? '', isScoped ? scope : {}]);
}

/** One text for all that the trust policy says of a fingerprint. */
export function factsOf({ signers, maxMode, ceiling, provisional, warnings }: VerifiedFingerprint): string {
  return JSON.stringify([signers, maxMode, ceiling, provisional, warnings.map((w) => w.code)]);
}

/** One text for all that judges alike, in the same name and as far. */
export function contentOf(verified: VerifiedFingerprint, effective: Effective): string {
  const inert = effective.inert.map((g) => g.id);
  return JSON.stringify([effective.digest, inert, approvalOf(verified, effective), warningsOf(effective)]);
}
