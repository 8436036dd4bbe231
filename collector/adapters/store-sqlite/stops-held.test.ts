import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anInstance, shop } from '../../../test/fakes/reports.ts';
import {
  bank,
  elsewhere,
  first,
  occurrence,
  placeOf,
  StoredStops,
  second,
} from '../../../test/fakes/stored-stops.ts';
import type { HeldQuery } from '../../ports/stops.ts';

const whole = { clusters: [], namespaces: [] };
let stored: StoredStops;
beforeEach(async () => {
  stored = await StoredStops.open();
});
afterEach(() => stored.close());

describe('held orders, as people look them up', () => {
  const forgotten = 'cc11'.padEnd(64, '0');
  beforeEach(async () => {
    const ended = { at: 5, author: 'ada', reason: 'x' };
    await stored.holdBack('h1-a', second.id, 1);
    await stored.holdBack('h1-b', elsewhere.id, 2);
    await stored.holdBack('h2', forgotten, 2, { state: 'cancelled', ended });
  });
  const held = async (query: Partial<HeldQuery> = {}) =>
    stored.store.stops.held({ scope: whole, limit: 99, ...query });

  it.each<[string, Partial<HeldQuery>, string[]]>([
    ['all', {}, ['h1-b', 'h2', 'h1-a']],
    ['that wait', { state: 'waiting' }, ['h1-b', 'h1-a']],
    ['by the beginning of their id', { idPrefix: 'h1' }, ['h1-b', 'h1-a']],
    ['by their whole id', { idPrefix: 'h1-a' }, ['h1-a']],
    ['by what only looks like a pattern', { idPrefix: 'h_' }, []],
    ['of a namespace', { scope: { clusters: [], namespaces: ['bank'] } }, ['h1-b']],
    [
      'of a cluster, without those of which nobody knows where',
      { scope: { clusters: ['local'], namespaces: [] } },
      ['h1-b', 'h1-a'],
    ],
    ['the newest', { limit: 1 }, ['h1-b']],
    ['behind one of the same moment', { behind: { time: 2, id: 'h1-b' } }, ['h2', 'h1-a']],
  ])('%s', async (_which, query, ids) => {
    expect((await held(query)).map((seen) => seen.held.id)).toEqual(ids);
  });

  it('come with incident and place as long as the incident is kept', async () => {
    const [ofBank, alone, ofShop] = await held();
    expect(ofShop).toMatchObject({ held: { incident: second.id }, row: first.id, place: placeOf(shop) });
    expect(ofBank).toMatchObject({ row: elsewhere.id, place: placeOf(bank) });
    expect(alone).toEqual({ held: expect.objectContaining({ id: 'h2', state: 'cancelled' }) });
  });
});

describe('what the beginning of an id stands for', () => {
  const inBank = { clusters: [], namespaces: ['bank'] };
  it.each([
    ['an incident, which goes before its first occurrence', first.id, whole, [[first.id, 'incident']]],
    ['an occurrence', second.id, whole, [[second.id, 'occurrence']]],
    ['an incident by its beginning', 'bb', whole, [[elsewhere.id, 'incident']]],
    [
      'two, so that it is too short',
      'aa',
      whole,
      [
        [first.id, 'incident'],
        [second.id, 'occurrence'],
      ],
    ],
    [
      'two at the most',
      '',
      whole,
      [
        [first.id, 'incident'],
        [second.id, 'occurrence'],
      ],
    ],
    ['what lies in the scope alone', '', inBank, [[elsewhere.id, 'incident']]],
    ['nothing outside the scope', first.id, inBank, []],
    ['nothing', 'ff', whole, []],
    ['nothing, by what only looks like a pattern', '%', whole, []],
  ] as const)('%s', async (_what, prefix, scope, found) => {
    const named = await stored.store.stops.named(prefix, scope);
    expect(named.map(({ id, kind }) => [id, kind])).toEqual(found);
  });

  it('a whole id is that one, also where another goes on from it', async () => {
    await stored.tell({ type: 'incident', incident: { ...occurrence('', 'copy-4', 4), id: 'bb1' } });
    expect(await stored.store.stops.named('bb1', whole)).toEqual([{ id: 'bb1', kind: 'incident' }]);
    expect(await stored.store.stops.named('bb', whole)).toHaveLength(2);
  });
});

describe('the occurrences of an incident whose copies run', () => {
  type Told = readonly [copy: string, state: 'started' | 'found' | 'exited'];
  it.each<[string, readonly Told[], number, string[]]>([
    [
      'the gravest first',
      [
        ['copy-1', 'started'],
        ['copy-2', 'found'],
      ],
      9,
      [first.id, second.id],
    ],
    [
      'as many as are asked for',
      [
        ['copy-1', 'started'],
        ['copy-2', 'found'],
      ],
      1,
      [first.id],
    ],
    [
      'without those that ended',
      [
        ['copy-1', 'exited'],
        ['copy-2', 'started'],
      ],
      9,
      [second.id],
    ],
    ['without those that nobody told of', [['copy-2', 'started']], 9, [second.id]],
    ['none', [], 9, []],
  ])('%s', async (_what, copies, limit, ids) => {
    await stored.tell(...copies.map(([copy, state]) => anInstance(copy, state)));
    expect(await stored.store.stops.running(first.id, limit)).toEqual(ids);
  });
});
