import { type Effective, effectiveOf } from '../fingerprint/effective.ts';
import { unboundParameters } from '../fingerprint/effective-bindings.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { VerifiedApproval } from '../fingerprint/verify-approval.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';
import type { Workload } from '../fingerprint/workload.ts';
import { readApprovals } from './approval-file.ts';
import { scopeWords } from './approval-words.ts';
import { firstOf, grantSentences } from './grant-words.ts';
import type { Io } from './io.ts';
import { readOverlays } from './overlay-file.ts';
import { unboundSentences } from './overlay-words.ts';

export interface SiteFiles {
  readonly overlay: readonly string[];
  readonly approval: readonly string[];
}

/** As many inert entries as a person reads before a judgement. */
const maxInert = 10;

/**
 * What a fingerprint comes to with what the site signed of its own, as on the node; says what is held back.
 * @throws CliError with exit code 3 when one of the files may not be believed, or belongs to another fingerprint
 */
export async function effectiveFrom(
  io: Io,
  base: VerifiedFingerprint,
  { overlay, approval }: SiteFiles,
  policy: TrustPolicy,
): Promise<Effective> {
  const overlays = await readOverlays(io, overlay, policy, base);
  const approvals = await readApprovals(io, approval, policy);
  const at = workloadFor(base, overlays);
  const effective = effectiveOf(base, { overlays, approvals }, at);
  const unknown = at.workload === undefined ? scopesOf(base, approvals) : [];
  const isGiven = approvals.length > 0;
  for (const sentence of [...caveats(effective, overlays, isGiven), ...unknown])
    io.err(`warning: ${sentence}`);
  return effective;
}

/** Whom a recording is judged as: the fingerprint's own scope, or the one its overlays are about. */
function workloadFor(
  { fingerprint }: VerifiedFingerprint,
  overlays: readonly VerifiedOverlay[],
): { workload?: Workload } {
  const scope = fingerprint.scope ?? overlays.flatMap((o) => o.overlay.scope ?? [])[0];
  return scope === undefined ? {} : { workload: { ...scope, subject: fingerprint.subject } };
}

/** A recording does not know its cluster, so what holds in a scope alone is not judged by. */
function scopesOf(
  { digest }: VerifiedFingerprint,
  approvals: readonly VerifiedApproval[],
): readonly string[] {
  return approvals.flatMap(({ approval }) =>
    approval.items
      .filter((item) => item.fingerprint === digest && item.scope !== undefined)
      .map(
        (item) =>
          `it is approved${scopeWords(item.scope)} alone, and the events do not say that they are of there`,
      ),
  );
}

/** @param isGiven whether anything was said of what the site approved: the files alone do not know what is in force */
function caveats(
  effective: Effective,
  overlays: readonly VerifiedOverlay[],
  isGiven: boolean,
): readonly string[] {
  const { warnings, inert, fingerprint, bindings } = effective;
  const elsewhere = overlays.filter((o) => !effective.overlays.includes(o));
  const unbound = unboundParameters(fingerprint.parameters ?? [], bindings);
  const held = firstOf(grantSentences(inert), maxInert);
  return [
    ...warnings.map((w) =>
      w.code === 'NOT_APPROVED' && !isGiven
        ? 'no --approval is given, so it is taken as one that alerts at most (NOT_APPROVED)'
        : `${w.message} (${w.code})`,
    ),
    ...held.map((sentence) => `inert until the site approves it: ${sentence}`),
    ...elsewhere.map((o) => `overlay ${o.digest} is of another workload${ownerOf(o)} and not judged by`),
    ...unboundSentences(unbound).map((sentence) => `${sentence}; see whorl bind`),
  ];
}

function ownerOf({ overlay: { scope } }: VerifiedOverlay): string {
  return scope === undefined ? '' : ` (${printable(`${scope.namespace}/${scope.owner}`, 200)})`;
}
