import type { Baseline, Program } from './fingerprint.ts';
import { merge } from './merge.ts';
import { compareText, inheritedName } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { withoutRemoved } from './tombstones.ts';
import type { Subject } from './workload.ts';

/**
 * What a new digest of the same repository takes over from the one before (DESIGN §5): programs with their arguments and
 * lineage, because a rare job that ran under the old digest runs under the new one; and what a person removed, which
 * stays removed. Files, peers and privileges are learned anew: they are what a tampered image would change.
 */
export function inherit(previous: Baseline, subject: Subject): Baseline {
  const { removed, behaviour, observation, representativeness, parameters, ...rest } = previous;
  const set = new ProgramSet();
  set.addSet({ programs: behaviour.programs.map(executionOf) });
  const taken = removed === undefined ? set.toSet() : withoutRemoved(set.toSet(), removed);
  return {
    ...rest,
    subject,
    ...(representativeness === undefined ? {} : { representativeness }),
    ...(parameters === undefined ? {} : { parameters }),
    ...(removed === undefined ? {} : { removed }),
    behaviour: taken,
    observation: {
      ...observation,
      events: 0,
      lost: 0,
      instances: [],
      inherited: {
        from: previous.subject.digest,
        programs: [...new Set(taken.programs.map(inheritedName))].sort(compareText),
      },
    },
  };
}

/**
 * What was learned of a new digest, with what it inherits. What was seen of it loses the mark; how it was watched is
 * told of the new digest alone.
 */
export function withInherited(learned: Baseline, previous: Baseline): Baseline {
  // What was learned under other rules is learned again, not converted.
  if (JSON.stringify(learned.rules) !== JSON.stringify(previous.rules)) return learned;
  const { phases: _phases, scope: _scope, ...inherited } = inherit(previous, learned.subject);
  const { coverage, phases, scope, observation } = learned;
  return merge(learned, {
    ...inherited,
    coverage,
    ...(phases === undefined ? {} : { phases }),
    ...(scope === undefined ? {} : { scope }),
    observation: { ...inherited.observation, ...observation },
  });
}

function executionOf(p: Program): Program {
  return { ...p, files: [], network: [], privileges: [] };
}
