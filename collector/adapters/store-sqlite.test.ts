import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Order } from '../../fingerprint/order.ts';
import type { Report } from '../../fingerprint/report.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { workloadKey } from '../../fingerprint/workload.ts';
import {
  aBehaviour,
  aGap,
  aNovelty,
  anIncident,
  anInstance,
  aSupport,
  shop,
} from '../../test/fakes/reports.ts';
import type { AgentHello, Delivery, OccurrenceFilter, ReadRecord } from '../ports.ts';
import { SqliteStore } from './store-sqlite.ts';

const hello: AgentHello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: 's1',
  version: '1',
  source: 'sensor',
  coverage: ['exec', 'open'],
  acked: 0,
};
const shopHash = sha256Hex(Buffer.from(workloadKey(shop)));

let dir: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-store-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  await store.openAgent(hello, 1);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const record = (seq: number, report: Report): ReadRecord => ({
  seq,
  report,
  json: Buffer.from(reportBytes(report)).toString(),
});
const delivery = (first: number, reports: readonly Report[], from: AgentHello = hello): Delivery => ({
  hello: from,
  records: reports.map((report, i) => record(first + i, report)),
});
const learned = async () => {
  const rows = await store.learned(shopHash);
  if (rows === undefined) throw new Error('nothing was learned');
  return rows;
};

const running = async () =>
  (await store.brakes.copies.around('a1', shop, 'any')).ofWorkload.map((copy) => copy.instance);

describe('ingest', () => {
  it('stores the same batch once', async () => {
    const batch = delivery(1, [aNovelty(0), aSupport([0]), aGap]);
    expect(await store.ingest(batch, 2)).toEqual({
      before: 0,
      stored: 3,
      missing: 0,
      placed: [],
      newDecisions: [],
    });
    expect(await store.ingest(batch, 3)).toEqual({
      before: 3,
      stored: 3,
      missing: 0,
      placed: [],
      newDecisions: [],
    });
    const [shown] = (await learned()).instances;
    expect(shown).toMatchObject({ events: 10, lost: 0, seen: { start: [], steady: [0] } });
  });

  it('takes only what is new of a batch that overlaps', async () => {
    await store.ingest(delivery(1, [aNovelty(0), aNovelty(1)]), 2);
    expect(await store.ingest(delivery(2, [aNovelty(1), aNovelty(2)]), 3)).toMatchObject({
      before: 2,
      stored: 3,
      missing: 0,
    });
    expect((await learned()).novelties.map((n) => n.ordinal)).toEqual([0, 1, 2]);
  });

  it('counts what an agent lost between two records', async () => {
    await store.ingest(delivery(1, [aGap]), 2);
    expect(await store.ingest(delivery(5, [aGap]), 3)).toMatchObject({ stored: 5, missing: 3 });
    expect((await store.agents())[0]).toMatchObject({ stored: 5, missing: 3 });
  });

  it('does not count as lost what another collector had acknowledged', async () => {
    expect(await store.ingest(delivery(41, [aGap], { ...hello, acked: 40 }), 2)).toMatchObject({
      missing: 0,
    });
  });

  it('counts agents apart', async () => {
    const other = { ...hello, agent: 'a2', node: 'node-2' };
    await store.openAgent(other, 2);
    await store.ingest(delivery(1, [aGap, aGap]), 2);
    expect(await store.ingest(delivery(1, [aGap], other), 2)).toMatchObject({ before: 0, stored: 1 });
    expect(await store.openAgent(hello, 4)).toBe(2);
    expect(await store.openAgent(other, 4)).toBe(1);
  });

  it('keeps the latest report of an incident, and one row of it', async () => {
    const report = (count: number): Report => ({ type: 'incident', incident: anIncident({ more: count }) });
    expect(await store.ingest(delivery(1, [report(0), report(1)]), 2)).toMatchObject({
      placed: [
        [1, '1'.repeat(64), 'opened'],
        [2, '1'.repeat(64), 'grew'],
      ],
    });
    expect(await store.ingest(delivery(3, [report(2)]), 2)).toMatchObject({
      placed: [[3, '1'.repeat(64), 'grew']],
    });
    const rows = await store.occurrences({ limit: 10 });
    expect(rows.map((r) => r.incident)).toEqual([anIncident({ more: 2 })]);
  });

  it('does not let one node overwrite the incident of another', async () => {
    await store.ingest(delivery(1, [{ type: 'incident', incident: anIncident() }]), 2);
    const theirs = anIncident({
      instance: { id: 'x', node: 'node-2', startedAt: 1 },
      sentence: 'nothing happened',
    });
    const other = { ...hello, agent: 'a2', node: 'node-2' };
    await store.openAgent(other, 2);
    await store.ingest(delivery(1, [{ type: 'incident', incident: theirs }], other), 3);
    expect((await store.occurrences({ limit: 10 }))[0]?.incident.sentence).toBe(anIncident().sentence);
  });

  it('acknowledges what is no report and keeps why', async () => {
    const refused: Delivery = { hello, records: [{ seq: 1, refused: 'SCHEMA' }, record(2, aGap)] };
    expect(await store.ingest(refused, 2)).toMatchObject({ stored: 2 });
    expect((await store.agents())[0]).toMatchObject({ refused: 1 });
  });

  it('lets deliveries that come together share a commit and answers each', async () => {
    const all = await Promise.all([1, 2, 3].map((seq) => store.ingest(delivery(seq, [aGap]), 2)));
    expect(all.map((i) => i.stored)).toEqual([1, 2, 3]);
  });
});

