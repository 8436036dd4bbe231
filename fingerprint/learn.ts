import type { Behaviour } from './behaviour.ts';
import { condense, type Generalised, generalisedIn } from './condense.ts';
import { type CoverageWord, canonicalCoverage } from './coverage.ts';
import type { Baseline, Observation, RuleVersion } from './fingerprint.ts';
import { generalise } from './generalise.ts';
import { canonicalExercises, canonicalParameters, canonicalPhases } from './merge-known.ts';
import { canonicalObservation } from './observation.ts';
import { ProgramSet } from './program-set.ts';
import { currentRules } from './rules.ts';
import { isFree, learnable } from './sensitive.ts';
import { uniteRemoved, withoutRemoved } from './tombstones.ts';
import type { Subject } from './workload.ts';

/** What the watcher knows of the watching itself, and what people said of the workload. */
export interface LearnAbout
  extends Partial<Pick<Baseline, 'phases' | 'scope' | 'parameters' | 'representativeness' | 'removed'>> {
  /** Which rules gave the strings their form; the current ones when not given. */
  readonly rules?: RuleVersion;
  /** What was watched throughout. */
  readonly coverage: readonly CoverageWord[];
  readonly observation: Observation;
}

export interface Learned extends Generalised {
  readonly baseline: Baseline;
  /** Behaviours taken in, repetitions counted. */
  readonly learned: number;
  /** Never learnable (DESIGN §5): left out, to be approved by name or to be looked into. */
  readonly leftOut: number;
}

/**
 * Learns a baseline. Order, split and repetition of the behaviours make no difference: the same set gives the same
 * bytes. Behaviours need not be generalised, doing it twice changes nothing; never-learnable ones are left out.
 */
export function learn(subject: Subject, behaviours: Iterable<Behaviour>, about: LearnAbout): Baseline {
  return learnReport(subject, behaviours, about).baseline;
}

/** `learn`, and what was not taken. */
export function learnReport(subject: Subject, behaviours: Iterable<Behaviour>, about: LearnAbout): Learned {
  const set = new ProgramSet();
  let learned = 0;
  let leftOut = 0;
  for (const b of behaviours) {
    // First the form, then the question: redaction may make a sensitive file unfit for learning.
    const general = generalise(b, {});
    if (learnable(general)) {
      set.addBehaviour(general);
      learned++;
    } else if (!isFree(general)) leftOut++;
  }
  const behaviour = condense(
    about.removed === undefined ? set.toSet() : withoutRemoved(set.toSet(), about.removed),
  );
  const baseline: Baseline = {
    format: 'whorl-baseline/v1',
    subject,
    rules: about.rules ?? currentRules,
    coverage: canonicalCoverage(about.coverage),
    ...aboutOf(about),
    behaviour,
    observation: canonicalObservation(about.observation),
  };
  return { baseline, learned, leftOut, ...generalisedIn(behaviour) };
}

/** The members that are not learned, in canonical form. */
function aboutOf({ phases, scope, parameters, representativeness, removed }: LearnAbout): Partial<Baseline> {
  return {
    ...(phases === undefined ? {} : canonicalPhases(phases)),
    ...(scope === undefined ? {} : { scope }),
    ...(parameters === undefined ? {} : { parameters: canonicalParameters(parameters) }),
    ...(representativeness === undefined
      ? {}
      : { representativeness: canonicalExercises(representativeness) }),
    ...(removed === undefined ? {} : { removed: uniteRemoved(removed) }),
  };
}
