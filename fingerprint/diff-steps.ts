import type { Change } from './diff-change.ts';
import type { KnownDocument } from './diff-document.ts';
import { maxStepsPerEntry } from './limits.ts';
import { quoted } from './phrase.ts';
import { compareText } from './program.ts';
import { beforeFirstStep, stepsOf } from './steps.ts';

/** Each thing that came in, with the test that showed it first: who reads the change knows where to look. */
export function withSteps(changes: readonly Change[], next: KnownDocument): Change[] {
  if (next.observation.steps === undefined) return [...changes];
  return changes.map((change) => {
    if (change.change !== 'added' && change.change !== 'widened') return change;
    const names = [...new Set(change.entries.flatMap((id) => stepsOf(next.observation, id)))].sort(
      compareText,
    );
    const steps = ownSteps(change, next) ?? names.slice(0, maxStepsPerEntry);
    if (steps.length === 0) return change;
    return { ...change, steps, sentence: `${change.sentence}, first seen ${stepWords(steps)}` };
  });
}

/** Of a program as a whole: the step in which it first ran, whatever it did later. */
function ownSteps({ kind, entries: [id = ''] }: Change, next: KnownDocument): readonly string[] | undefined {
  const steps = kind === 'program' ? stepsOf(next.observation, id) : [];
  return steps.length === 0 ? undefined : steps;
}

export function stepWords(steps: readonly string[]): string {
  const tests = steps.filter((step) => step !== beforeFirstStep).map((step) => quoted(step));
  const [before, test] = ['before the first test', `in test ${listed(tests)}`];
  if (tests.length === 0) return before;
  return tests.length === steps.length ? test : `${before} or ${test}`;
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}
