import { behaviourIdentity } from '../../fingerprint/identity.ts';
import { programOf } from '../../fingerprint/program.ts';
import type { LearnedEntry, LearningHistory } from '../../fingerprint/readiness.ts';
import { learnable } from '../../fingerprint/sensitive.ts';
import type { LearnedInstance, LearnedNovelty, LearnedWorkload } from './learned.ts';

/**
 * What readiness looks at (DESIGN §5). Never-learnable behaviours are left out: they enter no baseline, so they neither
 * complete learning nor hold it up; they alert from the first minute.
 * @param now µs since the Unix epoch
 */
export function historyOf({ novelties, instances }: LearnedWorkload, now: number): LearningHistory {
  const seenBy = countInstances(instances);
  const entries = novelties
    .filter((n) => learnable(n.behaviour))
    .map((n) => entryOf(n, seenBy.get(n.ordinal) ?? 1));
  return {
    startedAt: startOf(entries, instances, now),
    now,
    lost: instances.reduce((sum, i) => sum + i.lost, 0),
    // A copy that was found running says nothing about starts.
    instances: instances.filter((i) => i.fromStart).map(({ instance }) => `${instance.node}/${instance.id}`),
    entries,
  };
}

function entryOf({ behaviour, time, instance }: LearnedNovelty, instances: number): LearnedEntry {
  const { root, parent, exe } = programOf(behaviour);
  return {
    identity: behaviourIdentity(behaviour),
    program: `${root}|${parent}|${exe}`,
    firstSeen: time,
    instances,
    containerId: instance,
  };
}

function countInstances(instances: readonly LearnedInstance[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { seen } of instances)
    for (const ordinal of new Set([...seen.start, ...seen.steady]))
      counts.set(ordinal, (counts.get(ordinal) ?? 0) + 1);
  return counts;
}

/** When watching began: no earlier than a copy was watched from its start, no later than anything was seen. */
function startOf(
  entries: readonly LearnedEntry[],
  instances: readonly LearnedInstance[],
  now: number,
): number {
  const watched = instances.flatMap((i) => [
    ...(i.fromStart && i.instance.startedAt > 0 ? [i.instance.startedAt] : []),
    ...(i.since > 0 ? [i.since] : []),
  ]);
  return [...watched, ...entries.map((e) => e.firstSeen)].reduce((a, b) => Math.min(a, b), now);
}
