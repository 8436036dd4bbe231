import type { LearningHistory } from './learning-history.ts';
import { printable } from './printable.ts';
import { ProgramSet } from './program-set.ts';
import type { Reason } from './reason.ts';
import { missingModes, unmetExercises } from './representativeness.ts';

/** Names in one sentence; the rest is a number. */
const maxNamed = 3;

/** Only what somebody declared holds it up; what is missing besides is named, for whoever approves. */
export function representativenessReason(h: LearningHistory): Reason {
  const set = new ProgramSet();
  for (const e of h.entries) set.addBehaviour(e.behaviour);
  const behaviour = set.toSet();
  const unmet = unmetExercises(h.exercises, behaviour, h.modes);
  const id = 'representativeness';
  if (unmet.length > 0) {
    const said = unmet.slice(0, maxNamed).map((u) => printable(u.sentence, 300));
    const more = unmet.length > maxNamed ? `, and ${unmet.length - maxNamed} more` : '';
    return {
      id,
      ok: false,
      sentence: `declared, but ${said.join('; ')}${more}; exercise it, or take the declaration back`,
    };
  }
  const declared = h.exercises.map((e) => e.mode);
  const missing = missingModes(behaviour, [...h.modes, ...declared]);
  const met =
    declared.length === 0 ? '' : `everything declared was seen (${[...new Set(declared)].join(', ')}); `;
  return {
    id,
    ok: true,
    sentence:
      missing.length === 0
        ? `${met}no mode is missing`
        : `${met}no sign yet of ${missing.join(', ')}; what is new then will alert`,
  };
}
