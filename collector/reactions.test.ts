import { afterEach, describe, expect, it } from 'vitest';
import type { Incident } from '../fingerprint/incident.ts';
import { BrakedCollector } from '../test/fakes/braked-collector.ts';
import { aDrift, anIncident } from '../test/fakes/reports.ts';

let c: BrakedCollector;
afterEach(() => c.stop());

let count = 0;
/** Of another cause than every other one. */
function drifting(agent: string, copy: string, over: Partial<Incident> = {}): Incident {
  count += 1;
  const drift = { ...aDrift, key: count.toString(16).padStart(64, '0') };
  const about = {
    id: String(count).padStart(64, '0'),
    instance: { id: copy, node: `node-${agent}`, startedAt: 5 },
  };
  return anIncident({ ...about, drifts: [drift], ...over });
}
const actions = () => c.orders.map((o) => o.action);
const killed = () => actions().filter((a) => a === 'kill-subtree').length;

describe('100 copies that drift at once', () => {
  it('are stopped up to the budget; the rest is held and visible', async () => {
    c = await BrakedCollector.start();
    const all: [string, Incident][] = [];
    for (let n = 0; n < 20; n++) {
      const copies = [0, 1, 2, 3, 4].map((i) => `copy-${n}-${i}`);
      await c.agent(`a${n}`, copies);
      for (const copy of copies) all.push([`a${n}`, drifting(`a${n}`, copy)]);
    }
    for (const [agent, incident] of all) await c.incident(agent, incident);
    expect(killed()).toBe(3);
    expect(actions().filter((a) => a === 'hold')).toHaveLength(10);
    const held = await c.held.list('waiting', 1000);
    expect(held).toHaveLength(97);
    expect(new Set(held.map((h) => h.done))).toEqual(new Set(['hold', 'none']));
    expect(held.find((h) => h.reason === 'brake-workload')?.sentence).toBe(
      'the drifting processes are held: 3 of 3 stops of this workload in ten minutes',
    );
  });
});

describe('a rollout', () => {
  it('is held and asked, also on the first node when the second has told by then', async () => {
    c = await BrakedCollector.start({ rolloutMs: 1_800_000 });
    for (const agent of ['a1', 'a2', 'a3']) await c.agent(agent, [`copy-${agent}`]);
    const drift = { ...aDrift, origin: 'image' as const };
    const incidents = ['a1', 'a2'].map((a) => drifting(a, `copy-${a}`, { drifts: [drift] }));
    await c.incident('a1', ...incidents.slice(0, 1));
    await c.incident('a2', ...incidents.slice(1));
    expect(actions()).toEqual(['kill-subtree', 'hold']);
    const [held] = await c.held.list('waiting', 10);
    expect(held).toMatchObject({ wanted: 'kill-subtree', done: 'hold', reason: 'brake-rollout' });
  });
});

describe('a stop that was carried out', () => {
  it('is put before nobody when its receipt comes after the brakes have closed', async () => {
    c = await BrakedCollector.start({ rolloutMs: 1_800_000 });
    for (const agent of ['a1', 'a2']) await c.agent(agent, [`copy-${agent}`]);
    const drifts = [{ ...aDrift, origin: 'image' as const }];
    await c.incident('a1', drifting('a1', 'copy-a1', { drifts }));
    await c.incident('a2', drifting('a2', 'copy-a2', { drifts }));
    const [order] = c.orders;
    if (order === undefined) throw new Error('no order');
    const { incident } = order.target;
    const done = { result: 'done', action: 'kill-subtree', stopped: [4711] } as const;
    await c.receipt('a1', { order: order.id, incident, ...done });
    expect(actions()).toEqual(['kill-subtree', 'hold']);
    const held = await c.held.list('waiting', 10);
    expect(held.map((h) => h.agent)).toEqual(['a2']);
  });
});

describe('one node whose certificate forges 1 000 drifts', () => {
  it('does not keep a real attack elsewhere from being stopped', async () => {
    c = await BrakedCollector.start({ ownerShare: 1, stopsPerWorkload: 10 });
    // It forges copies, too: its share of the node's copies is no limit to it.
    await c.agent('evil', ['copy-e', ...Array.from({ length: 200 }, (_, i) => `forged-${i}`)]);
    await c.agent('good', ['copy-g']);
    await c.incident('evil', ...Array.from({ length: 1000 }, () => drifting('evil', 'copy-e')));
    expect(killed()).toBe(5);
    await c.incident('good', drifting('good', 'copy-g'));
    expect(c.orders.at(-1)).toMatchObject({ action: 'kill-subtree', target: { node: 'node-good' } });
  }, 120_000);

  it('puts off a real attack elsewhere by one decision, not by a thousand', async () => {
    c = await BrakedCollector.start({ ownerShare: 1, stopsPerWorkload: 10 });
    await c.agent('evil', ['copy-e']);
    await c.agent('good', ['copy-g']);
    const forged = Array.from({ length: 1000 }, () => drifting('evil', 'copy-e'));
    const real = drifting('good', 'copy-g');
    await c.tell('evil', ...forged.map((incident) => ({ type: 'incident', incident }) as const));
    await c.tell('good', { type: 'incident', incident: real });
    for (const incident of forged) c.reactions.incident(incident, 'evil');
    c.reactions.incident(real, 'good');
    await c.reactions.settled();
    const stopped = c.orders.filter((o) => o.action === 'kill-subtree').map((o) => o.target.incident);
    expect(stopped.indexOf(real.id)).toBe(1);
  }, 120_000);

  it('has nothing stopped in the name of a copy it never had', async () => {
    c = await BrakedCollector.start();
    await c.agent('evil', ['copy-e']);
    await c.agent('good', ['copy-g']);
    await c.incident('evil', drifting('evil', 'copy-g'));
    expect(c.orders).toEqual([]);
    expect(c.reactions.unknownInstances).toBe(1);
    expect(c.lines.at(-1)).toMatchObject({ type: 'decision', action: 'none', reason: 'unknown-instance' });
    expect(await c.held.list('waiting', 10)).toEqual([]);
  });
});