describe('what was learned', () => {
  it('is one behaviour whoever saw it, with the earliest time', async () => {
    const other = { ...hello, agent: 'a2', node: 'node-2' };
    await store.openAgent(other, 2);
    await store.ingest(delivery(1, [aNovelty(7, '/etc/a')]), 2);
    await store.ingest(
      delivery(1, [aNovelty(3, '/etc/b', 'shop-2'), aNovelty(0, '/etc/a', 'shop-2')], other),
      3,
    );
    const { novelties } = await learned();
    expect(novelties).toEqual([
      {
        ordinal: 0,
        behaviour: aBehaviour('/etc/a'),
        time: 1000,
        node: 'node-2',
        instance: 'shop-2',
        phase: 'steady',
      },
      {
        ordinal: 1,
        behaviour: aBehaviour('/etc/b'),
        time: 1003,
        node: 'node-2',
        instance: 'shop-2',
        phase: 'steady',
      },
    ]);
  });

  it('reads the bits of a support report by the dictionary of its own agent', async () => {
    const other = { ...hello, agent: 'a2', node: 'node-2' };
    await store.openAgent(other, 2);
    await store.ingest(delivery(1, [aNovelty(0, '/a'), aNovelty(1, '/b')]), 2);
    const theirs = [aNovelty(0, '/b', 'shop-2'), aSupport([0], { instance: 'shop-2' })];
    await store.ingest(delivery(1, theirs, other), 3);
    expect((await learned()).instances.map((i) => [i.instance.id, i.seen.steady])).toEqual([
      ['shop-1', [0, 1]],
      ['shop-2', [1]],
    ]);
  });

  it('takes a bit that no novelty explains for loss', async () => {
    await store.ingest(delivery(1, [aNovelty(0), aSupport([0, 9], { lost: 2 })]), 2);
    expect((await learned()).instances[0]).toMatchObject({ seen: { steady: [0] }, lost: 3 });
  });

  it('knows which copies run, and forgets them when their agent starts anew', async () => {
    await store.ingest(
      delivery(1, [anInstance('shop-1'), anInstance('shop-2'), anInstance('shop-2', 'exited')]),
      2,
    );
    expect(await running()).toEqual(['shop-1']);
    await store.openAgent({ ...hello, session: 's2' }, 3);
    expect(await running()).toEqual([]);
  });
});

describe('a new digest', () => {
  const at = (digit: string) => ({
    ...shop,
    subject: { ...shop.subject, digest: `sha256:${digit.repeat(64)}` },
  });
  const hashOf = (of: typeof shop) => sha256Hex(Buffer.from(workloadKey(of)));
  const ran = (of: typeof shop, startedAt: number): Report => ({
    type: 'instance',
    workload: of,
    instance: { id: `x${startedAt}`, node: 'node-1', startedAt },
    state: 'started',
    coverage: [],
    time: startedAt,
  });

  it('follows the one of the same copies that was active last before it', async () => {
    const [one, two, three] = [at('1'), at('2'), at('3')];
    const elsewhere = { ...at('4'), namespace: 'bank' };
    await store.ingest(
      delivery(1, [ran(one, 10), ran(two, 20), ran(elsewhere, 90), ran(three, 30), ran(one, 40)]),
      2,
    );
    expect(await store.predecessor(hashOf(three))).toBe(hashOf(one));
    expect(await store.predecessor(hashOf(two))).toBe(hashOf(one));
    // What came later is no predecessor, though both run.
    expect(await store.predecessor(hashOf(one))).toBeUndefined();
    expect(await store.predecessor(hashOf(elsewhere))).toBeUndefined();
  });
});

