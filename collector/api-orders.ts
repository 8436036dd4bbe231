import { sha256Hex } from '../fingerprint/digest.ts';
import { type Force, forces, type ManualAction, manualActions } from './core/manual-order.ts';
import type { ManualCode, ManualRefused } from './manual-check.ts';
import { type ManualOrders, type ManualPlan, maxIncidents } from './manual-orders.ts';
import type { Caller, Page } from './ports/api.ts';
import type { NotNamed, OrderAnswer, OrderService, OrderWish } from './ports/api-stops.ts';
import type { OrderSeen, StopRecords } from './ports/stops.ts';
import type { DriftStore } from './ports.ts';

export interface OrderParts {
  readonly manual: ManualOrders;
  readonly stops: StopRecords;
  readonly store: Pick<DriftStore, 'occurrences'>;
  readonly now: () => number;
}

/** Orders of people over the API: who may name what, and what became of it. */
export function orderService(parts: OrderParts): OrderService {
  const { manual, stops, now } = parts;
  return {
    order: async (caller, wish, { key, reason }) => {
      const named = await occurrencesMeant(parts, caller, wish, 'whole');
      if (!Array.isArray(named)) return named;
      const answer = await manual.request(
        { ...wordsOf(wish), key: sha256Hex(Buffer.from(`${caller.key}\n${key}`)), incidents: named },
        { author: caller.name, reason },
      );
      if (answer.ok) return answerOf(answer.outcomes);
      return { kind: answer.code === 'too-many' ? 'too-many' : 'key-reused', sentence: answer.sentence };
    },
    plan: async (caller, wish) => {
      const named = await occurrencesMeant(parts, caller, wish, 'beginning');
      if (!Array.isArray(named)) return named;
      const plans = await manual.plan({ ...wordsOf(wish), incidents: named });
      return { kind: 'planned', plans: plans.map(describePlan) };
    },
    orders: async (caller, { after, limit, ...filter }) => {
      const behind = after === undefined ? {} : { behind: after };
      const { scope } = caller;
      const rows = await stops.orders({ ...filter, scope, ...behind, limit: limit + 1, now: now() });
      return pageOf(
        rows,
        limit,
        ({ issuedAt, order }) => ({ time: issuedAt, id: order.id }),
        describeOrder(now()),
      );
    },
  };
}

/** One more row than is shown tells whether there are more. */
export function pageOf<T>(
  rows: readonly T[],
  limit: number,
  at: (row: T) => { readonly time: number; readonly id: string },
  describe: (row: T) => object,
): Page<object> {
  const page = rows.slice(0, limit);
  const last = rows.length > limit ? page.at(-1) : undefined;
  return { items: page.map(describe), ...(last === undefined ? {} : { next: at(last) }) };
}

/** The occurrences that are meant, each in the caller's scope. */
async function occurrencesMeant(
  { stops, store }: OrderParts,
  { scope }: Caller,
  { incidents, occurrences }: OrderWish,
  ids: 'whole' | 'beginning',
): Promise<string[] | NotNamed> {
  const found: string[] = [];
  for (const id of occurrences) {
    const [row] = await store.occurrences({ id, limit: 1, scope });
    if (row === undefined) return { kind: 'unknown', sentence: `no occurrence has the id ${id}` };
    found.push(id);
  }
  for (const id of incidents) {
    const [one, other] = await stops.named(id, scope);
    if (one === undefined || (ids === 'whole' && one.id !== id))
      return { kind: 'unknown', sentence: `no incident has the id ${id}` };
    if (other !== undefined)
      return { kind: 'ambiguous', sentence: `more than one incident has an id that begins with ${id}` };
    const meant = one.kind === 'incident' ? await stops.running(one.id, maxIncidents + 1) : [one.id];
    if (meant.length === 0)
      return { kind: 'nothing-runs', sentence: `no copy that incident ${id} was seen on runs any more` };
    found.push(...meant);
  }
  const meant = [...new Set(found)];
  if (meant.length <= maxIncidents) return meant;
  const sentence = `more than ${maxIncidents} copies are meant; name some of their occurrences`;
  return { kind: 'too-many', sentence };
}

/** The schema of the route lets no other words through. */
function wordsOf({ action, force }: OrderWish): { readonly action: ManualAction; readonly force: Force[] } {
  return {
    action: manualActions.find((word) => word === action) ?? 'hold',
    force: forces.filter((word) => force.includes(word)),
  };
}

function answerOf(
  outcomes: Extract<Awaited<ReturnType<ManualOrders['request']>>, { ok: true }>['outcomes'],
): OrderAnswer {
  const refusals = outcomes.filter((outcome) => outcome.result === 'refused');
  if (refusals.length < outcomes.length) return { kind: 'ordered', outcomes };
  return { kind: 'refused', passable: refusals.some(isPassable), refusals };
}

/** By a word, or by waiting; the rest takes an approval, or nothing helps. */
function isPassable({ code }: ManualRefused): boolean {
  const passing: readonly ManualCode[] = ['needs-force', 'agent-away'];
  return passing.includes(code);
}

function describePlan(plan: ManualPlan): object {
  const { about, ...rest } = plan;
  if (about === undefined) return rest;
  const { workload, instance, culprit, sentence } = about;
  return { ...rest, workload, instance, process: culprit, drift: sentence };
}

function describeOrder(now: number): (seen: OrderSeen) => object {
  return ({ order, agent, issuedAt, receipt, row, place }) => {
    const { id, action, reason, target, expiresAt } = order;
    const { node, instance, process, incident: occurrence } = target;
    const state =
      receipt === undefined
        ? Date.parse(expiresAt) > now
          ? 'sent'
          : 'unanswered'
        : receipt.result === 'done'
          ? 'done'
          : 'not-done';
    return {
      id,
      action,
      state,
      reason,
      incident: row,
      occurrence,
      workload: place,
      agent,
      node,
      instance,
      process,
      issuedAt,
      expiresAt,
      ...(receipt === undefined ? {} : { receipt }),
    };
  };
}
