import { sha256Hex } from '../fingerprint/digest.ts';
import { orderService, pageOf } from './api-orders.ts';
import { clusterLevels, workloadLevels } from './core/brake-levels.ts';
import { covers, type Disarm, type DisarmScope, scopeText } from './core/disarm.ts';
import type { HeldOrders } from './held-orders.ts';
import type { Nodes } from './nodes.ts';
import type { Caller } from './ports/api.ts';
import type { DisarmAnswer, DisarmService, HeldOrderService, StopServices } from './ports/api-stops.ts';
import type { BrakeStore } from './ports/brakes.ts';
import type { HeldSeen, StopRecords } from './ports/stops.ts';
import type { DriftStore } from './ports.ts';
import type { Stopping } from './stopping.ts';

const hourMs = 3_600_000;
/** Open ones that status names; the rest is a list of its own. */
const maxShown = 50;

export interface StopParts {
  readonly stopping: Stopping;
  readonly nodes: Pick<Nodes, 'incidents' | 'losses'>;
  readonly store: Pick<DriftStore, 'occurrences' | 'workloads'> & {
    readonly stops: StopRecords;
    readonly brakes: Pick<BrakeStore, 'copies'>;
  };
}

/** What the API answers with about stopping. */
export function stopServices({ stopping, nodes, store }: StopParts): StopServices {
  const { stops } = store;
  return {
    orders: orderService({ manual: stopping.manual, stops, store, now: stopping.now }),
    held: heldService(stopping.held, stops),
    disarms: disarmService(stopping, store),
    brakes: (caller, limit) => brakes(stopping, store.brakes, caller, limit),
    nodeIncidents: async (caller, { limit, after, open, kind }) => {
      if (!seesNodes(caller)) return { items: [] };
      const rows = await nodes.incidents({
        ...(open === undefined ? {} : { open }),
        ...(kind === undefined ? {} : { kind }),
        ...(after === undefined ? {} : { before: Number(after.id) }),
        clusters: caller.scope.clusters,
        limit: limit + 1,
      });
      return pageOf(
        rows,
        limit,
        ({ id }) => ({ time: 0, id: String(id) }),
        (row) => row,
      );
    },
  };
}

/** What a person has to know before anything else: where nothing is stopped, who is asked, which nodes are not seen. */
export async function stopStatus({ stopping, nodes, store }: StopParts, caller: Caller): Promise<object> {
  const { disarms, held, reactions } = stopping;
  const { scope, seesAll } = caller;
  const waiting = seesAll
    ? held.waiting
    : (await store.stops.held({ state: 'waiting', scope, limit: 1_000 })).length;
  const open = seesNodes(caller)
    ? await nodes.incidents({ open: true, clusters: scope.clusters, limit: maxShown })
    : [];
  return {
    brakes: {
      disarms: disarms.all.filter((disarm) => concerns(caller, disarm.scope)),
      held: { waiting },
      ...(seesAll ? { heldNotListed: held.notListed, unknownInstances: reactions.unknownInstances } : {}),
    },
    nodeIncidents: open,
  };
}

function heldService(held: HeldOrders, stops: StopRecords): HeldOrderService {
  return {
    heldOrders: async (caller, { limit, after, state, idPrefix }) => {
      const rows = await stops.held({
        scope: caller.scope,
        ...(state === undefined ? {} : { state }),
        ...(idPrefix === undefined ? {} : { idPrefix }),
        ...(after === undefined ? {} : { behind: after }),
        limit: limit + 1,
      });
      return pageOf(rows, limit, ({ held: h }) => ({ time: h.since, id: h.id }), describeHeld);
    },
    end: async (caller, id, how, change) => {
      const [seen] = await stops.held({ idPrefix: id, scope: caller.scope, limit: 1 });
      if (seen?.held.id !== id) return { kind: 'unknown', sentence: 'no held order has this id' };
      const answer = await held[how](id, change);
      if (answer.ok) {
        const { order } = answer;
        return { kind: 'ended', held: answer.held, ...(order === undefined ? {} : { order }) };
      }
      const { sentence } = answer;
      switch (answer.code) {
        case 'unknown':
          return { kind: 'unknown', sentence };
        case 'agent-away':
          return { kind: 'away', sentence };
        case 'not-waiting':
          return { kind: 'over', sentence };
        // The schema of the route asks for a reason.
        case 'no-reason':
        case 'no-longer-allowed':
          return { kind: 'not-allowed', sentence };
      }
    },
  };
}

