import type { Behaviour } from './behaviour.ts';
import { type BehaviourKind, behaviourKinds, type Privilege, privileges } from './event.ts';
import { isModuleRequest } from './module-request.ts';
import { compareText } from './program.ts';
import { neverLearnable } from './sensitive.ts';

/** That the kernel looked for a module on behalf of a program, which only some kernels and sources tell. */
const moduleRequest = 'module-request';

/**
 * What `coverage` may name: kinds; and for whoever sees only some privileges these by name. `privilege` stands for all that
 * its first readers saw: every privilege but capability use and requests of the kernel for modules, which have a word of
 * their own, so that what was learned without them judges none of them.
 */
export const coverageWords = [...behaviourKinds, ...privileges, moduleRequest] as const;
export type CoverageWord = (typeof coverageWords)[number];

/** Privileges that the word `privilege` stands for. */
const whole: readonly Exclude<Privilege, 'capability'>[] = privileges.filter((p) => p !== 'capability');

/** Everything there is to judge. */
export const fullCoverage: readonly CoverageWord[] = [...behaviourKinds, 'capability', moduleRequest];

/** Whether a watcher of this coverage sees the behaviour, or a fingerprint of it judges it. */
export function covers(coverage: ReadonlySet<CoverageWord>, b: Behaviour): boolean {
  return b.kind === 'privilege' ? coversPrivilege(coverage, b.privilege, b.detail) : coverage.has(b.kind);
}

export function coversPrivilege(
  coverage: ReadonlySet<CoverageWord>,
  privilege: Privilege,
  detail: string | undefined,
): boolean {
  if (isModuleRequest(privilege, detail)) return coverage.has(moduleRequest);
  return coverage.has(privilege) || (privilege !== 'capability' && coverage.has('privilege'));
}

/** In the one form that means the same: sorted, each word once, `privilege` for all that it stands for. */
export function canonicalCoverage(words: Iterable<CoverageWord>): readonly CoverageWord[] {
  const all = new Set(words);
  const parts: readonly CoverageWord[] = whole;
  if (parts.every((p) => all.has(p))) all.add('privilege');
  if (all.has('privilege')) for (const p of parts) all.delete(p);
  return [...all].sort(compareText);
}

/** What all of them watched; of none: nothing. */
export function commonCoverage(coverages: readonly (readonly CoverageWord[])[]): readonly CoverageWord[] {
  const [first, ...others] = coverages.map(inParts);
  return canonicalCoverage([...(first ?? [])].filter((word) => others.every((o) => o.has(word))));
}

function inParts(coverage: readonly CoverageWord[]): Set<CoverageWord> {
  const all = new Set(coverage);
  if (all.delete('privilege')) for (const p of whole) all.add(p);
  return all;
}

/**
 * What passes: kinds that are not judged at all, and where only some privileges are, the others that are not never
 * learnable. Those alert whatever the coverage says.
 */
export function notCovered(coverage: readonly CoverageWord[]): readonly CoverageWord[] {
  const has = inParts(coverage);
  const privilegeParts = whole.filter((p) => !has.has(p));
  return behaviourKinds.flatMap((kind): readonly CoverageWord[] => {
    if (kind !== 'privilege') return has.has(kind) ? [] : [kind];
    return privilegeParts.length === whole.length && !has.has('capability')
      ? [kind]
      : privilegeParts.filter(passes);
  });
}

/** Which part of a kind is judged, 0 to 1: of privileges, those that pass where they are not, but capability use. */
export function judgedShare(coverage: readonly CoverageWord[], kind: BehaviourKind): number {
  const has = inParts(coverage);
  if (kind !== 'privilege') return has.has(kind) ? 1 : 0;
  const learnable = whole.filter(passes);
  return learnable.filter((p) => has.has(p)).length / learnable.length;
}

/** What `next` judges more and less than `old`; `privilege` where that is all of what the word stands for. */
export function coverageChange(
  old: readonly CoverageWord[],
  next: readonly CoverageWord[],
): { readonly gained: readonly CoverageWord[]; readonly lost: readonly CoverageWord[] } {
  return { gained: without(next, old), lost: without(old, next) };
}

function without(these: readonly CoverageWord[], those: readonly CoverageWord[]): readonly CoverageWord[] {
  const [own, other] = [inParts(these), inParts(those)];
  return canonicalCoverage([...own].filter((word) => !other.has(word)));
}

/** Whether it passes where the word is not covered: what is never learnable alerts all the same. */
export function passes(word: CoverageWord): boolean {
  const privilege = privileges.find((p) => p === word);
  return (
    privilege === undefined ||
    !neverLearnable({ root: 'entrypoint', lineage: [], kind: 'privilege', privilege })
  );
}

/** The kind a word is about. */
export function kindOfWord(word: CoverageWord): BehaviourKind {
  return behaviourKinds.find((kind) => kind === word) ?? 'privilege';
}
