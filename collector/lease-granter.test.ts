import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { shop } from '../test/fakes/reports.ts';

const response = { rules: [{ mode: 'kill' }], killScope: 'container', stopInteractive: false } as const;

let c: BrakedCollector;
beforeEach(async () => {
  c = await BrakedCollector.start();
  c.trusted = [{ workload: shop, response, maxMode: 'kill' }];
  await c.agent('a1', ['copy-1', 'copy-2']);
});
afterEach(() => c.stop());

const look = async (ms: number) => {
  c.now += ms;
  c.beat('a1');
  await c.granter.look();
};
const out = async () => (await c.store.brakes.leases.since(0)).map(({ id, settled }) => [id, settled]);

describe('leases', () => {
  it('are on record before they are sent, and bound to node, session and workload', async () => {
    await look(0);
    expect(c.leases).toMatchObject([{ node: 'node-a1', stops: 1, ends: 1, maxMode: 'kill', response }]);
    expect(await out()).toEqual([[c.leases[0]?.id, false]]);
  });

  it('are renewed under the same name before half of their minute is over, with numbers that grow', async () => {
    for (const ms of [0, 5_000, 25_000]) await look(ms);
    const [one, two] = c.leases;
    expect(c.leases).toHaveLength(2);
    expect(two?.id).toBe(one?.id);
    expect(two?.seq).toBeGreaterThan(one?.seq ?? 0);
    expect(two?.expiresAt).toBe(c.now + 60_000);
  });

  it('that a restarted collector had out are counted, and nothing is given beside them', async () => {
    await look(0);
    await c.restart();
    await c.agent('a1', ['copy-1', 'copy-2'], { session: '2'.repeat(32) });
    await look(5_000);
    expect(c.leases.filter((l) => l.stops > 0)).toHaveLength(1);
    await look(665_000);
    expect(c.leases.filter((l) => l.stops > 0)).toHaveLength(2);
  });

  it('that were not spent come back when their agent has told all', async () => {
    await look(0);
    c.trusted = [];
    await look(90_000);
    expect((await out()).map(([, settled]) => settled)).toEqual([false]);
    await look(5_000);
    expect((await out()).map(([, settled]) => settled)).toEqual([true]);
  });

  it.each<[string, () => unknown]>([
    ['to agents that know none', () => c.present.clear()],
    ['where nobody approved it any more', () => Object.assign(c, { trusted: [] })],
    ['to a node that has changed', () => c.agent('a1', ['copy-1'], { version: '2' })],
  ])('are not given %s', async (_where, change) => {
    await change();
    await c.granter.look();
    expect(c.leases).toEqual([]);
  });

  it('without stops tell an agent what the site wishes, once', async () => {
    c.trusted = [{ workload: shop, response, maxMode: 'freeze' }];
    for (const ms of [0, 30_000, 30_000]) await look(ms);
    expect(c.leases).toMatchObject([{ stops: 0, ends: 0, maxMode: 'freeze', response }]);
  });
});