function disarmService({ disarms, now }: Stopping, store: Pick<DriftStore, 'workloads'>): DisarmService {
  const told = async (kind: 'disarmed' | 'rearmed', disarm: Disarm): Promise<DisarmAnswer> => {
    const workloads = (await store.workloads()).filter(({ workload }) => covers(disarm.scope, workload));
    return { kind, disarm, workloads: workloads.length };
  };
  return {
    disarms: (caller) => disarms.all.filter(({ scope }) => concerns(caller, scope)),
    disarm: async (caller, scope, span, change) => {
      if (!rules(caller, scope)) return outside(scope);
      const forMs = 'hours' in span ? span.hours * hourMs : span.until - now();
      const answer = await disarms.disarm(scope, forMs, change);
      if (answer.ok) return await told('disarmed', answer.disarm);
      return { kind: answer.code === 'too-many' ? 'too-many' : 'too-long', sentence: answer.sentence };
    },
    rearm: async (caller, id, change) => {
      const found = disarms.all.find((disarm) => disarm.id === id && concerns(caller, disarm.scope));
      if (found === undefined) return { kind: 'unknown', sentence: 'that is not disarmed, or not any more' };
      if (!rules(caller, found.scope)) return outside(found.scope);
      const answer = await disarms.rearm(id, change);
      return answer.ok
        ? await told('rearmed', answer.disarm)
        : { kind: 'unknown', sentence: answer.sentence };
    },
  };
}

async function brakes(
  { ledger, limits, now }: Stopping,
  { copies }: Pick<BrakeStore, 'copies'>,
  caller: Caller,
  limit: number,
): Promise<object> {
  const asked = { spending: ledger.spending, limits: limits(), now: now() };
  const keys = [...asked.spending.charges, ...asked.spending.leases].map(({ workload }) => workload);
  const hashes = new Map([...new Set(keys)].map((key) => [key, sha256Hex(Buffer.from(key))]));
  const owned = new Map((await copies.held([...hashes.values()])).map((c) => [c.hash, c.ofOwner]));
  const levels = workloadLevels(asked, (key) => owned.get(hashes.get(key) ?? '') ?? 0).filter(
    ({ workload }) => caller.sees(placeOf(workload)),
  );
  return {
    windowMs: asked.limits.windowMs,
    clusters: clusterLevels(asked).filter(({ cluster }) => caller.sees({ cluster, namespace: '' })),
    workloads: levels.slice(0, limit).map(({ workload, stops, holds, owner, leases }) => ({
      hash: hashes.get(workload) ?? '',
      workload: placeOf(workload),
      stops,
      holds,
      owner,
      leases: leases.map(({ id, agent, stops: of, spent, ends, expiresAt }) => ({
        id,
        // Which nodes there are is for who sees the cluster.
        ...(caller.sees({ cluster: placeOf(workload).cluster, namespace: '' }) ? { agent } : {}),
        stops: of,
        spent,
        ends,
        expiresAt,
      })),
    })),
    more: Math.max(0, levels.length - limit),
  };
}

/** As `workloadKey` joins it. */
function placeOf(key: string): { cluster: string; namespace: string; owner: string; container: string } {
  const [cluster = '', namespace = '', owner = '', container = ''] = key.split('\n');
  return { cluster, namespace, owner, container };
}

function describeHeld({ held, row, place }: HeldSeen): object {
  const { incident: occurrence, ...rest } = held;
  const where = place === undefined ? {} : { workload: place };
  return { ...rest, occurrence, ...(row === undefined ? {} : { incident: row }), ...where };
}

/** Nodes carry copies of every namespace. */
function seesNodes({ scope }: Caller): boolean {
  return scope.namespaces.length === 0;
}

/** Whether it is the caller's to say that nothing is stopped there. */
function rules(caller: Caller, scope: DisarmScope): boolean {
  return caller.sees({ cluster: scope.cluster, namespace: scope.kind === 'cluster' ? '' : scope.namespace });
}

/** Whether it bears on anything the caller sees: a cluster that is disarmed is so in each of its namespaces. */
function concerns(caller: Caller, scope: DisarmScope): boolean {
  if (scope.kind !== 'cluster') return rules(caller, scope);
  const { clusters } = caller.scope;
  return clusters.length === 0 || clusters.includes(scope.cluster);
}

function outside(scope: DisarmScope): DisarmAnswer {
  const whole = scope.kind === 'cluster' ? '; it takes one for the whole cluster' : '';
  return { kind: 'outside', sentence: `your token is not for ${scopeText(scope)}${whole}` };
}
