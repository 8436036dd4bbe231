import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { anIncident, shop } from '../test/fakes/reports.ts';
import type { DisarmScope } from './core/disarm.ts';

const who = { author: 'ada', reason: 'the migration' };
const hour = 3_600_000;
const { cluster, namespace, owner } = shop;
const incident = anIncident({ instance: { id: 'copy-1', node: 'node-a1', startedAt: 5 } });

let c: BrakedCollector;
beforeEach(async () => {
  c = await BrakedCollector.start();
  await c.agent('a1', ['copy-1']);
});
afterEach(() => c.stop());

const told = () => c.lines.filter((l) => l.type === 'disarmed' || l.type === 'rearmed');

describe('a disarmed place', () => {
  it.each<[string, DisarmScope, boolean]>([
    ['the cluster', { kind: 'cluster', cluster }, true],
    ['the namespace', { kind: 'namespace', cluster, namespace }, true],
    ['the workload', { kind: 'workload', cluster, namespace, owner }, true],
    ['another cluster', { kind: 'cluster', cluster: 'other' }, false],
    ['a namespace of that name elsewhere', { kind: 'namespace', cluster: 'other', namespace }, false],
    ['another workload', { kind: 'workload', cluster, namespace, owner: 'unit/x' }, false],
  ])('%s', async (_what, scope, isQuiet) => {
    await c.disarms.disarm(scope, hour, who);
    await c.incident('a1', incident);
    expect(c.orders.length).toBe(isQuiet ? 0 : 1);
  });

  it('says who, until when and why, and asks nobody: a person has answered already', async () => {
    await c.disarms.disarm({ kind: 'cluster', cluster }, hour, who);
    await c.incident('a1', incident);
    expect(c.lines.find((l) => l.type === 'decision')).toMatchObject({
      reason: 'brake-disarmed',
      sentence: 'nothing is stopped: disarmed by ada until 2026-01-01T01:00:00Z: the migration',
    });
    expect(await c.held.list('waiting', 10)).toEqual([]);
    expect(told()).toMatchObject([
      {
        type: 'disarmed',
        sentence:
          'cluster local is disarmed until 2026-01-01T01:00:00Z: nothing new is stopped there; what is held stays held (ada: the migration)',
      },
    ]);
    expect(c.audited).toMatchObject([{ type: 'disarmed', author: 'ada', reason: 'the migration' }]);
  });

  it('is armed again by itself, over a restart, and that is told', async () => {
    await c.disarms.disarm({ kind: 'cluster', cluster }, hour, who);
    await c.restart();
    expect(c.disarms.all).toHaveLength(1);
    c.now += hour;
    expect(c.disarms.over(shop)).toBeUndefined();
    c.disarms.look();
    expect(told().at(-1)).toMatchObject({
      type: 'rearmed',
      sentence: 'cluster local is armed again: its time is over',
    });
  });

  it('stays disarmed as long as one of several that overlap lasts', async () => {
    const one = await c.disarms.disarm({ kind: 'cluster', cluster }, hour, who);
    await c.disarms.disarm({ kind: 'namespace', cluster, namespace }, 2 * hour, who);
    await c.disarms.rearm(one.ok ? one.disarm.id : '', { author: 'bob', reason: 'done' });
    expect(c.disarms.over(shop)).toMatchObject({ scope: { kind: 'namespace' } });
    expect(told().at(-1)).toMatchObject({
      sentence: 'cluster local is armed again: by bob; 1 more still cover some of it',
    });
  });

  it.each([
    ['too-long', 25 * hour, who],
    ['too-long', 0, who],
    ['too-long', Number.NaN, who],
    ['no-reason', hour, { ...who, reason: '' }],
  ])('is refused: %s', async (code, forMs, by) => {
    expect(await c.disarms.disarm({ kind: 'cluster', cluster }, forMs, by)).toMatchObject({
      ok: false,
      code,
    });
    expect(c.disarms.all).toEqual([]);
  });

  it('takes leases back, as far as their agents hear of it', async () => {
    const response = { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false } as const;
    c.trusted = [{ workload: shop, response, maxMode: 'kill' }];
    await c.granter.look();
    await c.disarms.disarm({ kind: 'cluster', cluster }, hour, who);
    await c.granter.look();
    expect(c.leases.map((l) => l.stops)).toEqual([1, 0]);
    expect(c.leases.at(-1)?.response.rules).toEqual([]);
  });
});
