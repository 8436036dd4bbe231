import type { Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { formatSeconds } from '../../fingerprint/time.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import type { BrakeLimits, BrakeReason } from './brake-limits.ts';
import { type Charge, chargeKey, clusterOf, inWindow, ownerOf, takesOut } from './charges.ts';
import type { Decision } from './decide.ts';
import type { Disarm } from './disarm.ts';
import { isLive, isOf, leasedEnds, partOf, type Spending, shareOf, used, type Whose } from './spending.ts';

/** What a stop would happen in. Copies are counted on connected agents: of the others nobody knows whether they serve. */
export interface Surroundings {
  readonly agent: string;
  /** Its present start. */
  readonly session: string;
  /** It has told what it did about the incident by itself: no more is to be waited for. */
  readonly hasActed: boolean;
  /** Running copies on the node, and of the owner in its cluster. */
  readonly onNode: number;
  readonly ofOwner: number;
  /** Copies of the workload besides this one that serve: running, and neither stopped nor held lately. */
  readonly others: number;
  /** Connected agents that run the workload, and all of its cluster: alone, an agent takes nothing from anybody. */
  readonly agentsOfWorkload: number;
  readonly agentsInCluster: number;
  readonly isRollout: boolean;
  readonly isSettling: boolean;
  readonly disarm?: Disarm;
}

/** How much of a budget was gone. */
export interface BrakeNumbers {
  readonly spent: number;
  readonly budget: number;
  readonly windowMs: number;
}

export interface Braked {
  readonly reason: BrakeReason;
  readonly numbers?: BrakeNumbers;
}

/**
 * The decision under the brakes. A braked stop becomes a hold, not nothing; a hold beyond its own, wider budget, or that
 * would take the last copy away, becomes an alert.
 */
export function braked(
  decision: Decision,
  incident: Incident,
  around: Surroundings,
  spending: Spending,
  limits: BrakeLimits,
  now: number,
): Decision {
  const { action } = decision;
  if (action === 'none') return decision;
  if (around.disarm !== undefined) return disarmed(decision, around.disarm);
  if (around.isSettling) return none(decision, { reason: 'brake-settling' });
  const asked: Asked = { incident, around, limits, now, spending: withoutCause(spending, incident, around) };
  const held = holdBrake(asked);
  if (action === 'hold') return held === undefined ? decision : none(decision, held);
  if (isLeased(asked)) return { ...decision, action: 'none', reason: 'leased' };
  const brake = stopBrake(action, asked);
  if (brake === undefined) return decision;
  return held === undefined ? { ...decision, action: 'hold', ...brake } : none(decision, held);
}

/** Every brake that a person's order would pass: budgets, and the last copy besides. */
export function brakesOn(
  action: Exclude<Action, 'resume'>,
  incident: Incident,
  around: Surroundings,
  spending: Spending,
  limits: BrakeLimits,
  now: number,
): readonly Braked[] {
  const asked: Asked = { incident, around, limits, now, spending: withoutCause(spending, incident, around) };
  const budget = action === 'hold' ? holdBudget(asked) : budgetBrake(asked);
  return [budget, lastInstance(action, asked)].filter((b) => b !== undefined);
}

/**
 * Whether the agent needs no order: it holds a lease, by which it stopped this before it told of it, and its receipt is on
 * the way. An order besides would be charged besides, or be braked by that very lease.
 */
function isLeased({ incident, around, spending, now }: Asked): boolean {
  const { agent, session, hasActed } = around;
  if (hasActed) return false;
  const workload = workloadKey(incident.workload);
  return spending.leases.some(
    (lease) => isOf(lease, { agent, workload }) && lease.session === session && isLive(lease, now),
  );
}

interface Asked {
  readonly incident: Incident;
  readonly around: Surroundings;
  readonly spending: Spending;
  readonly limits: BrakeLimits;
  readonly now: number;
}

/** One cause charges once, however often it restarts. */
function withoutCause(spending: Spending, incident: Incident, { agent }: Surroundings): Spending {
  const key = chargeKey(incident, agent);
  return { ...spending, charges: spending.charges.filter((c) => c.key !== key) };
}

function disarmed(decision: Decision, { author, until, reason }: Disarm): Decision {
  const words = `disarmed by ${author} until ${formatSeconds(until * 1000)}: ${reason}`;
  return { ...decision, action: 'none', reason: 'brake-disarmed', words };
}

function none(decision: Decision, brake: Braked): Decision {
  return { ...decision, action: 'none', ...brake };
}

function stopBrake(action: Action, asked: Asked): Braked | undefined {
  if (asked.around.isRollout) return { reason: 'brake-rollout' };
  return budgetBrake(asked) ?? lastInstance(action, asked);
}

function budgetBrake({ incident, around, spending, limits, now }: Asked): Braked | undefined {
  const workload = workloadKey(incident.workload);
  const { agent } = around;
  const [cluster, owner] = [clusterOf(workload), ownerOf(workload)];
  const spent = (whose: Whose): number => {
    const { charged, leased } = used(spending, whose, limits, now);
    return charged + leased;
  };
  const over = (reason: BrakeReason, whose: Whose, budget: number): Braked | undefined => {
    const sum = spent(whose);
    return sum >= budget ? { reason, numbers: { spent: sum, budget, windowMs: limits.windowMs } } : undefined;
  };
  const overShare = (whose: Whose, budget: number, agents: number): Braked | undefined => {
    if (agents <= 1) return undefined;
    const own = { ...whose, agent };
    return over('brake-node-share', own, shareOf(budget, spent(whose) - spent(own)));
  };
  return (
    over('brake-workload', { workload }, limits.stopsPerWorkload) ??
    over('brake-cluster', { cluster }, limits.stopsPerCluster) ??
    over('brake-owner', { owner }, partOf(around.ofOwner, limits.ownerShare)) ??
    over('brake-node', { agent }, partOf(around.onNode, limits.nodeShare)) ??
    overShare({ workload }, limits.stopsPerWorkload, around.agentsOfWorkload) ??
    overShare({ owner }, partOf(around.ofOwner, limits.ownerShare), around.agentsOfWorkload) ??
    overShare({ cluster }, limits.stopsPerCluster, around.agentsInCluster)
  );
}

/** What agents may take out by themselves is taken for taken out: one of them may do so at this moment. */
function lastInstance(action: Action, asked: Asked): Braked | undefined {
  const { incident, around, spending, limits, now } = asked;
  if (!takesOut(incident, action)) return undefined;
  const ends = leasedEnds(spending, workloadKey(incident.workload), limits, now);
  return around.others - ends < 1 ? { reason: 'brake-last-instance' } : undefined;
}

/** Whether it may not even be held. */
function holdBrake(asked: Asked): Braked | undefined {
  return holdBudget(asked) ?? lastInstance('hold', asked);
}

function holdBudget(asked: Asked): Braked | undefined {
  const { incident, around, spending, limits, now } = asked;
  const workload = workloadKey(incident.workload);
  const spent = (whose: Whose): number => {
    const { charged, leased } = used(spending, whose, limits, now, 'hold');
    return charged + leased;
  };
  const over = (whose: Whose, budget: number, agents: number): Braked | undefined => {
    const numbers = { spent: spent(whose), budget, windowMs: limits.windowMs };
    if (numbers.spent >= budget) return { reason: 'brake-holds', numbers };
    const own = spent({ ...whose, agent: around.agent });
    const share = agents <= 1 ? budget : shareOf(budget, numbers.spent - own);
    return own >= share
      ? { reason: 'brake-node-share', numbers: { ...numbers, spent: own, budget: share } }
      : undefined;
  };
  return (
    over({ workload }, limits.holdsPerWorkload, around.agentsOfWorkload) ??
    over({ cluster: clusterOf(workload) }, limits.holdsPerCluster, around.agentsInCluster) ??
    takenOut(asked)
  );
}

/** A hold of the service itself takes a copy away as a stop does, and so it keeps to the owner's share. */
function takenOut({ incident, around, spending, limits, now }: Asked): Braked | undefined {
  if (!takesOut(incident, 'hold')) return undefined;
  const owner = ownerOf(workloadKey(incident.workload));
  const out = inWindow(spending.charges, limits.windowMs, now).filter(
    (c) => c.takesOut && isOf(c, { owner }),
  );
  const spent = outOf(out);
  const budget = partOf(around.ofOwner, limits.ownerShare);
  const { windowMs } = limits;
  return spent >= budget ? { reason: 'brake-owner', numbers: { spent, budget, windowMs } } : undefined;
}

function outOf(charges: readonly Charge[]): number {
  return new Set(charges.map((c) => `${c.agent}\n${c.instance}`)).size;
}
