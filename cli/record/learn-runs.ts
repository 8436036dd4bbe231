import { commonCoverage } from '../../fingerprint/coverage.ts';
import { namesOf } from '../../fingerprint/diff-names.ts';
import { stepWords } from '../../fingerprint/diff-steps.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import { entryWords } from '../../fingerprint/explain-entry.ts';
import type { Baseline, BehaviourSet, Steps } from '../../fingerprint/fingerprint.ts';
import { firstShown } from '../../fingerprint/first-shown.ts';
import { grantsOf } from '../../fingerprint/grants.ts';
import { unpushedDigest } from '../../fingerprint/image-ref.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { learnReport } from '../../fingerprint/learn.ts';
import { identityOf } from '../../fingerprint/program.ts';
import { mergeSteps } from '../../fingerprint/steps.ts';
import { formatTimestamp } from '../../fingerprint/timestamp.ts';
import type { RunSeen } from './run-seen.ts';
import type { Target } from './target.ts';

/** What all runs together showed of one target. */
export interface Recorded {
  readonly target: Target;
  readonly baseline: Baseline;
  /** Not in every run; empty after a single one. */
  readonly unstable: readonly Unstable[];
  /** Never learnable, one sentence each. */
  readonly leftOut: readonly string[];
  readonly copies: number;
  /** Copies that ran already: only what starts meanwhile is recorded. */
  readonly older: number;
  readonly digests: readonly string[];
}

export interface Unstable {
  /** Of the entry. */
  readonly id: string;
  readonly sentence: string;
  /** In how many runs it was seen. */
  readonly runs: number;
}

/** One baseline per target, in the order given. */
export function learnRuns(targets: readonly Target[], runs: readonly RunSeen[]): readonly Recorded[] {
  return targets.map((target) => learnTarget(target, runs));
}

function learnTarget(target: Target, runs: readonly RunSeen[]): Recorded {
  const seen = runs.flatMap((run) => run.targets.get(target) ?? []);
  const subject = { name: target.name, digest: unpushedDigest };
  const copies = new Set(
    runs.flatMap((run, i) => [...(run.targets.get(target)?.instances ?? [])].map((id) => `${i}\n${id}`)),
  );
  const observation = {
    startedAt: formatTimestamp((runs[0]?.since ?? 0) / 1000),
    finishedAt: formatTimestamp((runs.at(-1)?.until ?? 0) / 1000),
    source: 'sensor',
    events: seen.reduce((sum, s) => sum + s.events, 0),
    lost: runs.reduce((sum, run) => sum + run.lost, 0),
    instances: [...copies].map((copy) => sha256Hex(Buffer.from(`${target.name}\n${copy}`))),
    ran: runs.flatMap((run) => run.steps.names()),
  };
  const behaviours = seen.flatMap((s) => s.behaviours.map((b) => b.behaviour));
  const { baseline } = learnReport(subject, behaviours, {
    coverage: commonCoverage(runs.map((run) => run.coverage)),
    observation,
  });
  const shown = runs.map((run) => shownIn(run, target, baseline.behaviour));
  const steps = shown.reduce<Steps>((all, one) => mergeSteps({ steps: all }, { steps: one }).steps ?? {}, {});
  return {
    target,
    baseline:
      baseline.observation.ran?.length === 0
        ? baseline
        : { ...baseline, observation: { ...baseline.observation, steps } },
    unstable: unstableOf(baseline.behaviour, shown),
    leftOut: leftOutOf(runs, target),
    copies: copies.size,
    older: Math.max(0, ...runs.map((run) => run.census.older.get(target)?.size ?? 0)),
    digests: [...new Set(runs.flatMap((run) => [...(run.census.digests.get(target) ?? [])]))].sort(),
  };
}

function shownIn(run: RunSeen, target: Target, behaviour: BehaviourSet): Steps {
  const seen = run.targets.get(target)?.behaviours ?? [];
  const inOrder = seen.toSorted((a, b) => a.time - b.time);
  return firstShown(
    behaviour,
    inOrder.map(({ behaviour: b, time }) => ({ behaviour: b, steps: run.steps.at(time) })),
  );
}

function unstableOf(behaviour: BehaviourSet, runs: readonly Steps[]): readonly Unstable[] {
  const nameOf = namesOf(behaviour.programs.map(identityOf));
  return grantsOf(behaviour).flatMap(({ id, program, entry }) => {
    const seen = runs.filter((run) => Object.hasOwn(run, id)).length;
    return seen === runs.length
      ? []
      : [{ id, sentence: `${nameOf(program)} ${entryWords(entry)}`, runs: seen }];
  });
}

/** The same thing done in several copies or runs is told once. */
function leftOutOf(runs: readonly RunSeen[], target: Target): readonly string[] {
  const named = runs.some((run) => run.steps.size > 0);
  const sentences = runs.flatMap((run) => {
    const incidents: readonly Incident[] = [...(run.targets.get(target)?.incidents.values() ?? [])];
    return incidents.map(({ sentence, first }) =>
      named ? `${sentence}, ${stepWords(run.steps.at(first))}` : sentence,
    );
  });
  return [...new Set(sentences)];
}
