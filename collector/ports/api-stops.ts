import type { After, Caller, Change, Page } from './api.ts';
import type { Disarm, DisarmScope, HeldOrder, HeldState } from './brakes.ts';
import type { NodeIncidentKind } from './nodes.ts';
import type { OrderState } from './stops.ts';

export { maxDisarmMs } from '../core/disarm.ts';
/** What people may do to what drifts, and past what they may do it by name. */
export { forces, manualActions } from '../core/manual-order.ts';

/** What the HTTP API can ask about stopping. Places outside the caller's scope are answered as if they were not. */

export interface OrderWish {
  readonly action: string;
  /** Incidents, each meaning all its occurrences whose copies run, or occurrences. */
  readonly incidents: readonly string[];
  /** Occurrences, each of one copy: the first one of an incident has its id, and is named alone here. */
  readonly occurrences: readonly string[];
  readonly force: readonly string[];
}

/** Why one copy is not stopped, for people and for programs. */
export interface Refusal {
  readonly incident: string;
  readonly code: string;
  readonly sentence: string;
  /** The words that would pass it. */
  readonly force?: readonly string[];
}

/** What was meant cannot be told from what was named. */
export interface NotNamed {
  readonly kind: 'unknown' | 'ambiguous' | 'nothing-runs' | 'too-many' | 'key-reused';
  readonly sentence: string;
}

export type OrderAnswer =
  /** At least one was ordered; what was not stands beside it with its reason. */
  | { readonly kind: 'ordered'; readonly outcomes: readonly object[] }
  /** @param passable some of them by a word, or later */
  | { readonly kind: 'refused'; readonly passable: boolean; readonly refusals: readonly Refusal[] }
  | NotNamed;

export type PlanAnswer = { readonly kind: 'planned'; readonly plans: readonly object[] } | NotNamed;

export interface PageWish {
  readonly limit: number;
  readonly after?: After;
}

export interface OrderService {
  /** @param key the client's own: the same again is answered as it was */
  order(
    caller: Caller,
    wish: OrderWish,
    asked: { readonly key: string; readonly reason: string },
  ): Promise<OrderAnswer>;
  /** Takes beginnings of ids. */
  plan(caller: Caller, wish: OrderWish): Promise<PlanAnswer>;
  orders(
    caller: Caller,
    wish: PageWish & {
      readonly incident?: string;
      readonly agent?: string;
      readonly state?: OrderState;
      readonly id?: string;
    },
  ): Promise<Page<object>>;
}

export type HeldAnswer =
  | { readonly kind: 'ended'; readonly held: HeldOrder; readonly order?: string }
  | { readonly kind: 'unknown' | 'over' | 'away' | 'not-allowed'; readonly sentence: string };

export interface HeldOrderService {
  heldOrders(
    caller: Caller,
    wish: PageWish & { readonly state?: HeldState; readonly idPrefix?: string },
  ): Promise<Page<object>>;
  end(caller: Caller, id: string, how: 'release' | 'cancel', change: Change): Promise<HeldAnswer>;
}

export type DisarmAnswer =
  | { readonly kind: 'disarmed' | 'rearmed'; readonly disarm: Disarm; readonly workloads: number }
  | { readonly kind: 'unknown' | 'outside' | 'too-long' | 'too-many'; readonly sentence: string };

export interface DisarmService {
  disarms(caller: Caller): readonly Disarm[];
  disarm(
    caller: Caller,
    scope: DisarmScope,
    span: { readonly hours: number } | { readonly until: number },
    change: Change,
  ): Promise<DisarmAnswer>;
  rearm(caller: Caller, id: string, change: Change): Promise<DisarmAnswer>;
}

export interface StopServices {
  readonly orders: OrderService;
  readonly held: HeldOrderService;
  readonly disarms: DisarmService;
  /** How much of each budget is gone, and the leases that are out. */
  brakes(caller: Caller, limit: number): Promise<object>;
  nodeIncidents(
    caller: Caller,
    wish: PageWish & { readonly open?: boolean; readonly kind?: NodeIncidentKind },
  ): Promise<Page<object>>;
}
