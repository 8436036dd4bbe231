import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { skewUs } from '../../agent/core/lifetime.ts';
import { seededRandom } from '../../bench/statistics.ts';
import { lateUs, mostWithin } from './support/chaos-book.ts';
import { ChaosWorld } from './support/chaos-world.ts';

const seconds = process.env.WHORL_TEST_LONG === '1' ? 300 : 60;
const seed = Number(process.env.WHORL_TEST_SEED ?? 20_260_501);
const random = seededRandom(seed);
const budget = { stopsPerWorkload: 12, stopsPerCluster: 15 };
/** Brakes over a minute, so that they are at work and free up again within the test. */
const windowMs = 60_000;
const config = {
  mode: 'kill',
  brakeWindowMinutes: 1,
  ...budget,
  nodeShare: 1,
  ownerShare: 1,
  holdsPerWorkload: 25,
  holdsPerCluster: 25,
  rolloutMinutes: 0,
  // Half an hour by default: nothing would be ordered any more after the restore.
  settlingMinutes: 1,
  // A node of the test tells some 15 incidents in a second; the one that floods hundreds.
  floodPerSecond: 40,
};

let world: ChaosWorld;
beforeAll(async () => {
  world = await ChaosWorld.start({
    processes: 5,
    agentsEach: 10,
    perSecond: 12,
    floodPerSecond: 400,
    config,
    random,
  });
});
afterAll(() => world?.close());

const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)] as T;

/** One thing that goes wrong. */
async function mishap(): Promise<void> {
  const { proxy, groups } = world;
  const what = random();
  if (what < 0.2) {
    const group = pick(groups);
    await world.killAgents(group);
    await sleep(random() * 1000);
    world.startAgents(group);
  } else if (what < 0.4) {
    await world.killCollector();
    await sleep(random() * 1000);
    await world.startCollector();
  } else if (what < 0.5) {
    proxy.down();
    await sleep(1000 + random() * 3000);
    proxy.up();
  } else if (what < 0.7) proxy.cut(0.3);
  else if (what < 0.85) proxy.halfClose(0.2);
  else proxy.delay(0.3, 500 + random() * 3000);
}

async function goWrongFor(ms: number): Promise<void> {
  for (const end = Date.now() + ms; Date.now() < end; ) {
    await sleep(300 + random() * 1500);
    await mishap();
  }
}

describe('fifty agents whose processes, network and collector fail at random', () => {
  let db: Sqlite.Database;
  afterAll(() => db?.close());

  it(
    `run for ${seconds} s, the collector restored from a backup meanwhile, and everything is delivered (seed ${seed})`,
    async () => {
      const backup = join(world.dir, 'yesterday.tar');
      await goWrongFor((seconds * 1000) / 6);
      await world.backUp(backup);
      await goWrongFor((seconds * 1000) / 3);
      await world.restore(backup);
      await goWrongFor((seconds * 1000) / 2);
      await world.drain();
      db = new Sqlite(world.database, { readonly: true });
    },
    seconds * 4_000 + 120_000,
  );

  it('what agents had promised is stored, or counted where it was lost, for each of them', () => {
    const { book } = world;
    const nodes = world.groups.flatMap(({ agents }) => agents);
    const rows = new Map(
      db
        .prepare<
          [],
          {
            id: string;
            stored: number;
            missing: number;
            refused: number;
            restored: number;
            flooded: number;
            dropped: number;
          }
        >(
          `SELECT a.id, a.stored, a.missing, a.refused, coalesce(l.restored, 0) AS restored,
             coalesce(l.flooded, 0) AS flooded, coalesce(l.dropped, 0) AS dropped
           FROM agents a LEFT JOIN agent_losses l ON l.agent = a.id`,
        )
        .all()
        .map((row) => [row.id, row]),
    );
    expect(rows.size).toBe(nodes.length);
    const sum = { promised: 0, found: 0, lost: 0, folded: 0 };
    for (const { node, floods } of nodes) {
      const row = rows.get(book.agentOf(node));
      expect(row, node).toMatchObject({ missing: 0, refused: 0, dropped: 0 });
      expect(row?.stored, node).toBeGreaterThanOrEqual(book.highest(node));
      // Told on both sides, and the same.
      const told = book.lossesOf(node).reduce((n, { stored, acked }) => n + Math.max(0, acked - stored), 0);
      expect(row?.restored, node).toBe(told);
      const tally = book.tally(node, db, row?.flooded ?? 0);
      expect(tally.unexplained).toEqual([]);
      // Whoever comes back with a minute's backlog may be folded too; but as little as that is kept, and given out again.
      expect(tally.folded, node).toBeLessThanOrEqual(floods ? (row?.flooded ?? 0) : 0);
      expect(tally.promised).toBe(tally.found + tally.lost + tally.folded);
      for (const key of ['promised', 'found', 'lost', 'folded'] as const) sum[key] += tally[key];
    }
    const kills = book.done.filter(({ action }) => action.startsWith('kill')).length;
    console.log(
      `chaos: ${seconds} s, ${nodes.length} agents, ${world.kills} kills -9, ${sum.promised} records promised = ${sum.found} stored + ${sum.lost} counted as lost by the restore + ${sum.folded} folded in a flood; ${book.done.length} orders obeyed, ${kills} of them kills, most in a minute ${mostWithin(windowMs, book.done)}; ${book.done.length - book.doneBefore} orders after the restore`,
    );
    expect(sum.promised).toBeGreaterThan(seconds * 100);
    expect(sum.lost).toBeGreaterThan(0);
    expect(book.restoredTold).toBeGreaterThan(0);
    expect(book.floodsTold).toBeGreaterThan(0);
    expect(book.dropped).toBe(0);
  });

  it('nothing is stored twice, and what is shown of incidents adds up', () => {
    const one = <T>(sql: string): T => db.prepare<[], T>(sql).pluck().get() as T;
    expect(one<number>('SELECT count(*) - count(DISTINCT reason) FROM gaps')).toBe(0);
    expect(
      db
        .prepare(
          `SELECT i.id, i.count, sum(o.count) AS sum FROM incidents i LEFT JOIN occurrences o ON o.incident = i.id
           GROUP BY i.id HAVING i.count IS NOT sum(o.count)`,
        )
        .all(),
    ).toEqual([]);
    expect(
      one<number>('SELECT count(*) FROM occurrences WHERE incident NOT IN (SELECT id FROM incidents)'),
    ).toBe(0);
    expect(one<number>('SELECT count(*) FROM flooded')).toBe(0);
    expect(one<string>('PRAGMA integrity_check')).toBe('ok');
  });

  it('each order was obeyed once at most, in its time, on its own node; and the brakes held', () => {
    const { done, doneBefore } = world.book;
    const kills = done.filter(({ action }) => action.startsWith('kill'));
    expect(kills.length).toBeGreaterThan(budget.stopsPerWorkload / 2);
    const twice = [...Map.groupBy(done, ({ order }) => order)].filter(([, of]) => of.length > 1);
    expect(twice).toEqual([]);
    expect(
      [...Map.groupBy(kills, ({ target, node }) => `${node} ${target}`)].filter(([, of]) => of.length > 1),
    ).toEqual([]);
    expect(done.filter(({ node, orderNode }) => node !== orderNode)).toEqual([]);
    expect(done.filter((line) => lateUs(line) > skewUs)).toEqual([]);
    // What was ordered after the backup the restored collector does not know of.
    for (const part of [done.slice(0, doneBefore), done.slice(doneBefore)])
      expect(mostWithin(windowMs, part)).toBeLessThanOrEqual(budget.stopsPerWorkload);
  });
});
