import { namesOf } from './diff-names.ts';
import { sidesOf } from './diff-side.ts';
import type { Baseline, Fingerprint } from './fingerprint.ts';
import { type Severity, severities } from './incident.ts';
import { documentRules } from './lint-document-rules.ts';
import { entryRules } from './lint-entry-rules.ts';
import { fileRules } from './lint-file-rules.ts';
import { packageRules } from './lint-package-rules.ts';
import { programRules } from './lint-program-rules.ts';
import type { LintRule, LintWorld, Place } from './lint-rule.ts';
import type { Owners } from './package-owner.ts';
import { identityOf } from './program.ts';
import { type Score, score } from './score.ts';

/** Every rule, gravest first. */
export const lintRules: readonly LintRule[] = [
  ...programRules,
  ...fileRules,
  ...entryRules,
  ...packageRules,
  ...documentRules,
].sort((a, b) => severities.indexOf(b.severity) - severities.indexOf(a.severity));

/** What one rule found. */
export interface Finding {
  readonly id: string;
  readonly severity: Severity;
  readonly what: string;
  readonly why: string;
  readonly fix: string;
  readonly places: readonly Place[];
}

export interface LintReport {
  /** Gravest first, in the order of the table. */
  readonly findings: readonly Finding[];
  readonly score: Score;
}

/**
 * What an attacker would love in this document (docs/operations.md, lint).
 *
 * @param allowed ids of rules or of single entries that a person has looked at and accepts: they are not told
 * @param owners of the files of the image, from its SBOM; without it nothing is said of packages
 */
export function lint(
  known: Baseline | Fingerprint,
  allowed: ReadonlySet<string> = new Set(),
  owners?: Owners,
): LintReport {
  const sides = [...sidesOf(known).values()];
  const nameOf = namesOf(known.behaviour.programs.map(identityOf));
  const world: LintWorld = { known, sides, nameOf, ...(owners === undefined ? {} : { owners }) };
  const findings = lintRules
    .filter((rule) => !allowed.has(rule.id))
    .map((rule) => findingOf(rule, world, allowed))
    .filter((finding) => finding.places.length > 0);
  return { findings, score: score(known) };
}

function findingOf({ find, ...rule }: LintRule, world: LintWorld, allowed: ReadonlySet<string>): Finding {
  const isAllowed = (place: Place): boolean =>
    place.entries.length > 0 && place.entries.every((id) => allowed.has(id));
  return { ...rule, places: find(world).filter((place) => !isAllowed(place)) };
}