describe('a charge', () => {
  it('is given back by an agent that stopped nothing, and not by one that says nothing', async () => {
    c = await BrakedCollector.start({ nodeShare: 1, ownerShare: 1, stopsPerWorkload: 1 });
    await c.agent('a1', ['copy-1']);
    await c.incident('a1', drifting('a1', 'copy-1'));
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(actions()).toEqual(['kill-subtree', 'hold']);
    const [order] = c.orders;
    if (order === undefined) throw new Error('no order');
    const { incident } = order.target;
    await c.receipt('a1', { order: order.id, incident, result: 'refused-no-drift', stopped: [] });
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(actions()).toEqual(['kill-subtree', 'hold', 'kill-subtree']);
  });

  it('counts over a restart of the collector, for as long as the order may be obeyed and ten minutes more', async () => {
    c = await BrakedCollector.start({ stopsPerWorkload: 1 });
    await c.agent('a1', ['copy-1']);
    await c.incident('a1', drifting('a1', 'copy-1'));
    await c.restart();
    await c.agent('a1', ['copy-1'], { session: '2'.repeat(32) });
    c.now += 660_000;
    await c.incident('a1', drifting('a1', 'copy-1'));
    c.now += 10_000;
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(actions()).toEqual(['kill-subtree', 'hold', 'kill-subtree']);
  });
});

describe('a clock that was set back an hour', () => {
  it('lets what was spent before a restart brake for the usual time, not for an hour more', async () => {
    c = await BrakedCollector.start({ stopsPerWorkload: 1 });
    await c.agent('a1', ['copy-1']);
    await c.incident('a1', drifting('a1', 'copy-1'));
    const [first] = c.orders;
    c.now -= 3_600_000;
    await c.restart();
    await c.agent('a1', ['copy-1']);
    await c.incident('a1', drifting('a1', 'copy-1'));
    c.now += 670_000;
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(actions()).toEqual(['kill-subtree', 'hold', 'kill-subtree']);
    expect(c.orders.at(-1)?.session).toBe(first?.session);
    expect(c.orders.at(-1)?.seq).toBeGreaterThan(first?.seq ?? 0);
  });
});

describe('a node that was updated', () => {
  it('is alerted on at most for half an hour, over a restart of the collector', async () => {
    c = await BrakedCollector.start();
    await c.agent('a1', ['copy-1']);
    await c.restart();
    await c.agent('a1', ['copy-1'], { version: '2', session: '2'.repeat(32) });
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(c.orders).toEqual([]);
    expect(await c.held.list('waiting', 10)).toMatchObject([{ reason: 'brake-settling', done: 'none' }]);
    c.now += 1_800_000;
    await c.incident('a1', drifting('a1', 'copy-1'));
    expect(actions()).toEqual(['kill-subtree']);
  });
});

describe('an agent that acts by itself', () => {
  it('is not ordered what its lease covers, and its receipt is the charge', async () => {
    c = await BrakedCollector.start();
    await c.agent('a1', ['copy-1', 'copy-2']);
    const incident = drifting('a1', 'copy-1');
    const { workload } = incident;
    const response = { rules: [{ mode: 'kill' }], killScope: 'subtree', stopInteractive: false } as const;
    c.trusted = [{ workload, response, maxMode: 'kill' }];
    await c.granter.look();
    const [lease] = c.leases;
    expect(lease).toMatchObject({ stops: 1, node: 'node-a1' });
    await c.incident('a1', incident);
    expect(c.lines.at(-1)).toMatchObject({ action: 'none', reason: 'leased' });
    const receipt = {
      incident: incident.id,
      result: 'done',
      action: 'kill-subtree',
      stopped: [4711],
    } as const;
    await c.receipt('a1', { ...receipt, order: `lease:${lease?.id}:${incident.id}` });
    expect(c.orders).toEqual([]);
    await c.incident('a1', drifting('a1', 'copy-2'));
    expect(actions()).toEqual(['hold']);
  });
});
