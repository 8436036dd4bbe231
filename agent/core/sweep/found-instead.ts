import type { Behaviour } from '../../../fingerprint/behaviour.ts';
import type { Verdict } from '../../../fingerprint/verdict.ts';
import type { AttributedAct } from '../attributed.ts';
import { subjectKey } from '../known-acts.ts';
import type { WatchedInstance, WatchedWorkload } from '../watched.ts';
import { foundOpinion } from './found-opinion.ts';

/**
 * Of something that a sweep found: the counter under which it ends, if it is no news or no ground for a charge. It is
 * never known from then on: the same act, when it is seen to be done, is looked at for itself.
 */
export function foundInstead(
  act: AttributedAct,
  behaviour: Behaviour,
  verdict: Verdict,
  { inForce }: WatchedWorkload,
  { drifted, lost }: WatchedInstance,
): string | undefined {
  if (act.event.found !== true) return undefined;
  const key = subjectKey(behaviour);
  if (act.event.kind !== 'exec' && key !== undefined && drifted.has(act.actor, key))
    return 'behaviours.known';
  if (act.process.outside) return undefined;
  const said = foundOpinion(act, behaviour, verdict, { inForce, lost: lost > 0 });
  if (said === verdict || said.kind === 'drift') return undefined;
  return said.kind === 'unjudged' ? `unjudged.${said.reason}` : 'behaviours.expected';
}
