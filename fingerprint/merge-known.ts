import { canonicalBytes } from './canonical.ts';
import type { Baseline, Exercise, Expectation, Inherited, SiteParameter } from './fingerprint.ts';
import { type Phase, phases } from './phase.ts';
import { compareText, inheritedName } from './program.ts';

const decoder = new TextDecoder();

/** How the members of two baselines beside their behaviour become one. Each is a union or a maximum, so order is nothing. */

/**
 * A phase is judged when either learned it: both are about one image, so its starts are the same starts, and whoever
 * watched them all knows them. (Coverage is different: what a blind watcher saw begin has no entries of that kind.)
 */
export function mergePhases(a: Baseline, b: Baseline): Pick<Baseline, 'phases'> {
  return canonicalPhases(phases.filter((p) => judges(a, p) || judges(b, p)));
}

/** All of them are written as none. */
export function canonicalPhases(judged: readonly Phase[]): Pick<Baseline, 'phases'> {
  const known = phases.filter((p) => judged.includes(p));
  return known.length === phases.length ? {} : { phases: known };
}

function judges(b: Baseline, phase: Phase): boolean {
  return b.phases === undefined || b.phases.includes(phase);
}

/** By kind and name. Of two explanations the first by code units stays: it is for people and grants nothing. */
export function mergeParameters(a: Baseline, b: Baseline): readonly SiteParameter[] | undefined {
  if (a.parameters === undefined && b.parameters === undefined) return undefined;
  return canonicalParameters([...(a.parameters ?? []), ...(b.parameters ?? [])]);
}

export function canonicalParameters(parameters: readonly SiteParameter[]): readonly SiteParameter[] {
  const byName = new Map<string, SiteParameter>();
  for (const p of parameters.toSorted((x, y) => compareText(y.what, x.what)))
    byName.set(`${p.kind}:${p.name}`, p);
  return [...byName].sort(([x], [y]) => compareText(x, y)).map(([, p]) => p);
}

/** By mode; what either expects of a mode must be there, so a mode is exercised no sooner than in either. */
export function mergeRepresentativeness(a: Baseline, b: Baseline): readonly Exercise[] | undefined {
  if (a.representativeness === undefined && b.representativeness === undefined) return undefined;
  return canonicalExercises([...(a.representativeness ?? []), ...(b.representativeness ?? [])]);
}

export function canonicalExercises(exercises: readonly Exercise[]): readonly Exercise[] {
  const byMode = new Map<Exercise['mode'], Map<string, Expectation>>();
  for (const { mode, expects } of exercises) {
    const known = byMode.get(mode) ?? new Map<string, Expectation>();
    for (const e of expects) known.set(decoder.decode(canonicalBytes(e)), e);
    byMode.set(mode, known);
  }
  return [...byMode]
    .sort(([x], [y]) => compareText(x, y))
    .map(([mode, known]) => ({
      mode,
      expects: [...known].sort(([x], [y]) => compareText(x, y)).map(([, e]) => e),
    }));
}

/**
 * A program is inherited as long as nobody has seen it of this image. The member stays when all were seen: where they
 * came from must not depend on the order of merging.
 */
export function mergeInherited(a: Baseline, b: Baseline): Inherited | undefined {
  const given = [a, b].flatMap((x) => x.observation.inherited ?? []);
  const from = given.map((i) => i.from).sort(compareText)[0];
  if (from === undefined) return undefined;
  const seen = new Set([a, b].flatMap(observedPrograms));
  const programs = [...new Set(given.flatMap((i) => i.programs))].filter((name) => !seen.has(name));
  return { from, programs: programs.sort(compareText) };
}

function observedPrograms({ behaviour, observation }: Baseline): string[] {
  const inherited = new Set(observation.inherited?.programs);
  return behaviour.programs.map(inheritedName).filter((name) => !inherited.has(name));
}
