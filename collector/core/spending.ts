import type { BrakeLimits } from './brake-limits.ts';
import { type Charge, causes, clusterOf, inWindow, isStop, ownerOf, skewMs } from './charges.ts';

/** What an agent may stop by itself, as it was handed out. Until it is known to be unspent it counts as spent. */
export interface OutLease {
  readonly id: string;
  readonly agent: string;
  readonly session: string;
  /** `workloadKey`. */
  readonly workload: string;
  readonly stops: number;
  /** How many of them may take a copy out of service. */
  readonly ends: number;
  /** Stops that came back as receipts: those are charges now. */
  readonly spent: number;
  /** ms since the Unix epoch: first given, last renewed, over. */
  readonly since: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The agent has told all it did while it held it: the rest was never spent. */
  readonly settled: boolean;
  /** Records that the agent's spool had lost when it was given; absent: nobody knows any more. */
  readonly dropped?: number;
}

/** All that was stopped or may have been, of every agent. */
export interface Spending {
  readonly charges: readonly Charge[];
  readonly leases: readonly OutLease[];
}

/** Holds have budgets of their own. A lease may be spent on either, and counts in both. */
export type Kind = 'stop' | 'hold';

/** Whose spending is asked for. */
export interface Whose {
  readonly workload?: string;
  readonly cluster?: string;
  readonly owner?: string;
  readonly agent?: string;
}

/** How much of a budget is gone. */
export interface Used {
  /** Causes that were stopped. */
  readonly charged: number;
  /** Stops that agents may make by themselves at any moment, or may have made unheard. */
  readonly leased: number;
}

/**
 * A lease that ran out unheard may have been spent in its last moment by an agent that is cut off: it goes on counting
 * as long as a stop in that moment would.
 */
function left(lease: OutLease, windowMs: number, now: number): number {
  const isOut = !lease.settled && now < lease.expiresAt + skewMs + windowMs;
  return isOut ? Math.max(0, lease.stops - lease.spent) : 0;
}

/** Whether its agent may still spend it. */
export function isLive(lease: OutLease, now: number): boolean {
  return !lease.settled && now < lease.expiresAt && lease.spent < lease.stops;
}

export function used(
  spending: Spending,
  whose: Whose,
  limits: BrakeLimits,
  now: number,
  kind: Kind = 'stop',
): Used {
  const charged = inWindow(spending.charges, limits.windowMs, now).filter(
    (c) => (kind === 'stop' ? isStop(c.action) : c.action === 'hold') && isOf(c, whose),
  );
  const leases = spending.leases.filter((lease) => isOf(lease, whose));
  return {
    charged: causes(charged),
    leased: leases.reduce((sum, lease) => sum + left(lease, limits.windowMs, now), 0),
  };
}

/** Copies of a workload that leases allow to be taken out of service. */
export function leasedEnds(spending: Spending, workload: string, limits: BrakeLimits, now: number): number {
  return spending.leases
    .filter((lease) => lease.workload === workload)
    .reduce((sum, lease) => sum + endsOf(lease, limits.windowMs, now), 0);
}

/** While it is live a copy that comes back to drift again may be ended again, though its stop was spent before. */
function endsOf(lease: OutLease, windowMs: number, now: number): number {
  const mayStopAgain = !lease.settled && now < lease.expiresAt + skewMs;
  return mayStopAgain ? lease.ends : Math.min(lease.ends, left(lease, windowMs, now));
}

/**
 * The most that one agent may use of a budget that others draw on too: half of what the others left. A node whose
 * certificate forges a thousand drifts leaves something for a real attack elsewhere, and so do several of them.
 */
export function shareOf(budget: number, usedByOthers: number): number {
  return Math.ceil(Math.max(0, budget - usedByOthers) / 2);
}

/** At least one: a share of few copies would otherwise be none. */
export function partOf(copies: number, share: number): number {
  return Math.max(1, Math.floor(copies * share));
}

export function isOf(spent: Pick<Charge, 'workload' | 'agent'>, whose: Whose): boolean {
  return (
    (whose.workload === undefined || spent.workload === whose.workload) &&
    (whose.cluster === undefined || clusterOf(spent.workload) === whose.cluster) &&
    (whose.owner === undefined || ownerOf(spent.workload) === whose.owner) &&
    (whose.agent === undefined || spent.agent === whose.agent)
  );
}
