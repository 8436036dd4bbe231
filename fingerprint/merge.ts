import { condense } from './condense.ts';
import { commonCoverage } from './coverage.ts';
import { FingerprintError } from './errors.ts';
import type { Baseline, Scope } from './fingerprint.ts';
import { mergeInherited, mergeParameters, mergePhases, mergeRepresentativeness } from './merge-known.ts';
import { mergeObservations } from './observation.ts';
import { printable } from './printable.ts';
import { ProgramSet } from './program-set.ts';
import { uniteRemoved, withoutRemoved } from './tombstones.ts';

/**
 * What two baselines of one subject know together. Commutative, associative, idempotent: order and repeats do not
 * matter, as long as both have the same tombstones; one that comes later cannot undo the pattern its names helped to make.
 * Only what both watched is covered, because absence from one that did not look says nothing.
 * @throws DIGEST_MISMATCH for different subjects, SCHEMA for different rules or scopes.
 */
export function merge(a: Baseline, b: Baseline): Baseline {
  assertSameSubject(a, b);
  assertSameRules(a, b);
  assertSameScope(a, b);
  const set = new ProgramSet();
  set.addSet(a.behaviour);
  set.addSet(b.behaviour);
  const stones = [a, b].flatMap((x) => x.removed ?? []);
  const removed = stones.length === 0 ? undefined : uniteRemoved(...stones);
  const parameters = mergeParameters(a, b);
  const representativeness = mergeRepresentativeness(a, b);
  return {
    format: 'whorl-baseline/v1',
    subject: a.subject,
    rules: a.rules,
    coverage: commonCoverage([a.coverage, b.coverage]),
    ...mergePhases(a, b),
    ...(a.scope === undefined ? {} : { scope: a.scope }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(representativeness === undefined ? {} : { representativeness }),
    ...(removed === undefined ? {} : { removed }),
    behaviour: condense(removed === undefined ? set.toSet() : withoutRemoved(set.toSet(), removed)),
    observation: mergeObservations(a.observation, b.observation, mergeInherited(a, b)),
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

/** What one tenant's copy does never teaches another's: only a person may say that a scope is not meant. */
function assertSameScope(a: Baseline, b: Baseline): void {
  const [one, other] = [scopeText(a.scope), scopeText(b.scope)];
  if (one === other) return;
  throw new FingerprintError(
    'SCHEMA',
    `differs: ${printable(one, 200)} and ${printable(other, 200)}; to learn from both, remove \`scope\` from them by hand`,
    { field: 'scope' },
  );
}

function scopeText(scope: Scope | undefined): string {
  if (scope === undefined) return 'none';
  const { cluster, namespace, owner, container, role, entry = '' } = scope;
  return [cluster, namespace, owner, container, role, entry].join('\n');
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
