import type { Behaviour } from './behaviour.ts';
import type { BehaviourKind } from './event.ts';
import type { Baseline, Observation, RuleVersion } from './fingerprint.ts';
import { generalise } from './generalise.ts';
import { canonicalObservation } from './observation.ts';
import { compareText } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { currentRules } from './rules.ts';
import { isFree, learnable } from './sensitive.ts';
import type { Subject } from './workload.ts';

/** What the watcher knows of the watching itself. */
export interface LearnAbout {
  /** Which rules gave the strings their form; the current ones when not given. */
  readonly rules?: RuleVersion;
  /** Kinds that were watched throughout. */
  readonly coverage: readonly BehaviourKind[];
  readonly observation: Observation;
}

export interface Learned {
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
  const baseline: Baseline = {
    format: 'whorl-baseline/v1',
    subject,
    rules: about.rules ?? currentRules,
    coverage: [...new Set(about.coverage)].sort(compareText),
    behaviour: set.toSet(),
    observation: canonicalObservation(about.observation),
  };
  return { baseline, learned, leftOut };
}
