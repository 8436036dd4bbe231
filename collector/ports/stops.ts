import type { Order, Receipt } from '../../fingerprint/order.ts';
import type { Scope } from './access.ts';
import type { HeldOrder, HeldState } from './brakes.ts';

/** What was ordered and held, as people look it up. */

/** Where something was stopped. */
export interface StopPlace {
  /** sha256 of the workload key, hex. */
  readonly hash: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly owner: string;
  readonly container: string;
}

/** `sent`: its minute is not over and nothing came back. `unanswered`: it is over, and nobody knows. */
export const orderStates = ['sent', 'done', 'not-done', 'unanswered'] as const;
export type OrderState = (typeof orderStates)[number];

/** An order with what became of it. */
export interface OrderSeen {
  readonly order: Order;
  readonly agent: string;
  /** ms since the Unix epoch. */
  readonly issuedAt: number;
  readonly receipt?: Receipt;
  /** The incident that people read, to which the occurrence belongs. */
  readonly row: string;
  readonly place: StopPlace;
}

/** A held order with where it is about. */
export interface HeldSeen {
  readonly held: HeldOrder;
  /** As of an order; both absent when its incident is not kept any more. */
  readonly row?: string;
  readonly place?: StopPlace;
}

/** Where a list goes on: behind this row. */
export interface Behind {
  readonly time: number;
  readonly id: string;
}

export interface OrderQuery {
  /** An occurrence, or the incident it belongs to. */
  readonly incident?: string;
  readonly agent?: string;
  readonly state?: OrderState;
  readonly id?: string;
  readonly scope: Scope;
  readonly behind?: Behind;
  readonly limit: number;
  /** ms since the Unix epoch, for `sent` and `unanswered`. */
  readonly now: number;
}

export interface HeldQuery {
  readonly state?: HeldState;
  /** Beginning of an id. */
  readonly idPrefix?: string;
  readonly scope: Scope;
  readonly behind?: Behind;
  readonly limit: number;
}

/** What an id, or the beginning of one, stands for. */
export interface Named {
  readonly id: string;
  readonly kind: 'incident' | 'occurrence';
}

export interface StopRecords {
  /** Newest first. */
  orders(query: OrderQuery): Promise<readonly OrderSeen[]>;
  /** Newest first. */
  held(query: HeldQuery): Promise<readonly HeldSeen[]>;
  /** Two at the most: more than one means that the beginning is too short. An incident goes before its first occurrence. */
  named(idPrefix: string, scope: Scope): Promise<readonly Named[]>;
  /** Occurrences of an incident whose copies run, the gravest first. */
  running(incident: string, limit: number): Promise<readonly string[]>;
}
