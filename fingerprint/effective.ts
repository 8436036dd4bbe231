import type { Bindings } from './bindings.ts';
import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { effectiveBehaviour } from './effective-behaviour.ts';
import { joinBindings } from './effective-bindings.ts';
import {
  approvedBefore,
  type EffectiveMode,
  effectiveMode,
  exactRuling,
  type Reviewed,
  sparing,
} from './effective-mode.ts';
import type { BehaviourSet, Fingerprint } from './fingerprint.ts';
import { type Grant, grantsOf } from './grants.ts';
import { isNeverLearnableEntry } from './grave-entry.ts';
import { compareText } from './program.ts';
import { inScope } from './scope.ts';
import type { Mode } from './verdict.ts';
import type { VerifiedFingerprint } from './verify.ts';
import type { VerifiedApproval } from './verify-approval.ts';
import type { VerifiedOverlay } from './verify-overlay.ts';
import type { Workload } from './workload.ts';

/** What a site has signed of its own. The caller leaves out what is over; what is about something else is left out here. */
export interface SiteDocuments {
  readonly overlays: readonly VerifiedOverlay[];
  readonly approvals: readonly VerifiedApproval[];
  /** The fingerprint that the approval of an earlier digest names, where it is at hand. */
  readonly predecessor?: Reviewed;
  /**
   * How far the rule of the trust policy goes for this image. Needed for a provisional fingerprint alone, which no rule
   * stands behind; absent: `alert`.
   */
  readonly maxMode?: Mode;
}

/** What judges on this node, and how far a reaction may go. */
export interface Effective extends EffectiveMode {
  /** With effective behaviour and tombstones; everything else as signed. */
  readonly fingerprint: Fingerprint;
  readonly bindings: Bindings;
  /** `sha256:HEX` of what base and overlays grant together: equal wherever the same ones are in force. */
  readonly digest: string;
  /** The overlays that are in force here, in the order of their digests. */
  readonly overlays: readonly VerifiedOverlay[];
  /** What the signer may not grant alone and the site has not approved: judged as if it were not there. */
  readonly inert: readonly Grant[];
}

/**
 * The effective fingerprint and mode of one workload (docs/format.md): what was signed, what the site adds and takes away,
 * and what it approves. Pure: the same documents give the same answer on the node, on the command line and in a test.
 */
export function effectiveOf(
  base: VerifiedFingerprint,
  site: SiteDocuments,
  at: { readonly workload?: Workload } = {},
): Effective {
  const overlays = inForce(base, site.overlays, at.workload);
  const isApproved = exactRuling(base, site.approvals, at.workload) !== undefined;
  const before = isApproved ? undefined : approvedBefore(base, site, at.workload)?.behaviour;
  const { behaviour, whole, inert, removed } = effectiveBehaviour(
    base.fingerprint,
    overlays.map((o) => o.overlay),
    isApproved ? [] : base.ceiling,
    before,
  );
  const mode = effectiveMode(base, site, overlays, at.workload);
  const isTold = isApproved || (!inert.some(isGrave) && keepsGrave(before, behaviour));
  return {
    fingerprint: { ...base.fingerprint, behaviour, ...(removed === undefined ? {} : { removed }) },
    bindings: joinBindings(overlays.map((o) => o.overlay.bindings)),
    digest: effectiveDigest(
      base.digest,
      overlays.map((o) => o.digest),
      whole,
    ),
    overlays,
    inert,
    ...(isTold ? mode : sparing(mode)),
  };
}

function isGrave({ program, entry }: Grant): boolean {
  return isNeverLearnableEntry(program, entry);
}

/**
 * Whether whatever is never learnable and was approved before is granted still. Where that version is not at hand nobody
 * can tell, and a collector that holds it back must not have the software stopped for what it always did.
 */
function keepsGrave(before: BehaviourSet | undefined, now: BehaviourSet): boolean {
  if (before === undefined) return false;
  const grave = grantsOf(before).filter(isGrave);
  // Naming all that is granted takes most of the time of all this: mostly there is nothing to look for.
  const granted = new Set(grave.length === 0 ? [] : grantsOf(now).map((g) => g.id));
  return grave.every((g) => granted.has(g.id));
}

/** Sorted and each once, so that the order in which they arrived shows in nothing. */
function inForce(
  base: VerifiedFingerprint,
  overlays: readonly VerifiedOverlay[],
  workload: Workload | undefined,
): VerifiedOverlay[] {
  const own = overlays.filter(
    (o) =>
      o.belongsTo(base) &&
      (o.overlay.scope === undefined || (workload !== undefined && inScope(o.overlay.scope, workload))),
  );
  return [...new Map(own.map((o) => [o.digest, o])).values()].sort((a, b) => compareText(a.digest, b.digest));
}

/** @param overlays digests in force, in any order */
export function effectiveDigest(base: string, overlays: readonly string[], behaviour: BehaviourSet): string {
  const document = { base, overlays: overlays.toSorted(compareText), behaviour };
  return `sha256:${sha256Hex(canonicalBytes(document))}`;
}
