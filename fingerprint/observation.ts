import type { Inherited, Observation } from './fingerprint.ts';
import { maxInstances } from './limits.ts';
import { compareText } from './program.ts';
import { canonicalSteps, mergeSteps } from './steps.ts';

/** The one form of an observation: instance ids as a sorted set, the smallest kept so that merging is idempotent. */
export function canonicalObservation({ inherited, ran, steps, ...o }: Observation): Observation {
  const instances = [...new Set(o.instances)].sort(compareText).slice(0, maxInstances);
  return {
    ...o,
    instances,
    ...(inherited === undefined
      ? {}
      : { inherited: { ...inherited, programs: [...new Set(inherited.programs)].sort(compareText) } }),
    ...canonicalSteps({ ran, steps }),
  };
}

/**
 * Two observations of one subject as one. Counts take the larger, not the sum: a part merged twice must not count
 * twice, so after a merge they are lower bounds.
 */
export function mergeObservations(a: Observation, b: Observation, inherited?: Inherited): Observation {
  return canonicalObservation({
    startedAt: a.startedAt < b.startedAt ? a.startedAt : b.startedAt,
    finishedAt: a.finishedAt > b.finishedAt ? a.finishedAt : b.finishedAt,
    source: [...new Set([...a.source.split('+'), ...b.source.split('+')])].sort(compareText).join('+'),
    events: Math.max(a.events, b.events),
    lost: Math.max(a.lost, b.lost),
    instances: [...a.instances, ...b.instances],
    ...(inherited === undefined ? {} : { inherited }),
    ...mergeSteps(a, b),
  });
}
