import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseTime } from '../../fingerprint/time.ts';
import { SmallFleet } from './support/small-fleet.ts';

const hourMs = 3_600_000;

let fleet: SmallFleet;
afterEach(() => fleet?.close());

describe("a collector whose machine's clock is set back an hour", () => {
  let clockFile: string;
  const config = { rolloutMinutes: 0, nodeShare: 1, ownerShare: 1, stopsPerWorkload: 10 };
  beforeEach(async () => {
    fleet = new SmallFleet();
    clockFile = join(fleet.dir, 'clock');
    setClock(0);
    await fleet.startCollector({ ...config, clockFile });
  });
  const setClock = (ms: number): void => writeFileSync(clockFile, String(ms));

  it('goes on numbering its orders upwards, they are obeyed in their time, and it says what happened', async () => {
    await fleet.agent('node-1', ['copy-1', 'copy-2', 'copy-3']);
    for (const [at, off] of [0, -hourMs, 0].entries()) {
      setClock(off);
      fleet.drift(fleet.drifting('node-1', `copy-${at + 1}`));
      await fleet.until(() => fleet.done.length === at + 1);
    }
    const seqs = fleet.orders.map(({ seq }) => seq);
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
    expect(new Set(seqs).size).toBe(3);
    expect(fleet.done.map(({ action }) => action)).toEqual(Array(3).fill('kill-subtree'));
    // Its own time goes on, so what it signs is neither over nor in the future for whoever has the right one.
    for (const { order, at } of fleet.done)
      expect(Math.abs(at - (parseTime(order.issuedAt) ?? 0))).toBeLessThan(60e6);
    const steps = fleet.lines
      .filter(({ type }) => type === 'clock')
      .map(({ byMs }) => Math.round(Number(byMs) / 60_000));
    expect(steps).toEqual([-60, 60]);
  });
});

describe('the database of a collector', () => {
  const refused = async (): Promise<string> => {
    const second = fleet.launch({});
    expect(await second.ended()).toBe(2);
    return second.said;
  };

  it('that another process has locked keeps it from starting, and it says so; then it starts', async () => {
    fleet = await SmallFleet.start();
    await fleet.agent('node-1', ['copy-1']);
    fleet.collector.kill('SIGKILL');
    await fleet.collector.ended();
    const other = new Sqlite(fleet.database);
    other.exec('BEGIN IMMEDIATE');
    expect(await refused()).toMatch(/^whorl: another .* already .*\n$/);
    other.exec('ROLLBACK');
    other.close();
    const agent = fleet.agents.get('node-1');
    await fleet.startCollector();
    fleet.drift(fleet.drifting('node-1', 'copy-1'));
    await agent?.drained();
    expect(await fleet.read((db) => db.prepare('SELECT stored, missing FROM agents').get())).toMatchObject({
      missing: 0,
    });
  });

  it('is its own while it runs: neither another collector nor another program writes to it, and it goes on', async () => {
    fleet = await SmallFleet.start();
    const agent = await fleet.agent('node-1', ['copy-1']);
    expect(await refused()).toContain(`another collector with pid ${fleet.collector.pid} already runs on`);
    const other = new Sqlite(fleet.database, { timeout: 0 });
    expect(() => other.exec('BEGIN IMMEDIATE')).toThrow(/locked/);
    expect(() => other.prepare('SELECT count(*) FROM agents').get()).toThrow(/locked/);
    other.close();
    fleet.drift(fleet.drifting('node-1', 'copy-1'));
    await agent.drained();
    expect(
      await fleet.read((db) => db.prepare<[], number>('SELECT count(*) FROM occurrences').pluck().get()),
    ).toBe(1);
  });
});
