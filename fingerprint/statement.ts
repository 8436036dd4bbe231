import { featuresOf } from './critical-features.ts';
import { FingerprintError } from './errors.ts';
import type { Fields } from './fields.ts';
import type { Baseline, Fingerprint, RuleVersion } from './fingerprint.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { currentRules } from './rules.ts';
import { exportedProducer, frameBytes, predicateOf, readFrame } from './statement-frame.ts';
import type { Platform, StatementOptions } from './statement-options.ts';
import type { ImagePart } from './statement-subjects.ts';
import type { Subject } from './workload.ts';

export type { StatementOptions } from './statement-options.ts';

/** A statement that was read, with everything it is about. Whether it may be believed is not its business. */
export interface Statement {
  readonly fingerprint: Fingerprint;
  /** Digests of all subjects: an index and its manifests are one image. */
  readonly digests: readonly string[];
  /** It judges only what runs on it. Absent: whatever the digests say. */
  readonly platform?: Platform;
}

/** What a statement takes over from a baseline as it stands. */
const known = [
  'rules',
  'coverage',
  'phases',
  'scope',
  'parameters',
  'representativeness',
  'removed',
  'behaviour',
  'observation',
] as const;

/**
 * The payload to sign.
 * @param parts all digests of the image; without them the baseline's own alone
 */
export function statementBytes(
  baseline: Baseline,
  options: StatementOptions,
  parts: readonly ImagePart[] = [],
): Uint8Array {
  return frameBytes('base', baseline.subject, options, membersOf(baseline), featuresOf(baseline), parts);
}

/** The predicate alone, for those who put a statement of their own around it (`cosign attest`, actions/attest). */
export function exportedPredicate(baseline: Baseline, options: StatementOptions): object {
  const content = { kind: 'base', ...membersOf(baseline) };
  return predicateOf(options, content, featuresOf(baseline), exportedProducer);
}

function membersOf(baseline: Baseline): object {
  const members = known.flatMap((name) => (baseline[name] === undefined ? [] : [[name, baseline[name]]]));
  return Object.fromEntries(members);
}

/**
 * Steps 10 to 13 of verification, on the very bytes that were signed. Unknown members are ignored as in-toto asks,
 * except inside `behaviour`, where ignoring a constraint would widen what is allowed.
 */
export function parseStatement(payload: Uint8Array): Statement {
  const { kind, predicate, subject, digests, options } = readFrame(payload);
  // An overlay is not a whole fingerprint: judged alone it would make everything else drift.
  if (kind !== 'base')
    predicate.fail('kind', 'is an overlay, which only adds to a fingerprint: name the fingerprint itself');
  const { format: _baseline, ...learned } = baselineOf(predicate, subject);
  assertRulesKnown(learned.rules, predicate);
  const { platform, ...stands } = options;
  return {
    fingerprint: { ...learned, ...stands },
    digests,
    ...(platform === undefined ? {} : { platform }),
  };
}

/** Strings formed by rules this code does not have cannot be told from strings that nobody has seen. */
function assertRulesKnown(rules: RuleVersion, predicate: Fields): void {
  for (const table of ['normaliser', 'generaliser', 'sensitive'] as const) {
    if (rules[table] <= currentRules[table]) continue;
    throw new FingerprintError('READER_TOO_OLD', 'was learned by newer rules; upgrade this whorl', {
      field: predicate.at(`rules.${table}`),
    });
  }
}

/** The part a baseline and a statement share goes through the one parser of baselines. */
function baselineOf(predicate: Fields, subject: Subject): Baseline {
  const members = known.flatMap((name) => (predicate.has(name) ? [[name, predicate.raw(name)]] : []));
  try {
    return parseBaseline({ format: 'whorl-baseline/v1', subject, ...Object.fromEntries(members) });
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new FingerprintError(error.code, error.message, { field: predicate.at(error.field), cause: error });
  }
}