describe('a copy that starts again under the same id', () => {
  const starts = (startedAt: number, state: 'started' | 'found' | 'exited' = 'started'): Report => ({
    ...(anInstance('unit', state) as Extract<Report, { type: 'instance' }>),
    instance: { id: 'unit', node: 'node-1', startedAt },
  });
  const copies = async () =>
    (await learned()).instances.map((i) => [i.instance.id, i.instance.startedAt, i.state, i.seen.steady]);

  it('is evidence of its own, apart from what the one before has shown', async () => {
    const first = [starts(10), aNovelty(0, '/a', 'unit'), starts(10, 'exited')];
    const second = [starts(20), aNovelty(1, '/b', 'unit'), aSupport([0, 1], { instance: 'unit' })];
    await store.ingest(delivery(1, [...first, ...second]), 2);
    expect(await copies()).toEqual([
      ['unit', 20, 'started', [0, 1]],
      ['unit~10', 10, 'exited', [0]],
    ]);
    expect((await learned()).novelties.map((n) => n.instance)).toEqual(['unit~10', 'unit']);
    expect(await running()).toEqual(['unit']);
  });

  it('is the same one when its agent only found it again', async () => {
    await store.ingest(delivery(1, [starts(10), starts(30, 'found'), starts(40, 'found')]), 2);
    expect(await copies()).toEqual([['unit', 10, 'found', []]]);
  });
});

describe('what was signed of what was learned', () => {
  const row = { version: 1, phases: ['steady'] as const, signedAt: 9, envelope: Buffer.from('{"a":1}') };

  it('is the latest of its workload, and is for the agents that run it', async () => {
    const other = { ...hello, agent: 'a2', node: 'node-2' };
    await store.openAgent(other, 2);
    await store.ingest(delivery(1, [anInstance('shop-1')]), 2);
    await store.ingest(delivery(1, [anInstance('shop-2', 'exited', 'node-2')], other), 2);
    expect([await store.provisional(shopHash), await store.provisionals()]).toEqual([undefined, []]);
    await store.saveProvisional(shopHash, row);
    await store.saveProvisional(shopHash, { ...row, version: 2, phases: ['start', 'steady'] });
    expect(await store.provisional(shopHash)).toMatchObject({
      version: 2,
      phases: ['start', 'steady'],
      signedAt: 9,
    });
    expect([await store.provisionals(), await store.agentsOf(shopHash)]).toEqual([[shopHash], ['a1']]);
    expect((await store.provisionalsOf('a1')).map((e) => Buffer.from(e).toString())).toEqual(['{"a":1}']);
    expect(await store.provisionalsOf('a2')).toEqual([]);
  });
});

describe('what crontabs say', () => {
  it('is kept once, whichever copy tells it', async () => {
    const told = (id: string): Report => {
      const schedules = [{ timing: '@daily', command: 'backup' }];
      return { ...(anInstance(id) as Extract<Report, { type: 'instance' }>), schedules };
    };
    await store.ingest(delivery(1, [told('shop-1'), told('shop-2')]), 2);
    expect((await learned()).schedules).toEqual([{ timing: '@daily', command: 'backup' }]);
  });
});

describe('incidents, page by page', () => {
  const pay = { ...shop, namespace: 'pay' };
  const at = (id: string, last: number, workload = shop): Report => ({
    type: 'incident',
    incident: anIncident({ id: id.repeat(32), last, workload }),
  });
  const ids = async (filter: Omit<OccurrenceFilter, 'limit'>, limit = 10) =>
    (await store.occurrences({ ...filter, limit })).map(({ incident }) => incident.id.slice(0, 2));
  const behind = (last: number, id: string) => ({ before: { last, id: id.repeat(32) } });
  beforeEach(() => store.ingest(delivery(1, [at('aa', 5), at('bb', 7), at('cc', 7, pay), at('dd', 9)]), 2));

  it('go on after the last one of the page before, whatever came meanwhile', async () => {
    expect(await ids({}, 2)).toEqual(['dd', 'bb']);
    await store.ingest(delivery(5, [at('ee', 11)]), 3);
    expect(await ids(behind(7, 'bb'))).toEqual(['cc', 'aa']);
    expect(await ids(behind(5, 'aa'))).toEqual([]);
  });

  it('are those of the scope alone, also by name', async () => {
    const inShop = { scope: { clusters: [], namespaces: [shop.namespace] } };
    expect(await ids(inShop)).toEqual(['dd', 'bb', 'aa']);
    expect(await ids({ ...inShop, id: 'cc'.repeat(32) })).toEqual([]);
    expect(await ids({ ...inShop, idPrefix: 'c' })).toEqual([]);
    expect(await ids({ ...inShop, ...behind(7, 'bb') })).toEqual(['aa']);
    expect(await ids({ scope: { clusters: ['elsewhere'], namespaces: [] } })).toEqual([]);
  });

  it('are found by the beginning of their id', async () => {
    expect([
      await ids({ idPrefix: 'a' }),
      await ids({ idPrefix: 'aab' }),
      await ids({ idPrefix: '%' }),
    ]).toEqual([['aa'], [], []]);
  });
});

