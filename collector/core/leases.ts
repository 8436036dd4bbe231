import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Response } from '../../fingerprint/response.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { BrakeLimits } from './brake-limits.ts';
import { clusterOf, ownerOf } from './charges.ts';
import {
  isLive,
  isOf,
  type Kind,
  leasedEnds,
  type OutLease,
  partOf,
  type Spending,
  shareOf,
  used,
  type Whose,
} from './spending.ts';

/** An agent that may be trusted with stops of one workload: approved, not protected, disarmed, settling or rolling out. */
export interface Wish {
  readonly agent: string;
  readonly session: string;
  /** `workloadKey`. */
  readonly workload: string;
  /** Running copies of it that this agent has, and of anything. */
  readonly copies: number;
  readonly onNode: number;
  /** Copies of the workload that serve, on any connected agent; of its owner in the cluster. */
  readonly serving: number;
  readonly ofOwner: number;
  readonly agentsOfWorkload: number;
  readonly agentsInCluster: number;
  readonly response: Response;
  readonly maxMode: Extract<Mode, 'freeze' | 'kill'>;
}

/** What an agent is to be handed now. */
export interface Grant {
  readonly wish: Wish;
  /** The lease that lives on: the same purse, for longer. Absent: a new one. */
  readonly renews?: OutLease;
  readonly stops: number;
  readonly ends: number;
  readonly issuedAt: number;
  readonly expiresAt: number;
}

/** DESIGN §8: a lease lives at most a minute. Renewed before half of it is over, one lost message does no harm. */
export const leaseLifeMs = 60_000;
const renewAfterMs = 25_000;
/** How long the same agents keep what is too little for all: then others come first. */
const turnMs = 600_000;

/**
 * What to hand out so that at every moment, whatever is cut off from whatever, stops made and stops that leases still
 * allow stay within each budget, and one copy of each workload that serves is left.
 *
 * Where several agents draw on a budget, leases take at most half of what is left of it: an order for an agent without a
 * lease must find something, or handing out speed to some would take the protection of all others away.
 */
export function grantsFor(
  spending: Spending,
  wishes: readonly Wish[],
  limits: BrakeLimits,
  now: number,
): readonly Grant[] {
  const grants: Grant[] = [];
  let out = spending;
  for (const wish of inTurn(wishes, now)) {
    const grant = grantFor(wish, out, limits, now);
    if (grant === undefined) continue;
    grants.push(grant);
    out = withGrant(out, grant);
  }
  return grants;
}

function grantFor(wish: Wish, out: Spending, limits: BrakeLimits, now: number): Grant | undefined {
  const { agent, session, workload } = wish;
  const mine = out.leases.find(
    (lease) => isOf(lease, { agent, workload }) && lease.session === session && isLive(lease, now),
  );
  const times = { issuedAt: now, expiresAt: now + leaseLifeMs };
  // Leases are for kills: whatever is held costs no copy, and agents hold by themselves what the site wishes to be held.
  if (wish.maxMode !== 'kill') return undefined;
  if (mine === undefined) {
    const stops = room(wish, out, limits, now);
    if (stops <= 0) return undefined;
    const ends = Math.min(stops, endsLeft(wish, out, limits, now));
    return { wish, stops, ends, ...times };
  }
  if (now < mine.issuedAt + renewAfterMs || !mayKeep(mine, wish, out, limits, now)) return undefined;
  return { wish, renews: mine, stops: mine.stops, ends: mine.ends, ...times };
}

/** A lease that stands in others' way, or that copies have gone from under, is left to run out: it cannot be taken back. */
function mayKeep(mine: OutLease, wish: Wish, out: Spending, limits: BrakeLimits, now: number): boolean {
  if (wish.agentsOfWorkload > 1 && now - mine.since >= turnMs) return false;
  if (mine.ends > 0 && endsLeft(wish, out, limits, now) < 0) return false;
  return budgetsOf(wish, limits).every(({ whose, budget, kind }) => {
    const { charged, leased } = used(out, whose, limits, now, kind);
    return charged + leased <= budget;
  });
}

