import { FingerprintError } from './errors.ts';
import type { Baseline } from './fingerprint.ts';
import { mergeObservations } from './observation.ts';
import { compareText } from './program.ts';
import { ProgramSet } from './program-set.ts';

/**
 * What two baselines of one subject know together. Commutative, associative, idempotent: order and repeats do not
 * matter. Only what both watched is covered, because absence from one that did not look says nothing.
 * @throws DIGEST_MISMATCH for different subjects, SCHEMA for baselines learned under different rules.
 */
export function merge(a: Baseline, b: Baseline): Baseline {
  assertSameSubject(a, b);
  assertSameRules(a, b);
  const set = new ProgramSet();
  set.addSet(a.behaviour);
  set.addSet(b.behaviour);
  return {
    format: 'whorl-baseline/v1',
    subject: a.subject,
    rules: a.rules,
    coverage: [...new Set(a.coverage)].filter((kind) => b.coverage.includes(kind)).sort(compareText),
    behaviour: set.toSet(),
    observation: mergeObservations(a.observation, b.observation),
  };
}

function assertSameSubject(a: Baseline, b: Baseline): void {
  if (a.subject.digest === b.subject.digest && a.subject.name === b.subject.name) return;
  throw new FingerprintError(
    'DIGEST_MISMATCH',
    `differs: ${a.subject.name}@${a.subject.digest} and ${b.subject.name}@${b.subject.digest}; only baselines of one image merge`,
    { field: 'subject' },
  );
}

function assertSameRules(a: Baseline, b: Baseline): void {
  const same =
    a.rules.normaliser === b.rules.normaliser &&
    a.rules.generaliser === b.rules.generaliser &&
    a.rules.sensitive === b.rules.sensitive;
  if (same) return;
  throw new FingerprintError('SCHEMA', 'differ; learn both from their events again with one version', {
    field: 'rules',
  });
}
