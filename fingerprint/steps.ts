import type { Observation, Steps } from './fingerprint.ts';
import { maxSteps, maxStepsPerEntry } from './limits.ts';
import { compareText } from './program.ts';

/** What an observation says of the tests under which it was made. */
export type UnderTest = Pick<Observation, 'ran' | 'steps'>;
type Told = { readonly [K in keyof UnderTest]: UnderTest[K] | undefined };

/** Stands for what happened before any step was named: no step may be called so. */
export const beforeFirstStep = '(before the first step)';

/** The one form: names and ids sorted, without repetitions. */
export function canonicalSteps({ ran, steps }: Told): UnderTest {
  return {
    ...(ran === undefined ? {} : { ran: sorted(ran).slice(0, maxSteps) }),
    ...(steps === undefined ? {} : { steps: sortedSteps(steps) }),
  };
}

/** Whoever saw an entry under test says so; both may. */
export function mergeSteps(a: UnderTest, b: UnderTest): UnderTest {
  const ran = a.ran === undefined && b.ran === undefined ? undefined : [...(a.ran ?? []), ...(b.ran ?? [])];
  if (a.steps === undefined && b.steps === undefined) return canonicalSteps({ ran, steps: undefined });
  const ids = [...Object.keys(a.steps ?? {}), ...Object.keys(b.steps ?? {})];
  const steps = Object.fromEntries(ids.map((id) => [id, [...stepsOf(a, id), ...stepsOf(b, id)]]));
  return canonicalSteps({ ran, steps });
}

/** The steps that showed an entry first. */
export function stepsOf({ steps }: UnderTest, id: string): readonly string[] {
  return steps !== undefined && Object.hasOwn(steps, id) ? (steps[id] ?? []) : [];
}

function sortedSteps(steps: Steps): Steps {
  const ids = Object.keys(steps).sort(compareText);
  return Object.fromEntries(ids.map((id) => [id, sorted(stepsOf({ steps }, id)).slice(0, maxStepsPerEntry)]));
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort(compareText);
}
