import { behaviourDigest } from '../../fingerprint/behaviour-digest.ts';
import { canonicalBytes } from '../../fingerprint/canonical.ts';
import { type Difference, diff } from '../../fingerprint/diff.ts';
import type { Baseline, Observation, Steps } from '../../fingerprint/fingerprint.ts';
import { grantsOf, programId } from '../../fingerprint/grants.ts';
import { withKept } from '../../fingerprint/kept-entries.ts';
import { canonicalObservation } from '../../fingerprint/observation.ts';
import { identityOf } from '../../fingerprint/program.ts';
import { beforeFirstStep, stepsOf } from '../../fingerprint/steps.ts';
import type { Recorded } from './learn-runs.ts';

/** One file of the directory: what stands in it, and what it comes to with this recording. */
export interface LockEntry {
  readonly recorded: Recorded;
  /** Undefined: there is none yet. */
  readonly former: Baseline | undefined;
  readonly next: Baseline;
  /** Undefined where there is nothing to compare with. */
  readonly difference: Difference | undefined;
  readonly state: 'new' | 'unchanged' | 'changed';
}

/** @param unstable ids of entries that a recording may or may not show */
export function lockEntry(
  recorded: Recorded,
  former: Baseline | undefined,
  unstable: ReadonlySet<string>,
): LockEntry {
  const { baseline } = recorded;
  if (former === undefined) return { recorded, former, next: baseline, difference: undefined, state: 'new' };
  const next = nextOf(baseline, former, unstable);
  const state = next === former ? 'unchanged' : 'changed';
  return { recorded, former, next, difference: diff(former, next), state };
}

/** The former itself when it says all that this recording says: times, counts and copies change nothing. */
function nextOf(now: Baseline, former: Baseline, unstable: ReadonlySet<string>): Baseline {
  // Loss makes absence unknown, never presence.
  const keeps = now.observation.lost > 0 ? () => true : (id: string) => unstable.has(id);
  const behaviour = withKept(now.behaviour, former, keeps);
  const { parameters, representativeness, removed } = former;
  const next: Baseline = {
    ...now,
    ...(parameters === undefined ? {} : { parameters }),
    ...(representativeness === undefined ? {} : { representativeness }),
    ...(removed === undefined ? {} : { removed }),
    behaviour,
    observation: stepsKept({ ...now, behaviour }, former),
  };
  if (!isSame(next, former)) return next;
  const { ran, steps } = next.observation;
  if (JSON.stringify([ran, steps]) === JSON.stringify([former.observation.ran, former.observation.steps]))
    return former;
  return { ...former, observation: canonicalObservation({ ...former.observation, ...told({ ran, steps }) }) };
}

/** Which of two tests that run beside each other is first is chance: who was named stays named as long as it runs. */
function stepsKept({ behaviour, observation }: Baseline, former: Baseline): Observation {
  const running = new Set([...(observation.ran ?? []), beforeFirstStep]);
  if (observation.steps === undefined) return observation;
  const ids = [
    ...behaviour.programs.map((p) => programId(identityOf(p))),
    ...grantsOf(behaviour).map((g) => g.id),
  ];
  const steps: Steps = Object.fromEntries(
    ids.flatMap((id) => {
      const known = stepsOf(former.observation, id).filter((step) => running.has(step));
      const names = known.length > 0 ? known : stepsOf(observation, id);
      return names.length === 0 ? [] : [[id, names]];
    }),
  );
  return canonicalObservation({ ...observation, steps });
}

/** What was recorded without loss stands for more than what was recorded with it. */
function isSame(a: Baseline, b: Baseline): boolean {
  const { behaviour: one, observation: o, subject: s, ...rest } = a;
  const { behaviour: other, observation: p, subject: t, scope: _, ...more } = b;
  return (
    s.name === t.name &&
    (p.lost === 0 || o.lost > 0) &&
    Buffer.compare(canonicalBytes(rest), canonicalBytes(more)) === 0 &&
    behaviourDigest(one) === behaviourDigest(other)
  );
}

/** Without members that are undefined. */
function told({
  ran,
  steps,
}: {
  ran: Observation['ran'] | undefined;
  steps: Observation['steps'] | undefined;
}): Pick<Observation, 'ran' | 'steps'> {
  return { ...(ran === undefined ? {} : { ran }), ...(steps === undefined ? {} : { steps }) };
}
