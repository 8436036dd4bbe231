import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { afterAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../bench/statistics.ts';
import { Child } from '../fakes/children.ts';

const rounds = process.env.WHORL_TEST_LONG === '1' ? 200 : 20;
const seed = Number(process.env.WHORL_TEST_SEED ?? 20_260_501);
/** In bursts of 64, so that a kill often meets records between two of the places they pass. */
const perSecond = 4000;

const dir = mkdtempSync(join(tmpdir(), 'whorl-kill9-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

/** Promised to the node: what the agent printed was on its disk before. */
const promised = new Map<number, string>();
const shownAsNew = new Map<string, number>();
let ready: Record<string, unknown> = {};

async function startCollector(): Promise<Child> {
  const listen = typeof ready.address === 'string' ? ready.address : '127.0.0.1:0';
  const collector = new Child(
    new URL('../fakes/collector-process.ts', import.meta.url),
    // One node reports here what a thousand do: what is meant is that nothing is lost, not that it is folded.
    { dataDir: dir, listen, eventsJson: true, logLevel: 'error', floodPerSecond: 100_000 },
    (line) => {
      if (line.type === 'incident' && line.isNew === true) {
        const { id } = line.incident as { id: string };
        shownAsNew.set(id, (shownAsNew.get(id) ?? 0) + 1);
      }
    },
  );
  ready = await collector.line((line) => line.type === 'collector-ready');
  return collector;
}

function startAgent(rate = perSecond): Child {
  const { address, caFile } = ready;
  return new Child(
    new URL('../fakes/agent-process.ts', import.meta.url),
    { dir: join(dir, 'agent'), address, caFile, perSecond: rate },
    (line) => {
      if (typeof line.seq !== 'number') return;
      // A number that is promised twice for two records would be loss that no high water shows.
      expect(promised.get(line.seq) ?? line.id).toBe(line.id);
      promised.set(line.seq, String(line.id));
    },
  );
}

describe('kill -9 at random under load', () => {
  it(
    `loses nothing that was promised and shows nothing twice in ${rounds} rounds (seed ${seed})`,
    async () => {
      const random = seededRandom(seed);
      let collector = await startCollector();
      let agent = startAgent();
      for (let round = 0; round < rounds; round++) {
        const victim = round % 2 === 0 ? agent : collector;
        // A time after the stream is up or not yet: both happen.
        await sleep(200 + random() * 800);
        victim.kill('SIGKILL');
        await victim.ended();
        if (victim === agent) agent = startAgent();
        else collector = await startCollector();
      }
      agent.kill('SIGKILL');
      await agent.ended();
      const last = startAgent(0);
      await last.line((line) => line.drained === 0);
      await last.ended();
      collector.kill('SIGTERM');
      expect(await collector.ended()).toBe(0);

      const db = new Sqlite(join(dir, 'collector', 'whorl.db'), { readonly: true });
      const agents = db.prepare('SELECT stored, missing, refused FROM agents').all();
      const gaps = new Map(db.prepare<[], [number, string]>('SELECT seq, reason FROM gaps').raw().all());
      const incidents = db.prepare<[], string>('SELECT id FROM incidents').pluck().all();
      db.close();

      const highest = [...promised.keys()].reduce((a, b) => Math.max(a, b), 0);
      expect(promised.size).toBeGreaterThan(rounds * 50);
      expect(agents).toHaveLength(1);
      expect(agents[0]).toMatchObject({ missing: 0, refused: 0 });
      expect(agents[0]).toHaveProperty(
        'stored',
        expect.toSatisfy((stored: number) => stored >= highest),
      );
      const isGap = (id: string) => Number(id.split('-')[1]) % 4 === 0;
      expect([...promised].filter(([seq, id]) => isGap(id) && gaps.get(seq) !== id)).toEqual([]);
      expect(new Set(gaps.values()).size).toBe(gaps.size);
      const known = new Set(incidents);
      expect([...promised.values()].filter((id) => !isGap(id) && !known.has(incidentOf(id)))).toEqual([]);
      expect(shownAsNew.size).toBeGreaterThan(incidents.length / 2);
      expect([...shownAsNew.values()].filter((times) => times > 1)).toEqual([]);
      console.log(
        `kill -9: ${rounds} rounds, ${promised.size} records promised, ${incidents.length} incidents, 0 lost`,
      );
    },
    rounds * 10_000,
  );
});

function incidentOf(id: string): string {
  const [run = '', n] = id.split('-');
  return `${run}${String(Math.floor(Number(n) / 4)).padStart(48, '0')}`;
}
