import type { KnownDocument } from './diff-document.ts';
import type { ExerciseMode } from './fingerprint.ts';
import { quoted } from './phrase.ts';
import { missingModes, unmetExercises } from './representativeness.ts';

/** What a recording under test did not try. */
export interface NotExercised {
  /** Modes of which the new document shows no sign. */
  readonly modes: readonly ExerciseMode[];
  /** Test steps that ran for the old document and not for the new one. */
  readonly steps: readonly string[];
  /** All of it in sentences, and what was declared and not seen. Safe for a terminal. */
  readonly sentences: readonly string[];
}

/** That it starts is what every recording sees; whether it was stopped in it, it does not say. */
const visible: readonly ExerciseMode[] = ['load', 'reload', 'rotate', 'backup', 'failover'];
/** Steps named in one sentence. */
const maxNamed = 10;

/**
 * What the new document says nothing about, because nobody made the software do it: there an implant can sleep through
 * every test. Undefined for what was not recorded under test.
 */
export function notExercised(old: KnownDocument, next: KnownDocument): NotExercised | undefined {
  const { ran } = next.observation;
  if (ran === undefined) return undefined;
  const missing = missingModes(next.behaviour, ['start', 'shutdown']);
  const modes = visible.filter((mode) => missing.includes(mode));
  const steps = (old.observation.ran ?? []).filter((step) => !ran.includes(step));
  const unmet = unmetExercises(next.representativeness ?? [], next.behaviour, ['start', 'shutdown']);
  return {
    modes,
    steps,
    sentences: [
      ...(modes.length === 0
        ? []
        : [`not exercised: ${modes.join(', ')}; what it does only then was not seen`]),
      ...(steps.length === 0
        ? []
        : [`not run this time: ${named(steps)}; what only they showed was not seen`]),
      ...unmet.map((u) => `declared and not exercised: ${quoted(u.sentence, 300)}`),
    ],
  };
}

function named(steps: readonly string[]): string {
  const rest = steps.length - maxNamed;
  const names = steps.slice(0, maxNamed).map((step) => `test ${quoted(step)}`);
  return names.join(', ') + (rest > 0 ? ` and ${rest} more` : '');
}
