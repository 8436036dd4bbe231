import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { Verdict } from '../../fingerprint/verdict.ts';
import type { AttributedAct } from './attributed.ts';
import { judges } from './opinion.ts';
import type { WatchedInstance, WatchedWorkload } from './watched.ts';

/** The act where the fingerprint has a place for it, when what ran before it was not seen or is not judged. */
export function placed(
  seen: AttributedAct,
  { inForce }: WatchedWorkload,
  copy: WatchedInstance,
): AttributedAct {
  if (inForce === undefined) return seen;
  const act = judges(inForce, 'start') ? seen : withUnlearnedStart(seen, copy);
  if (act.assumed === 0) return act;
  const actor = copy.placement.of(act, inForce.index);
  return { ...act, actor, assumed: act.assumed + actor.lineage.length - act.actor.lineage.length };
}

/**
 * What is learned of a copy whose start-up nobody has learned yet: the start-up, and of its daily work what is known
 * already, as it really was, for the fingerprint that will know starts.
 */
export function forStart(
  seen: AttributedAct,
  act: AttributedAct,
  behaviour: Behaviour,
  verdict: Verdict,
): Behaviour | undefined {
  if (verdict.kind === 'unjudged' && verdict.reason === 'startup-not-learned') return behaviour;
  if (act.assumed === 0 || seen.assumed > 0) return undefined;
  const { root, lineage } = seen.actor;
  return { ...behaviour, root, lineage };
}

function withUnlearnedStart(act: AttributedAct, { shown, unlearnedStart }: WatchedInstance): AttributedAct {
  if (act.assumed > 0) return act;
  if (shown.phase === 'steady') return { ...act, assumed: unlearnedStart.assumedOf(act.actor) };
  if (act.event.kind === 'exec') unlearnedStart.executed(act.actor);
  return act;
}
