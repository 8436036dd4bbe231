import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Incident } from '../../fingerprint/incident.ts';
import { shop } from '../fakes/reports.ts';
import { RestoredFleet } from './support/restored-fleet.ts';
import type { SmallFleet } from './support/small-fleet.ts';

const resumed = `version: 1
mode: kill
limits: {settlingMinutes: 0, rolloutMinutes: 0, nodeShare: 1, ownerShare: 1, stopsPerWorkload: 10}
rules: []
`;

/** In one row: each goes on from what the one before has left. */
describe('a collector that was put back to its backup of yesterday, under agents that live on', () => {
  let world: RestoredFleet;
  let fleet: SmallFleet;
  let third: Incident;
  beforeAll(async () => {
    world = await RestoredFleet.start();
    fleet = world.fleet;
  });
  afterAll(() => fleet?.close());

  const detailOf = async (node: string) => JSON.parse(await fleet.whorl(['agents', node, '--json']));
  const refused = () => fleet.told.filter(({ line }) => line.type === 'fingerprint-refused');

  it('lacks what it was told since: both sides count the same, and all goes on', async () => {
    for (const [node, agent] of fleet.agents) {
      const lost = world.lostOf(node);
      expect(lost).toBeGreaterThanOrEqual(20);
      const known = { stored: world.atBackup.get(node) ?? 0, acked: world.acked.get(node) };
      expect(fleet.linesOf(node, 'collector')).toEqual([
        { type: 'collector', state: 'restored', ...known, lost },
      ]);
      expect(agent.counters.snapshot()['lost.collector-restored']).toBe(lost);
      const of = await detailOf(node);
      expect(of).toMatchObject({ connected: true, stored: agent.spool.acked, missing: 0, refused: 0 });
      expect(of.lost).toMatchObject({ restored: lost, dropped: 0 });
      expect(of.troubles).toMatchObject([{ kind: 'restored', count: lost }]);
    }
    const audited = await fleet.whorl(['audit', 'list', '--type', 'restored']);
    expect(audited).toMatch(/restored local:\S+.*disk lost/);
  });

  it('hands out what it has; whoever has something newer says so, and keeps that', async () => {
    for (const [node, agent] of fleet.agents) {
      const codes = () => fleet.linesOf(node, 'fingerprint-refused').map(({ code }) => code);
      await fleet.until(() => codes().length === 2);
      // The fingerprint and the approval of it.
      expect(codes()).toEqual(['ROLLBACK', 'ROLLBACK']);
      expect(agent.judgedBy(shop)).toBe(2);
    }
    fleet.agents.get('node-2')?.heartbeat();
    await expect
      .poll(async () => (await detailOf('node-2')).counters)
      .toMatchObject({
        'fingerprints.refused.ROLLBACK': 2,
        'lost.collector-restored': world.lostOf('node-2'),
      });
  });

  it('stops and lends nothing by itself, since no budget knows of what was stopped today', async () => {
    const again = { ...world.today.incident, more: 1 };
    // Of a node that the backup knows, and of one that came after it.
    const both = [again, fleet.drifting('node-3', 'copy-6')];
    for (const incident of both) fleet.drift(incident);
    const decided = () =>
      fleet.lines
        .slice(world.before.lines)
        .filter(({ type }) => type === 'decision' || type === 'order')
        .map(({ incident }) => incident);
    await fleet.until(() => both.every(({ id }) => decided().includes(id)));
    const waiting = (await fleet.whorl(['held', '--json'])).split('\n').map((line) => JSON.parse(line));
    const held = { wanted: 'kill-subtree', done: 'none', reason: 'brake-settling' };
    expect(waiting).toMatchObject(both.map(() => held));
    expect(fleet.sent.slice(world.before.sent).filter(({ what }) => what !== 'fingerprint')).toEqual([]);
    const { id } = waiting.find(({ occurrence }) => occurrence === again.id);
    await fleet.whorl(['held', 'release', id, '--yes', '--reason', 'it is an attack']);
    await fleet.until(() => fleet.done.length === 2);
  });

  it('does so again when a person says so, and its orders and leases are taken', async () => {
    const set = ['policy', 'set', 'resumed.yaml', '--reason', 'looked at it'];
    await fleet.whorl(set, { 'resumed.yaml': resumed });
    third = fleet.drifting('node-1', 'copy-3');
    fleet.drift(third);
    await world.newLease();
    await fleet.until(() => fleet.done.length === 3);
    const incidents = [world.yesterday.incident, world.today.incident, third];
    expect(fleet.done.map(({ action, incident }) => [action, incident])).toEqual(
      incidents.map((incident) => ['kill-subtree', incident.id]),
    );
  });

  it('leaves orders and leases of before without effect, whoever kept them', async () => {
    const { yesterday, today, leaseOfToday } = world;
    await fleet.agents.get('node-1')?.take('order', today.order);
    await fleet.agents.get('node-1')?.take('order', yesterday.order);
    await fleet.agents.get('node-2')?.take('lease', leaseOfToday);
    const receipts = fleet.linesOf('node-1', 'receipt').map(({ receipt }) => receipt);
    expect(receipts.map(({ incident, result }) => [incident, result])).toEqual([
      [yesterday.incident.id, 'done'],
      [today.incident.id, 'done'],
      [third.id, 'done'],
      [today.incident.id, 'refused-sequence'],
      // It was obeyed once; who asks again is told so again.
      [yesterday.incident.id, 'done'],
    ]);
    expect(fleet.linesOf('node-2', 'lease-refused')).toMatchObject([{ code: 'refused-sequence' }]);
    expect(fleet.done).toHaveLength(3);
  });

  it('has what it lost handed out once more, and nothing is refused any more', async () => {
    const before = refused().length;
    await world.handOut(world.todays);
    expect(refused()).toHaveLength(before);
  });

  it('has all that was told afterwards; what it lost lies where the restore said', async () => {
    const toldIn = (db: Sqlite.Database) =>
      Object.fromEntries(
        db.prepare<[], [string, number]>('SELECT reason, count(*) FROM gaps GROUP BY reason').raw().all(),
      );
    const running = await fleet.read((db) => {
      expect(toldIn(db)).toEqual({ yesterday: 10, 'while it was away': 9, afterwards: 12 });
      return db.prepare("SELECT id FROM instances WHERE state <> 'exited' ORDER BY id").pluck().all();
    });
    expect(running).toEqual([1, 2, 3, 4, 5, 6].map((n) => `copy-${n}`));
    const aside = new Sqlite(world.aside, { readonly: true });
    expect(toldIn(aside)).toEqual({ yesterday: 10, today: 60 });
    aside.close();
  });
});