/** Copies that may still be taken out of service so that one is left; below 0 when too many may be already. */
function endsLeft({ workload, serving }: Wish, out: Spending, limits: BrakeLimits, now: number): number {
  return serving - 1 - leasedEnds(out, workload, limits, now);
}

interface Budget {
  readonly whose: Whose;
  readonly budget: number;
  /** Agents that draw on it. */
  readonly agents: number;
  readonly kind?: Kind;
}

function budgetsOf(wish: Wish, limits: BrakeLimits): readonly Budget[] {
  const { agent, workload, agentsOfWorkload, agentsInCluster } = wish;
  const ofOwner = partOf(wish.ofOwner, limits.ownerShare);
  return [
    { whose: { workload }, budget: limits.stopsPerWorkload, agents: agentsOfWorkload },
    { whose: { cluster: clusterOf(workload) }, budget: limits.stopsPerCluster, agents: agentsInCluster },
    { whose: { owner: ownerOf(workload) }, budget: ofOwner, agents: agentsOfWorkload },
    { whose: { agent }, budget: partOf(wish.onNode, limits.nodeShare), agents: 1 },
    { whose: { workload }, budget: limits.holdsPerWorkload, agents: agentsOfWorkload, kind: 'hold' },
    {
      whose: { cluster: clusterOf(workload) },
      budget: limits.holdsPerCluster,
      agents: agentsInCluster,
      kind: 'hold',
    },
  ];
}

function room(wish: Wish, out: Spending, limits: BrakeLimits, now: number): number {
  const most = budgetsOf(wish, limits).map((budget) => roomIn(budget, wish.agent, out, limits, now));
  // One each: what one agent has beyond its first stop another lacks for its own.
  const each = wish.agentsOfWorkload > 1 ? 1 : Number.POSITIVE_INFINITY;
  return Math.min(each, ...most);
}

function roomIn(
  { whose, budget, agents, kind }: Budget,
  agent: string,
  out: Spending,
  limits: BrakeLimits,
  now: number,
): number {
  const { charged, leased } = used(out, whose, limits, now, kind);
  if (agents <= 1) return budget - charged - leased;
  const own = used(out, { ...whose, agent }, limits, now, kind);
  const mine = own.charged + own.leased;
  const share = shareOf(budget, charged + leased - mine) - mine;
  return Math.min(Math.floor((budget - charged) / 2) - leased, share);
}

/** Who has more copies has more to lose; among equals the turn goes round, and nobody can tell by his name when it is his. */
function inTurn(wishes: readonly Wish[], now: number): readonly Wish[] {
  const turn = Math.floor(now / turnMs);
  return wishes
    .map((wish) => ({ wish, rank: sha256Hex(Buffer.from(`${turn}\n${wish.workload}\n${wish.agent}`)) }))
    .sort((a, b) => b.wish.copies - a.wish.copies || (a.rank < b.rank ? -1 : 1))
    .map(({ wish }) => wish);
}

function withGrant(out: Spending, { wish, renews, stops, ends, issuedAt, expiresAt }: Grant): Spending {
  // Renewed, it goes on counting as it did.
  if (renews !== undefined) return out;
  const { agent, session, workload } = wish;
  const about = { id: '', agent, session, workload, since: issuedAt, issuedAt, expiresAt };
  return { ...out, leases: [...out.leases, { ...about, stops, ends, spent: 0, settled: false }] };
}

/** What an agent said last, in a heartbeat. */
export interface Told {
  readonly session: string;
  /** µs of its own clock. */
  readonly time: number;
  /** Records that are not yet acknowledged, and that its spool ever had no room for. */
  readonly waiting: number;
  readonly dropped: number;
}

/**
 * Whether the agent has told everything that it did under a lease, so that what it did not tell of was not spent: its own
 * clock says that the lease is over and its last stop had time to be done and spooled, all that was spooled has come, and
 * nothing found no room meanwhile. A start of the agent that ended may have stopped something and died before it could say so.
 */
export function isSettled(lease: OutLease, told: Told): boolean {
  return (
    told.session === lease.session &&
    told.waiting === 0 &&
    told.dropped === lease.dropped &&
    told.time / 1000 > lease.expiresAt + actMs
  );
}

/** A stop, with its evidence, takes some seconds at most; the clocks may be five apart. */
const actMs = 25_000;
