import type { Behaviour } from '../../fingerprint/behaviour.ts';
import { judge } from '../../fingerprint/judge.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import { neverLearnable, touchesSensitive } from '../../fingerprint/sensitive.ts';
import type { DriftReason, Verdict } from '../../fingerprint/verdict.ts';
import type { AttributedAct } from './attributed.ts';
import { isGuess } from './placement.ts';
import type { InForce, WatchedWorkload } from './watched.ts';

export type DriftVerdict = Extract<Verdict, { kind: 'drift' }>;

/** Reasons by which the executed program itself is none of the fingerprint's. */
export const outsideReasons: ReadonlySet<DriftReason> = new Set([
  'new-program',
  'new-lineage',
  'foreign-origin',
  'never-learnable',
]);

/** Whether what is in force says anything about this part of a copy's life. */
export function judges(inForce: InForce | undefined, phase: Phase): inForce is InForce {
  return inForce !== undefined && (inForce.phases?.includes(phase) ?? true);
}

/** The verdict on an act of a program that belongs here; `no-fingerprint` and `startup-not-learned` mean: learn it. */
export function opinionOf(
  act: AttributedAct,
  behaviour: Behaviour,
  { inForce, untrusted }: Pick<WatchedWorkload, 'inForce' | 'untrusted'>,
  phase: Phase,
): Verdict {
  if (!judges(inForce, phase)) {
    if (neverLearnable(behaviour)) return { kind: 'drift', of: behaviour.kind, because: 'never-learnable' };
    if (untrusted !== undefined) return { kind: 'unjudged', reason: 'untrusted' };
    return { kind: 'unjudged', reason: inForce === undefined ? 'no-fingerprint' : 'startup-not-learned' };
  }
  const verdict = judge(behaviour, inForce.index);
  if (verdict.kind !== 'drift' && neverLearnable(behaviour) && !isApproved(verdict, inForce))
    return { kind: 'drift', of: behaviour.kind, because: 'never-learnable' };
  // What ran before a found process executed, nobody saw: its place in the lineage is no ground for a charge.
  return verdict.kind === 'drift' && verdict.because === 'new-lineage' && isGuess(act, inForce.index)
    ? { kind: 'unjudged', reason: 'started-before-agent' }
    : verdict;
}

/**
 * What is never normal alerts without any fingerprint, so none may silence it but by its name: not one that leaves the
 * kind out of its coverage, nor one that nobody has looked at, whatever stands in it.
 */
function isApproved(verdict: Verdict, { approval }: InForce): boolean {
  return verdict.kind === 'expected' && approval.provisional !== true;
}

/** Why an act below a foreign program counts: the gravest that can be said of it without calling it expected. */
export function evidenceOf(behaviour: Behaviour, inForce: InForce | undefined): DriftVerdict {
  const of = behaviour.kind;
  if (neverLearnable(behaviour)) return { kind: 'drift', of, because: 'never-learnable' };
  if (touchesSensitive(behaviour)) return { kind: 'drift', of, because: 'sensitive-file' };
  const verdict = inForce === undefined ? undefined : judge(behaviour, inForce.index);
  return verdict?.kind === 'drift' ? verdict : { kind: 'drift', of, because: 'new-lineage' };
}
