import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Action, Order, Receipt, ReceiptResult } from '../../fingerprint/order.ts';
import { parseTime } from '../../fingerprint/time.ts';

export interface GivenOrder {
  readonly order: Order;
  readonly receipt?: Receipt;
}

/** What follows from an incident's earlier orders: a new one, or why there is none. */
export type FollowUp = 'order' | 'await-receipt' | 'handled' | 'given-up';

/** A try that failed for a passing reason is repeated; more often than this it is a person's turn. */
const maxTries = 3;

/** How far each action goes: a hold may be followed by a kill, never a kill by a hold. */
export const strength: Readonly<Record<Action, number>> = {
  resume: 0,
  // About the network: neither stands for a stop nor follows one.
  release: 0,
  quarantine: 0,
  hold: 1,
  freeze: 2,
  'kill-subtree': 3,
  kill: 4,
};

/** Receipts after which the same order, made anew, may succeed. */
const passing: readonly ReceiptResult[] = ['refused-session', 'refused-sequence', 'refused-expired'];

/** The orders that are about this very process: one that was stopped says nothing of the next one of its incident. */
export function ordersAbout(process: ProcessRef, given: readonly GivenOrder[]): readonly GivenOrder[] {
  return given.filter(({ order }) => {
    const { pid, start } = order.target.process;
    return pid === process.pid && start === process.start;
  });
}

/**
 * @param session the agent's present one: an order for an earlier start can no longer be obeyed
 * @param now ms since the Unix epoch
 */
export function followUp(
  wanted: Action,
  given: readonly GivenOrder[],
  session: string,
  now: number,
): FollowUp {
  const asStrong = given.filter((g) => strength[g.order.action] >= strength[wanted]);
  if (given.some((g) => g.receipt?.result === 'target-gone')) return 'handled';
  if (asStrong.some((g) => g.receipt !== undefined && !passing.includes(g.receipt.result))) return 'handled';
  if (given.some((g) => isUnderWay(g, session, now))) return 'await-receipt';
  return asStrong.length >= maxTries ? 'given-up' : 'order';
}

/** Sent to this start of the agent, still valid, and not answered: what is sent again when its stream comes back. */
export function isUnderWay({ order, receipt }: GivenOrder, session: string, now: number): boolean {
  if (receipt !== undefined || order.session !== session) return false;
  return (parseTime(order.expiresAt) ?? 0) / 1000 > now;
}
