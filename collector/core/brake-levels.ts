import type { BrakeLimits } from './brake-limits.ts';
import { clusterOf, inWindow, ownerOf } from './charges.ts';
import { isLive, type Kind, type OutLease, partOf, type Spending, used } from './spending.ts';

/** How much of a budget is gone, so that a person sees why something is held. */
export interface BudgetLevel {
  /** Causes that were stopped, or held. */
  readonly used: number;
  /** What agents may still stop by themselves, or may have stopped unheard: it counts as used. */
  readonly leased: number;
  readonly budget: number;
  readonly left: number;
}

export interface WorkloadLevel {
  /** `workloadKey`. */
  readonly workload: string;
  readonly stops: BudgetLevel;
  readonly holds: BudgetLevel;
  /** The share of its owner's copies that may be stopped, at whatever digest. */
  readonly owner: BudgetLevel;
  /** Those that agents may spend at this moment. */
  readonly leases: readonly OutLease[];
}

export interface ClusterLevel {
  readonly cluster: string;
  readonly stops: BudgetLevel;
  readonly holds: BudgetLevel;
}

interface Asked {
  readonly spending: Spending;
  readonly limits: BrakeLimits;
  readonly now: number;
}

/** Of every workload of which anything counts, those with the least left first. @param ofOwner running copies */
export function workloadLevels(
  asked: Asked,
  ofOwner: (workload: string) => number,
): readonly WorkloadLevel[] {
  const { limits, now } = asked;
  return grouped(asked, ownerOf)
    .flatMap(([, ofThisOwner]) =>
      grouped({ ...asked, spending: ofThisOwner }, (workload) => workload).map(([workload, own]) => ({
        workload,
        stops: level({ ...asked, spending: own }, 'stop', limits.stopsPerWorkload),
        holds: level({ ...asked, spending: own }, 'hold', limits.holdsPerWorkload),
        owner: level(
          { ...asked, spending: ofThisOwner },
          'stop',
          partOf(ofOwner(workload), limits.ownerShare),
        ),
        leases: own.leases.filter((lease) => isLive(lease, now)),
      })),
    )
    .filter(counts)
    .toSorted((a, b) => leastLeft(a) - leastLeft(b) || (a.workload < b.workload ? -1 : 1));
}

/** Of every cluster in which anything counts. */
export function clusterLevels(asked: Asked): readonly ClusterLevel[] {
  const { limits } = asked;
  return grouped(asked, clusterOf)
    .map(([cluster, spending]) => ({
      cluster,
      stops: level({ ...asked, spending }, 'stop', limits.stopsPerCluster),
      holds: level({ ...asked, spending }, 'hold', limits.holdsPerCluster),
    }))
    .filter(counts);
}

/** Letting go is on the ledger, too, and so is a lease of which all is told: neither takes anything from a budget. */
function counts({ stops, holds }: Pick<WorkloadLevel, 'stops' | 'holds'>): boolean {
  return [stops, holds].some(({ used, leased }) => used + leased > 0);
}

function leastLeft({ stops, holds, owner }: WorkloadLevel): number {
  return Math.min(stops.left, holds.left, owner.left);
}

function level({ spending, limits, now }: Asked, kind: Kind, budget: number): BudgetLevel {
  const { charged, leased } = used(spending, {}, limits, now, kind);
  return { used: charged, leased, budget, left: Math.max(0, budget - charged - leased) };
}

/** In one pass each: a site with a thousand leases is looked at while agents are being answered. */
function grouped(
  { spending, limits, now }: Asked,
  by: (workload: string) => string,
): readonly (readonly [string, Spending])[] {
  const charges = Map.groupBy(inWindow(spending.charges, limits.windowMs, now), (c) => by(c.workload));
  const leases = Map.groupBy(spending.leases, (lease) => by(lease.workload));
  return [...new Set([...charges.keys(), ...leases.keys()])].map(
    (key) => [key, { charges: charges.get(key) ?? [], leases: leases.get(key) ?? [] }] as const,
  );
}
