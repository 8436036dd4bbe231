import { describe, expect, it } from 'vitest';
import { type Action, type Order, type ReceiptResult, receiptResults } from '../../fingerprint/order.ts';
import { type FollowUp, followUp, type GivenOrder, ordersAbout } from './follow-up.ts';

const now = Date.UTC(2026, 0, 1, 0, 0, 30);

function given(action: Action, result?: ReceiptResult, over: Partial<Order> = {}): GivenOrder {
  const order: Order = {
    id: 'o',
    action,
    session: 's1',
    seq: 1,
    target: { node: 'n', instance: 'i', process: { pid: 1, start: 1 }, incident: 'x' },
    reason: 'r',
    issuedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-01T00:01:00Z',
    ...over,
  };
  return result === undefined
    ? { order }
    : { order, receipt: { order: 'o', incident: 'x', result, stopped: [] } };
}

const expired = { expiresAt: '2026-01-01T00:00:29Z' };
const earlier = { session: 's0' };

describe('followUp', () => {
  it.each<[string, Action, GivenOrder[], FollowUp]>([
    ['nothing was ordered', 'hold', [], 'order'],
    ['the order is on its way', 'hold', [given('hold')], 'await-receipt'],
    ['a weaker one is on its way', 'kill', [given('hold')], 'await-receipt'],
    ['the order expired without a word', 'hold', [given('hold', undefined, expired)], 'order'],
    ['the agent started anew meanwhile', 'hold', [given('hold', undefined, earlier)], 'order'],
    ['it is done', 'hold', [given('hold', 'done')], 'handled'],
    ['more than that is done', 'hold', [given('kill-subtree', 'done')], 'handled'],
    ['it was held and must now be killed', 'kill-subtree', [given('hold', 'done')], 'order'],
    ['the process is gone', 'kill-subtree', [given('hold', 'target-gone')], 'handled'],
    ['the agent saw no drift', 'hold', [given('hold', 'refused-no-drift')], 'handled'],
    ['it came too late', 'hold', [given('hold', 'refused-expired')], 'order'],
    ['it was for the session before', 'hold', [given('hold', 'refused-session')], 'order'],
    [
      'three tries went wrong',
      'hold',
      Array.from({ length: 3 }, () => given('hold', 'refused-expired')),
      'given-up',
    ],
  ])('%s', (_name, wanted, orders, expected) => {
    expect(followUp(wanted, orders, 's1', now)).toBe(expected);
  });

  it.each(receiptResults)('ends some time after %s', (result) => {
    const orders: GivenOrder[] = [];
    while (followUp('hold', orders, 's1', now) === 'order') orders.push(given('hold', result));
    expect(orders.length).toBeLessThanOrEqual(3);
  });
});

describe('ordersAbout', () => {
  it('leaves out what was ordered about another process of the same incident', () => {
    const first = given('kill-subtree', 'done');
    expect(ordersAbout({ pid: 1, start: 1 }, [first])).toEqual([first]);
    expect(ordersAbout({ pid: 1, start: 2 }, [first])).toEqual([]);
    expect(ordersAbout({ pid: 2, start: 1 }, [first])).toEqual([]);
  });
});