describe('orders and decisions', () => {
  it('go on record with the incident, when they are news', async () => {
    const incident = (seq: number, reason: string): ReadRecord => ({
      ...record(seq, { type: 'incident', incident: anIncident() }),
      ...(reason === '' ? {} : { reason }),
    });
    const one = async (seq: number, reason: string) =>
      (await store.ingest({ hello, records: [incident(seq, reason)] }, 100 + seq)).newDecisions;
    expect([
      await one(1, 'policy-mode'),
      await one(2, 'policy-mode'),
      await one(3, 'stale'),
      await one(4, ''),
    ]).toEqual([[1], [], [3], []]);
    const [row] = await store.occurrences({ limit: 1 });
    expect(row?.decisions.map((d) => d.reason)).toEqual(['stale', 'policy-mode']);
    const again = { time: 200, incident: anIncident().id, action: 'none', reason: 'stale' };
    expect([await store.saveDecision(again), await store.saveDecision({ ...again, action: 'hold' })]).toEqual(
      [false, true],
    );
  });

  it('come back with their receipt', async () => {
    const order: Order = {
      id: 'o1',
      action: 'hold',
      session: 's1',
      seq: 1,
      target: {
        node: 'node-1',
        instance: 'shop-1',
        process: { pid: 7, start: 8 },
        incident: anIncident().id,
      },
      reason: 'because',
      issuedAt: '2026-01-01T00:00:00Z',
      expiresAt: '2026-01-01T00:01:00Z',
    };
    const decision = {
      time: 10,
      incident: anIncident().id,
      action: 'hold',
      reason: 'approved-freeze',
    };
    const row = {
      order,
      envelope: Buffer.from('{}'),
      agent: 'a1',
      workload: workloadKey(shop),
      charge: 'c',
      issuedAt: 10,
    };
    await store.saveDecision(decision, row);
    expect((await store.ordersSince(9)).map((o) => [o.order, o.receipt])).toEqual([[order, undefined]]);
    const receipt = {
      order: 'o1',
      incident: anIncident().id,
      result: 'done',
      action: 'hold',
      stopped: [7],
    } as const;
    await store.ingest(
      delivery(1, [
        { type: 'incident', incident: anIncident() },
        { type: 'receipt', receipt },
      ]),
      11,
    );
    expect((await store.ordersSince(9))[0]?.receipt).toEqual(receipt);
    expect((await store.occurrences({ limit: 1 }))[0]).toMatchObject({
      orders: [order],
      receipts: [receipt],
      decisions: [decision],
    });
    expect(await store.ordersSince(10)).toEqual([]);
  });

  it('come back with several receipts in the order of their orders, behind what the agent did by itself', async () => {
    const incident = anIncident().id;
    const target = { node: 'node-1', instance: 'shop-1', process: { pid: 7, start: 8 }, incident };
    const times = { issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T00:01:00Z' };
    // Their ids are drawn: they tell no order.
    for (const [at, id] of ['c', 'b', 'a', 'd'].entries()) {
      const order: Order = {
        id,
        action: 'hold',
        session: 's1',
        seq: at,
        target,
        reason: 'because',
        ...times,
      };
      const about = { agent: 'a1', workload: workloadKey(shop), charge: 'c', issuedAt: 10 + (at >> 1) };
      const decision = { time: 10 + at, incident, action: 'hold', reason: 'by-hand' };
      await store.saveDecision(decision, { order, envelope: Buffer.from('{}'), ...about });
    }
    const receipt = (order: string): Report => ({
      type: 'receipt',
      receipt: { order, incident, result: 'done', stopped: [] },
    });
    const told = ['d', 'a', 'b', 'c', `lease:l1:${incident}`].map(receipt);
    await store.ingest(delivery(1, [{ type: 'incident', incident: anIncident() }, ...told]), 20);
    const [row] = await store.occurrences({ limit: 1 });
    expect(row?.receipts.map((r) => r.order)).toEqual([`lease:l1:${incident}`, 'c', 'b', 'a', 'd']);
  });
});

/** Every column of every table with its type, whatever their order. */
function columnsOf(file: string): unknown {
  const db = new Sqlite(file, { readonly: true, timeout: 0 });
  try {
    const sql = `SELECT m.name || '.' || c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || c.pk
      FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1`;
    return db.prepare(sql).pluck().all();
  } finally {
    db.close();
  }
}

describe('the file', () => {
  it('keeps everything over a restart', async () => {
    await store.ingest(delivery(1, [aNovelty(0), aGap]), 2);
    await store.saveSetting('mode', 'freeze');
    await store.saveFingerprint('sha256:x', Buffer.from('{}'), 1);
    await store.close();
    store = await SqliteStore.open(join(dir, 'whorl.db'));
    expect(await store.openAgent(hello, 5)).toBe(2);
    expect(await store.setting('mode')).toBe('freeze');
    expect((await store.fingerprints()).map(String)).toEqual(['123,125']);
    expect((await learned()).novelties).toHaveLength(1);
  });

  it('is refused while another has it open', async () => {
    await expect(SqliteStore.open(join(dir, 'whorl.db'))).rejects.toMatchObject({
      name: 'StoreError',
      code: 'in-use',
    });
  });

  it('of an older release is brought up to date, with everything it holds', async () => {
    const file = join(dir, 'v1.db');
    const db = new Sqlite(file);
    db.exec(readFileSync('test/fixtures/store/schema-v1.sql', 'utf8'));
    db.pragma('user_version = 1');
    const { cluster, namespace, owner, container, role, subject } = shop;
    const parts = [cluster, namespace, owner, container, role, subject.name, subject.digest];
    db.prepare('INSERT INTO workloads VALUES (7, ?, ?, ?, ?, ?, ?, ?, ?)').run('old', ...parts);
    const behaviour = JSON.stringify(aBehaviour('/data/0'));
    db.prepare("INSERT INTO novelties VALUES (7, 0, 'i', ?, 5, 'shop-1')").run(behaviour);
    db.exec(
      "INSERT INTO instances (workload, node, id, agent, seen) VALUES (7, 'node-1', 'shop-1', 'a1', x'01')",
    );
    db.close();

    const old = await SqliteStore.open(file);
    try {
      const found = await old.learned(shopHash);
      expect(found?.workload).toEqual(shop);
      expect(found?.novelties).toMatchObject([
        { ordinal: 0, behaviour: aBehaviour('/data/0'), phase: 'steady' },
      ]);
      expect(found?.instances).toMatchObject([{ seen: { start: [], steady: [0] } }]);
      await old.openAgent(hello, 1);
      await old.ingest(delivery(1, [aNovelty(0, '/data/1')]), 2);
      expect((await old.learned(shopHash))?.novelties).toHaveLength(2);
      const withEntry = { ...shop, entry: 'f'.repeat(16) };
      const incident = anIncident({ workload: withEntry });
      await old.ingest(delivery(2, [{ type: 'incident', incident }]), 3);
      expect((await old.workloads()).map((w) => w.workload.entry)).toEqual([undefined, 'f'.repeat(16)]);
    } finally {
      await old.close();
    }
    await store.close();
    expect(columnsOf(file)).toEqual(columnsOf(join(dir, 'whorl.db')));
    store = await SqliteStore.open(join(dir, 'whorl.db'));
  });

  it('is refused when a newer release wrote it', async () => {
    const file = join(dir, 'newer.db');
    const db = new Sqlite(file);
    db.pragma('user_version = 999');
    db.close();
    await expect(SqliteStore.open(file)).rejects.toThrow(/schema 999, this one reads up to 3/);
  });

  it('is refused when it is no database', async () => {
    const file = join(dir, 'text.db');
    writeFileSync(file, 'hello, I am a text file and no database at all'.repeat(100));
    await expect(SqliteStore.open(file)).rejects.toMatchObject({ code: 'not-a-database' });
  });

  it('is refused when its directory is missing', async () => {
    await expect(SqliteStore.open(join(dir, 'nowhere', 'x.db'))).rejects.toMatchObject({
      name: 'StoreError',
    });
  });
});
