import { causeOf } from '../../fingerprint/cause.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import type { Decision } from './decide.ts';

/** Brakes, because a wrong fingerprint must not kill a fleet (DESIGN §8). */
export const brakeReasons = [
  'brake-workload',
  'brake-cluster',
  'brake-node',
  'brake-last-instance',
  'brake-holds',
] as const;
export type BrakeReason = (typeof brakeReasons)[number];

export interface BrakeLimits {
  readonly windowMs: number;
  readonly stopsPerWorkload: number;
  readonly stopsPerCluster: number;
  /** Share of a node's running instances that may be stopped in the window; at least one may. */
  readonly nodeShare: number;
  readonly holdsPerWorkload: number;
  readonly holdsPerCluster: number;
}

/** DESIGN §11. Holds leave the service running and end by themselves, so there may be more of them. */
export const defaultBrakes: BrakeLimits = {
  windowMs: 600_000,
  stopsPerWorkload: 3,
  stopsPerCluster: 10,
  nodeShare: 0.1,
  holdsPerWorkload: 10,
  holdsPerCluster: 50,
};

/** An order that was given. */
export interface Charge {
  /** One per cause: see `chargeKey`. */
  readonly key: string;
  readonly at: number;
  readonly action: Action;
  readonly workload: string;
  readonly cluster: string;
  readonly agent: string;
}

export interface Surroundings {
  readonly agent: string;
  /** Running instances on the node, and of the workload anywhere. */
  readonly onNode: number;
  readonly ofWorkload: number;
}

/**
 * What a budget is charged with. A copy that is restarted drifts again as another instance with another incident: it is
 * the same cause on the same node and is charged once.
 */
export function chargeKey(incident: Incident, agent: string): string {
  return `${agent}\n${causeOf(incident)}`;
}

/**
 * The decision under the brakes. A braked kill becomes a hold, not nothing; a hold beyond its own, wider budget becomes
 * an alert.
 */
export function braked(
  decision: Decision,
  incident: Incident,
  around: Surroundings,
  charges: readonly Charge[],
  limits: BrakeLimits,
  now: number,
): Decision {
  if (decision.action === 'none') return decision;
  const key = chargeKey(incident, around.agent);
  const others = charges.filter((c) => c.at > now - limits.windowMs && c.key !== key);
  const held: Decision = { ...decision, action: 'hold' };
  if (decision.action === 'hold') return underHoldBudget(held, incident, others, limits);
  const reason = killBrake(decision, incident, around, others, limits);
  if (reason === undefined) return decision;
  return underHoldBudget({ ...held, reason }, incident, others, limits);
}

function killBrake(
  { action }: Decision,
  { workload }: Incident,
  around: Surroundings,
  others: readonly Charge[],
  limits: BrakeLimits,
): BrakeReason | undefined {
  const kills = others.filter((c) => c.action !== 'hold' && c.action !== 'resume');
  const name = workloadKey(workload);
  if (causes(kills.filter((c) => c.workload === name)) >= limits.stopsPerWorkload) return 'brake-workload';
  if (causes(kills.filter((c) => c.cluster === workload.cluster)) >= limits.stopsPerCluster)
    return 'brake-cluster';
  const nodeBudget = Math.max(1, Math.floor(around.onNode * limits.nodeShare));
  if (causes(kills.filter((c) => c.agent === around.agent)) >= nodeBudget) return 'brake-node';
  // A subtree that is killed leaves its service running; only the end of a container can take the last copy away.
  if (action === 'kill' && around.ofWorkload <= 1) return 'brake-last-instance';
  return undefined;
}

function underHoldBudget(
  decision: Decision,
  { workload }: Incident,
  others: readonly Charge[],
  limits: BrakeLimits,
): Decision {
  const holds = others.filter((c) => c.action === 'hold');
  const name = workloadKey(workload);
  const over =
    causes(holds.filter((c) => c.workload === name)) >= limits.holdsPerWorkload ||
    causes(holds.filter((c) => c.cluster === workload.cluster)) >= limits.holdsPerCluster;
  return over ? { ...decision, action: 'none', reason: 'brake-holds' } : decision;
}

function causes(charges: readonly Charge[]): number {
  return new Set(charges.map((c) => c.key)).size;
}
