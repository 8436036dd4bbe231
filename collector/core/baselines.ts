import { type CoverageWord, commonCoverage } from '../../fingerprint/coverage.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Baseline, BehaviourSet, Exercise } from '../../fingerprint/fingerprint.ts';
import { withInherited } from '../../fingerprint/inherit.ts';
import { learn } from '../../fingerprint/learn.ts';
import type { ScopedBaseline } from '../../fingerprint/provisional.ts';
import { scopeOf } from '../../fingerprint/scope.ts';
import { formatSeconds } from '../../fingerprint/time.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import type { LearnedInstance, LearnedWorkload } from './learned.ts';

/** What is known of a workload besides what its copies did. */
export interface Beforehand {
  /** What was learned of the digest before. */
  readonly previous?: Baseline;
  /** What people removed, in whatever they signed for this image. */
  readonly removed?: BehaviourSet;
  /** What was declared that must be seen. */
  readonly exercises: readonly Exercise[];
}

export const nothingBeforehand: Beforehand = { exercises: [] };

/** Everything that was reported of one workload, from all nodes, as a baseline. The same reports give the same bytes. */
export function baselineOf(
  learned: LearnedWorkload,
  { previous, removed, exercises }: Beforehand = nothingBeforehand,
): ScopedBaseline {
  const { workload, novelties, instances, source } = learned;
  const scope = scopeOf(workload);
  const times = [...novelties.map((n) => n.time), ...instances.flatMap(spanOf)];
  const sum = (of: (i: LearnedInstance) => number): number => instances.reduce((all, i) => all + of(i), 0);
  const own = learn(
    workload.subject,
    novelties.map((n) => n.behaviour),
    {
      coverage: watchedThroughout(instances),
      scope,
      ...(removed === undefined ? {} : { removed }),
      ...(exercises.length === 0 ? {} : { representativeness: exercises }),
      observation: {
        startedAt: formatSeconds(least(times)),
        finishedAt: formatSeconds(most(times)),
        source: source === '' ? 'unknown' : source,
        events: sum((i) => i.events),
        lost: sum((i) => i.lost),
        instances: instances.map((i) => instanceKey(workload, i)),
      },
    },
  );
  return { ...(previous === undefined ? own : withInherited(own, previous)), scope };
}

/** Keyed by the workload: two baselines that name the same copy agree, and nobody reads names of machines from it. */
function instanceKey(workload: Workload, { instance }: LearnedInstance): string {
  return sha256Hex(
    new TextEncoder().encode(
      `${workload.subject.digest}\n${workloadKey(workload)}\n${instance.node}\n${instance.id}`,
    ),
  );
}

/** Only what every copy was watched for is known to be absent where it was not seen. */
function watchedThroughout(instances: readonly LearnedInstance[]): readonly CoverageWord[] {
  return commonCoverage(instances.map((i) => i.coverage).filter((told) => told.length > 0));
}

function spanOf({ since, until }: LearnedInstance): number[] {
  return until === 0 ? [] : [since, until];
}

function least(times: readonly number[]): number {
  return times.reduce((a, b) => Math.min(a, b), times[0] ?? 0);
}

function most(times: readonly number[]): number {
  return times.reduce((a, b) => Math.max(a, b), 0);
}
