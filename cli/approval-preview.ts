import { effectiveOf } from '../fingerprint/effective.ts';
import { formatImageRef } from '../fingerprint/image-ref.ts';
import { lint } from '../fingerprint/lint.ts';
import { printable } from '../fingerprint/printable.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';
import { firstOf, grantSentences } from './grant-words.ts';
import { counted } from './known-file.ts';
import { overlaySentences } from './overlay-words.ts';

/** As many findings of one kind as a person reads before signing; `whorl lint` tells all. */
const mostFound = 12;

/** What approving makes count is read whole: it is cut only where nobody reads on, and a dry run never cuts it. */
const mostGranted = 200;

/**
 * What somebody is about to approve, in sentences read from the very bytes: who signed it, how much it is, what it may do
 * from then on that it may not yet, and what an attacker would love in it.
 */
export function previewSentences(
  base: VerifiedFingerprint,
  overlays: readonly VerifiedOverlay[],
  { all }: { readonly all: boolean },
): readonly string[] {
  const { fingerprint, signers, digest } = base;
  const { subject, version, stream, behaviour } = fingerprint;
  const who = signers.map((s) => printable(s.owner || s.keyId.slice(0, 16), 80)).join(' and ');
  const grave = lint(fingerprint).findings.filter((f) => f.severity === 'high' || f.severity === 'critical');
  return [
    `${printable(formatImageRef(subject), 700)}: version ${version} of ${printable(stream, 200)}, signed by ${who}, fingerprint ${digest}`,
    `  ${counted(behaviour.programs.length, 'program')}, ${counted(entriesIn(base), 'entry', 'entries')}`,
    ...grantedSentences(base, all).map((s) => `  inert until now, granted by this: ${s}`),
    ...grave.flatMap(({ severity, what, places }) =>
      firstOf(
        places.map((place) => place.sentence),
        mostFound,
      ).map((sentence) => `  lint ${severity}: ${what}: ${sentence}`),
    ),
    ...overlays.flatMap((o) => overlaySentences(o.overlay).map((s) => `  with overlay ${short(o)}: ${s}`)),
  ];
}

/** The entries under the ceiling. */
function grantedSentences(base: VerifiedFingerprint, all: boolean): readonly string[] {
  const sentences = grantSentences(effectiveOf(base, { overlays: [], approvals: [] }).inert);
  const shown = all ? sentences : sentences.slice(0, mostGranted);
  const left = sentences.length - shown.length;
  return left === 0 ? shown : [...shown, `and ${left} more: the same with --dry-run lists every one`];
}

function short({ digest }: VerifiedOverlay): string {
  return `${digest.slice(0, 19)}…`;
}

function entriesIn({ fingerprint }: VerifiedFingerprint): number {
  return fingerprint.behaviour.programs
    .map((p) => p.args.length + p.files.length + p.network.length + p.privileges.length)
    .reduce((a, b) => a + b, 0);
}

/** Why an approval will not do what it seems to; nothing where it will. */
export function previewCaveats(base: VerifiedFingerprint, mode: Mode, reached: Mode): readonly string[] {
  if (reached === mode) return [];
  const why = base.warnings.map((w) => w.code).join(', ');
  const because = why === '' ? `rule ${printable(base.rule)} of the trust policy` : why;
  return [`  goes no further than ${reached} here, because of ${because}`];
}
