import { canonicalCoverage, coverageWords } from './coverage.ts';
import {
  type Baseline,
  exerciseModes,
  type Inherited,
  type Observation,
  type RuleVersion,
} from './fingerprint.ts';
import { isDigest } from './image-ref.ts';
import { maxEntries, maxInstances, maxSteps } from './limits.ts';
import { canonicalExercises, canonicalPhases } from './merge-known.ts';
import { ObjectReader, readText, readWord, refuse } from './object-reader.ts';
import { canonicalObservation } from './observation.ts';
import { parseBehaviourSet } from './parse-behaviour-set.ts';
import { parseExercise } from './parse-exercise.ts';
import { parseSteps, readStep } from './parse-steps.ts';
import { phases } from './phase.ts';
import { parseParameters } from './site-parameter-json.ts';
import { parseTimestamp } from './timestamp.ts';
import { uniteRemoved } from './tombstones.ts';
import { parseBaselineSubject, parseScope } from './workload-json.ts';

/**
 * Reads a baseline from JSON of unknown origin and brings it into canonical form.
 * @throws SCHEMA (unknown members included), TOO_LARGE
 */
export function parseBaseline(value: unknown): Baseline {
  const r = new ObjectReader(value, '');
  const declared = r.optional('parameters', () => r.value('parameters', parseParameters));
  const set = (v: unknown, f: string) => parseBehaviourSet(v, f, declared.parameters);
  return r.end({
    format: r.word('format', ['whorl-baseline/v1'] as const),
    subject: r.value('subject', parseBaselineSubject),
    rules: r.value('rules', parseRules),
    coverage: canonicalCoverage(
      r.list('coverage', (v, f) => readWord(v, f, coverageWords), coverageWords.length),
    ),
    ...(r.has('phases') ? r.value('phases', parsePhases) : {}),
    ...r.optional('scope', () => r.value('scope', parseScope)),
    ...declared,
    ...r.optional('representativeness', () =>
      canonicalExercises(r.list('representativeness', parseExercise, exerciseModes.length)),
    ),
    ...r.optional('removed', () => uniteRemoved(r.value('removed', set))),
    behaviour: r.value('behaviour', set),
    observation: r.value('observation', parseObservation),
  });
}

function parsePhases(value: unknown, field: string): Pick<Baseline, 'phases'> {
  if (!Array.isArray(value) || value.length === 0 || value.length > phases.length)
    return refuse(field, `must name ${phases.join(' or ')}; absent when both were learned`);
  return canonicalPhases(value.map((v: unknown, i) => readWord(v, `${field}[${i}]`, phases)));
}

function parseRules(value: unknown, field: string): RuleVersion {
  const r = new ObjectReader(value, field);
  return r.end({
    normaliser: r.integer('normaliser', 1, 1_000_000),
    generaliser: r.integer('generaliser', 1, 1_000_000),
    sensitive: r.integer('sensitive', 1, 1_000_000),
  });
}

function parseObservation(value: unknown, field: string): Observation {
  const r = new ObjectReader(value, field);
  const observation = r.end({
    startedAt: r.value('startedAt', readTimestamp),
    finishedAt: r.value('finishedAt', readTimestamp),
    source: r.text('source', 256),
    events: r.integer('events'),
    lost: r.integer('lost'),
    instances: r.list('instances', (v, f) => readText(v, f, 256), maxInstances),
    ...r.optional('inherited', () => r.value('inherited', parseInherited)),
    ...r.optional('ran', () => r.list('ran', readStep, maxSteps)),
    ...r.optional('steps', () => r.value('steps', parseSteps)),
  });
  return canonicalObservation(observation);
}

function parseInherited(value: unknown, field: string): Inherited {
  const r = new ObjectReader(value, field);
  const from = r.text('from');
  if (!isDigest(from)) refuse(r.field('from'), 'must be sha256: and 64 lower-case hexadecimal digits');
  return r.end({ from, programs: r.list('programs', readText, maxEntries) });
}

function readTimestamp(value: unknown, field: string): string {
  const text = readText(value, field, 40);
  return parseTimestamp(text) === undefined
    ? refuse(field, 'must be a time such as 2026-05-01T08:00:00Z')
    : text;
}
