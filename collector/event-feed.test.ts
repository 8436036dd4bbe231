import { beforeEach, describe, expect, it, vi } from 'vitest';
import { aCaller, whole } from '../test/fakes/api.ts';
import { anIncident, shop } from '../test/fakes/reports.ts';
import { Broadcast } from './broadcast.ts';
import { EventFeed } from './event-feed.ts';
import type { FeedEvent } from './ports/api.ts';
import type { StateLine } from './state-line.ts';

let broadcast: Broadcast;
let feed: EventFeed;
let boots: number;
beforeEach(() => {
  broadcast = new Broadcast();
  boots = 0;
  feed = new EventFeed({ subscribe: broadcast.subscribe, newBoot: () => `b${++boots}`, lingerMs: 1000 });
});

const all = aCaller('viewer');
const policy: StateLine = { type: 'policy', mode: 'freeze', version: 1, author: 'ada' };

function follow(lastId?: string, caller = all): { got: FeedEvent[]; leave: () => void } {
  const got: FeedEvent[] = [];
  return { got, leave: feed.follow(caller, lastId, (event) => got.push(event)) };
}

describe('who comes back', () => {
  it('goes on after the last event they saw', () => {
    const first = follow();
    broadcast.tell(policy);
    first.leave();
    broadcast.tell({ ...policy, mode: 'kill' });
    const again = follow(first.got.at(-1)?.id);
    broadcast.tell({ ...policy, mode: 'alert' });
    expect([...first.got, ...again.got].map(({ id, json }) => [id, JSON.parse(json).mode])).toEqual([
      ['b1-1', 'freeze'],
      ['b1-2', 'kill'],
      ['b1-3', 'alert'],
    ]);
  });

  it.each(['b0-1', 'b1-99', 'b1-x', 'nonsense', '', 'b1--1'])('with %j is told to begin anew', (lastId) => {
    follow();
    broadcast.tell(policy);
    expect(follow(lastId).got).toMatchObject([{ id: 'b1-1', type: 'reset' }]);
  });

  it('too late is told to begin anew: more was told than is kept', () => {
    follow();
    for (let i = 0; i < 25_000; i += 1) broadcast.tell(policy);
    expect(follow('b1-1').got.map((e) => e.type)).toEqual(['reset']);
    expect(follow('b1-24999').got.map((e) => e.id)).toEqual(['b1-25000']);
    expect(follow('b1-25000').got).toEqual([]);
    expect(
      follow('b1-21000')
        .got.map((e) => e.id)
        .at(0),
    ).toBe('b1-21001');
  });

  it('finds at most 8 MiB of large lines', () => {
    follow();
    const large: StateLine = { type: 'store', state: 'failing', sentence: 'x'.repeat(100_000) };
    for (let i = 0; i < 200; i += 1) broadcast.tell(large);
    expect(follow('b1-1').got.map((e) => e.type)).toEqual(['reset']);
    expect(follow('b1-199').got).toHaveLength(1);
  });
});

describe('while nobody follows', () => {
  it('nothing is listened to, but for a while after the last one left', () => {
    vi.useFakeTimers();
    try {
      expect(broadcast.listened()).toBe(false);
      const { leave } = follow();
      leave();
      expect(broadcast.listened()).toBe(true);
      vi.advanceTimersByTime(1000);
      expect(broadcast.listened()).toBe(false);
      broadcast.tell(policy);
      expect(follow('b1-0').got).toMatchObject([{ type: 'reset', id: 'b2-0' }]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('who sees a part of the site', () => {
  const other = { ...shop, namespace: 'pay' };
  const lines: readonly (readonly [what: string, line: StateLine, seen: boolean])[] = [
    [
      'their incident',
      { type: 'incident', isNew: true, change: 'opened', row: '1'.repeat(64), incident: anIncident() },
      true,
    ],
    [
      'its decision',
      {
        type: 'decision',
        incident: anIncident().id,
        action: 'none',
        mode: 'alert',
        reason: 'r',
        sentence: 's',
      },
      true,
    ],
    [
      'its order',
      { type: 'order', order: 'o', incident: anIncident().id, action: 'hold', workload: shop },
      true,
    ],
    ['their workload', { type: 'workload', hash: 'h', workload: shop }, true],
    ['the mode', policy, true],
    [
      'the incident of others',
      {
        type: 'incident',
        isNew: true,
        change: 'opened',
        row: '1'.repeat(64),
        incident: anIncident({ id: 'ee', workload: other }),
      },
      false,
    ],
    ['its order', { type: 'order', order: 'o', incident: 'ee', action: 'hold', workload: other }, false],
    [
      'its receipt',
      { type: 'receipt', receipt: { order: 'o', incident: 'ee', result: 'done', stopped: [] } },
      false,
    ],
    [
      'the receipt of an incident that is not known',
      { type: 'receipt', receipt: { order: 'o', incident: 'ff', result: 'done', stopped: [] } },
      false,
    ],
    [
      'the order of an old incident',
      { type: 'order', order: 'p', incident: 'ff', action: 'hold', workload: shop },
      true,
    ],
    [
      'its receipt',
      { type: 'receipt', receipt: { order: 'p', incident: 'ff', result: 'done', stopped: [] } },
      true,
    ],
    ['the workload of others', { type: 'workload', hash: 'h', workload: other }, false],
    ['a node', { type: 'agent', state: 'connected', node: 'n', agent: 'a' }, false],
    ['a document', { type: 'fingerprint', kind: 'base', digest: 'd', subjects: [] }, false],
  ];

  it('is told of that part alone, live and after coming back', () => {
    const caller = aCaller('admin', { ...whole, namespaces: [shop.namespace] });
    const { got, leave } = follow(undefined, caller);
    for (const [, line] of lines) broadcast.tell(line);
    const expected = lines.flatMap(([, line, seen]) => (seen ? [line] : []));
    expect(got.map(({ json }) => JSON.parse(json))).toEqual(JSON.parse(JSON.stringify(expected)));
    leave();
    expect(follow('b1-0', caller).got).toEqual(got);
    expect(follow('b1-0').got).toHaveLength(lines.length);
  });
});
