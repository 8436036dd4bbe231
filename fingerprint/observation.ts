import type { Observation } from './fingerprint.ts';
import { maxInstances } from './parse-fingerprint.ts';
import { compareText } from './program.ts';

/** The one form of an observation: instance ids as a sorted set, the smallest kept so that merging is idempotent. */
export function canonicalObservation(o: Observation): Observation {
  const instances = [...new Set(o.instances)].sort(compareText).slice(0, maxInstances);
  return { ...o, instances };
}

/**
 * Two observations of one subject as one. Counts take the larger, not the sum: a part merged twice must not count
 * twice, so after a merge they are lower bounds.
 */
export function mergeObservations(a: Observation, b: Observation): Observation {
  return canonicalObservation({
    startedAt: a.startedAt < b.startedAt ? a.startedAt : b.startedAt,
    finishedAt: a.finishedAt > b.finishedAt ? a.finishedAt : b.finishedAt,
    source: [...new Set([...a.source.split('+'), ...b.source.split('+')])].sort(compareText).join('+'),
    events: Math.max(a.events, b.events),
    lost: Math.max(a.lost, b.lost),
    instances: [...a.instances, ...b.instances],
  });
}
