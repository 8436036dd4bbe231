import type { Incident } from '../fingerprint/incident.ts';
import type { BrakeLimits } from './core/brake-limits.ts';
import type { Surroundings } from './core/brakes.ts';
import { isRollout, type Sightings } from './core/rollout.ts';
import type { Spending } from './core/spending.ts';
import type { Disarms } from './disarms.ts';
import type { CopiesStore } from './ports/brakes.ts';
import type { AgentLink } from './ports.ts';
import type { SettlingNodes } from './settling.ts';

export interface SurroundingsOptions {
  readonly copies: Pick<CopiesStore, 'around'>;
  readonly present: ReadonlyMap<string, { readonly link: AgentLink }>;
  readonly sightings: Pick<Sightings, 'nodes'>;
  readonly disarms: Pick<Disarms, 'over'>;
  readonly settling: Pick<SettlingNodes, 'isSettling'>;
  readonly limits: BrakeLimits;
  readonly now: () => number;
}

/** What a stop would happen in, and whether the agent ever told of the copy that is to be stopped. */
export async function surroundingsOf(
  incident: Incident,
  { hello }: AgentLink,
  spending: () => Spending,
  options: SurroundingsOptions,
): Promise<Omit<Surroundings, 'hasActed'> & { readonly isKnown: boolean }> {
  const { copies, present, sightings, disarms, settling, limits, now } = options;
  const { workload, instance } = incident;
  const { onNode, ofOwner, ofWorkload, isKnown, firstSeen } = await copies.around(
    hello.agent,
    workload,
    instance.id,
  );
  // An agent that is away tells nobody when its copies end.
  const reachable = ofWorkload.filter((copy) => present.has(copy.agent));
  const out = takenOut(spending());
  const self = nameOf(hello.agent, instance.id);
  const serving = reachable.map((c) => nameOf(c.agent, c.instance)).filter((c) => c !== self && !out.has(c));
  const disarm = disarms.over(workload);
  return {
    agent: hello.agent,
    session: hello.session,
    onNode,
    ofOwner,
    isKnown,
    others: serving.length,
    agentsOfWorkload: new Set([hello.agent, ...reachable.map((c) => c.agent)]).size,
    agentsInCluster: [...present.values()].filter(({ link }) => link.hello.cluster === hello.cluster).length,
    isRollout: isRollout(incident, firstSeen, sightings, limits.rolloutMs, now()),
    isSettling: settling.isSettling(hello),
    ...(disarm === undefined ? {} : { disarm }),
  };
}

/** Copies that were stopped or held so lately that their end may not have been told yet. */
export function takenOut({ charges }: Spending): ReadonlySet<string> {
  return new Set(charges.filter((c) => c.takesOut).map((c) => nameOf(c.agent, c.instance)));
}

/** A copy's id is unique on its node. */
export function nameOf(agent: string, instance: string): string {
  return `${agent}\n${instance}`;
}
