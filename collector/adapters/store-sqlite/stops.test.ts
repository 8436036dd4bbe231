import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ReceiptResult } from '../../../fingerprint/order.ts';
import { shop } from '../../../test/fakes/reports.ts';
import { elsewhere, first, placeOf, StoredStops, second } from '../../../test/fakes/stored-stops.ts';
import type { OrderQuery } from '../../ports/stops.ts';

/** An order lives a minute. */
const minute = 60_000;
const now = 1_000_000;
const whole = { clusters: [], namespaces: [] };
let stored: StoredStops;
beforeEach(async () => {
  stored = await StoredStops.open();
});
afterEach(() => stored.close());

describe('orders, as people look them up', () => {
  const orders = async (query: Partial<OrderQuery> = {}) =>
    (await stored.store.stops.orders({ scope: whole, limit: 99, now, ...query })).map(
      (seen) => seen.order.id,
    );

  it('come with their incident, place and receipt', async () => {
    await stored.order('o1', second, now);
    await stored.answer('o1', second, 'done');
    expect(await stored.store.stops.orders({ scope: whole, limit: 9, now })).toMatchObject([
      {
        order: { id: 'o1', action: 'hold', target: { incident: second.id, instance: 'copy-2' } },
        agent: 'a1',
        issuedAt: now,
        receipt: { order: 'o1', result: 'done' },
        row: first.id,
        place: placeOf(shop),
      },
    ]);
  });

  it.each<[string, Partial<OrderQuery>, string[]]>([
    ['all', {}, ['o3', 'o1', 'o2']],
    ['of an occurrence', { incident: second.id }, ['o2']],
    [
      'of an incident, which is its first occurrence and those behind it',
      { incident: first.id },
      ['o1', 'o2'],
    ],
    ['of an agent', { agent: 'a1' }, ['o3', 'o1', 'o2']],
    ['of an agent that is none', { agent: 'a2' }, []],
    ['by id', { id: 'o1' }, ['o1']],
    ['by the beginning of an id, which is none', { id: 'o' }, []],
    ['of a namespace', { scope: { clusters: [], namespaces: ['bank'] } }, ['o3']],
    ['of two', { scope: { clusters: [], namespaces: ['bank', shop.namespace] } }, ['o3', 'o1', 'o2']],
    ['of a cluster', { scope: { clusters: ['local'], namespaces: [] } }, ['o3', 'o1', 'o2']],
    ['of another', { scope: { clusters: ['prod'], namespaces: [] } }, []],
    ['by an id outside the scope', { id: 'o3', scope: { clusters: [], namespaces: ['default'] } }, []],
    ['the newest', { limit: 2 }, ['o3', 'o1']],
    ['behind one of the same moment', { behind: { time: now, id: 'o1' } }, ['o2']],
    ['behind one', { behind: { time: now + 1, id: 'o3' } }, ['o1', 'o2']],
    ['behind the last', { behind: { time: now, id: 'o2' } }, []],
  ])('%s', async (_which, query, ids) => {
    for (const [id, about, at] of [
      ['o2', second, now],
      ['o1', first, now],
      ['o3', elsewhere, now + 1],
    ] as const)
      await stored.order(id, about, at);
    expect(await orders(query)).toEqual(ids);
  });

  it.each<[string, ReceiptResult | undefined, number, string]>([
    ['on the way', undefined, now, 'sent'],
    ['on the way until its minute is over', undefined, now - minute + 1, 'sent'],
    ['that nobody answered', undefined, now - minute, 'unanswered'],
    ['that was carried out', 'done', now, 'done'],
    ['that was carried out and answered late', 'done', now - 2 * minute, 'done'],
    ['of what was gone', 'target-gone', now, 'not-done'],
    ['that was refused', 'refused-rate', now - 2 * minute, 'not-done'],
    ['that failed', 'failed', now, 'not-done'],
  ])('one %s is in one state alone', async (_what, result, issuedAt, state) => {
    await stored.order('o1', first, issuedAt);
    if (result !== undefined) await stored.answer('o1', first, result);
    const states = ['sent', 'done', 'not-done', 'unanswered'] as const;
    const found = await Promise.all(
      states.map(async (s) => ((await orders({ state: s })).length > 0 ? [s] : [])),
    );
    expect(found.flat()).toEqual([state]);
  });
});
