import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SegmentSpool } from '../agent/adapters/spool-segments.ts';
import { reportBytes } from '../fingerprint/report-json.ts';
import { aGap, anIncident } from '../test/fakes/reports.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import { readRecord } from './core/read-record.ts';
import { Floods } from './floods.ts';
import { Nodes } from './nodes.ts';
import type { AgentBeat, AgentHello, AgentLink, ReadRecord } from './ports.ts';
import type { StateLine } from './state-line.ts';

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const linkOf = (over: Partial<AgentHello> = {}): AgentLink => ({
  hello: {
    agent: 'a1',
    node: 'node-1',
    cluster: 'local',
    session: 's1',
    version: '1',
    source: 'sensor',
    coverage: ['exec'],
    acked: 0,
    ...over,
  },
  order: () => undefined,
  lease: () => undefined,
  fingerprint: () => undefined,
  refuse: () => undefined,
});

let dir: string;
let store: SqliteStore;
let now: number;
let told: StateLine[];
const present = new Set<string>();
let blind: boolean;
let nodes: Nodes;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-nodes-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  [now, told, blind] = [1_800_000_000_000, [], false];
  present.clear();
  nodes = makeNodes();
});
afterEach(async () => {
  await nodes.settled();
  await store.close();
  rmSync(dir, { recursive: true });
});

function makeNodes(): Nodes {
  return new Nodes({
    store: store.nodes,
    agents: store,
    isBlind: () => blind,
    isPresent: (agent) => present.has(agent),
    silentAfterMs: 60_000,
    now: () => now,
    log,
    tell: (line) => told.push(line),
  });
}

async function comes(link: AgentLink): Promise<number> {
  present.add(link.hello.agent);
  const forgotten = await nodes.came(link);
  await store.openAgent(link.hello, now);
  return forgotten;
}
const beat = (over: { ahead?: number; dropped?: number } = {}): AgentBeat => ({
  time: (now + (over.ahead ?? 0)) * 1000,
  counters: {},
  spool: { records: 0, bytes: 0, dropped: over.dropped ?? 0 },
});
const lines = () => told.flatMap((l) => (l.type === 'node-incident' ? [`${l.kind} ${l.state}`] : []));
const rows = async () => {
  await nodes.settled();
  return (await store.nodes.nodeIncidents({ limit: 100 })).map(
    ({ kind, count, closed }) => `${kind} ${count}${closed === undefined ? '' : ' closed'}`,
  );
};

describe('a node of which nothing is heard', () => {
  it('is an incident after a minute, once, and until it is heard of again', async () => {
    await comes(linkOf());
    for (const seconds of [30, 29, 1, 60]) {
      now += seconds * 1000;
      nodes.look();
    }
    expect(lines()).toEqual(['silent opened']);
    expect(nodes.stateOf('a1')).toBe('silent');
    nodes.heartbeat(linkOf(), beat());
    nodes.look();
    expect(lines()).toEqual(['silent opened', 'silent closed']);
    expect(await rows()).toEqual(['silent 1 closed']);
  });

  it('is one too when it does not come back to a collector that was started anew, with no second row', async () => {
    await comes(linkOf());
    now += 61_000;
    nodes.look();
    await nodes.settled();
    nodes = makeNodes();
    await nodes.restore();
    now += 61_000;
    nodes.look();
    expect(lines()).toEqual(['silent opened']);
    expect(await rows()).toEqual(['silent 1']);
  });

  it('is no more when its node comes back with another spool', async () => {
    await comes(linkOf());
    present.delete('a1');
    now += 61_000;
    nodes.look();
    await comes(linkOf({ agent: 'a2' }));
    expect(lines()).toEqual(['silent opened', 'silent closed']);
    expect(nodes.stateOf('a1')).toBeUndefined();
  });
});

describe('what is wrong with a node besides', () => {
  it('has a row of its own each, which counts on while it is open', async () => {
    await comes(linkOf());
    nodes.missing(linkOf().hello, 3);
    nodes.missing(linkOf().hello, 4);
    blind = true;
    nodes.look();
    nodes.heartbeat(linkOf(), beat({ ahead: 3_600_000 }));
    expect(await rows()).toEqual(['clock 1', 'blind 1', 'gap 7']);
    blind = false;
    nodes.heartbeat(linkOf(), beat());
    nodes.look();
    now += 3_600_000;
    nodes.heard('a1');
    nodes.look();
    expect(await rows()).toEqual(['clock 1 closed', 'blind 1 closed', 'gap 7 closed']);
  });

  it('counts what an outage cost by the very number of the spool that was too small for it', async () => {
    await comes(linkOf());
    const spool = await SegmentSpool.open({ dir: join(dir, 'spool'), capBytes: 4_096 });
    const bytes = reportBytes(aGap);
    let kept = 0;
    for (let i = 0; i < 1_000; i++) if (spool.append(bytes) !== undefined) kept += 1;
    await spool.flush();
    const { dropped, records } = spool.stats();
    expect(kept).toBe(records);
    for (const total of [0, dropped - 5, dropped, dropped])
      nodes.heartbeat(linkOf(), beat({ dropped: total }));
    expect(await rows()).toEqual([`spool-dropped ${dropped}`]);
    const waiting: ReadRecord[] = (await spool.after(0, 2_000)).map(({ seq }) => ({
      seq,
      report: aGap,
      json: Buffer.from(bytes).toString(),
    }));
    const { stored, missing } = await store.ingest({ hello: linkOf().hello, records: waiting }, now);
    expect(stored + dropped).toBe(1_000);
    expect(missing).toBe(0);
    expect(await store.nodes.losses()).toMatchObject([{ dropped }]);
    await spool.close();
  });

  it('tells how much a restored collector lacks', async () => {
    expect(await comes(linkOf({ acked: 70, epoch: 'e'.repeat(32) }))).toBe(70);
    expect(await comes(linkOf({ acked: 70, epoch: 'e'.repeat(32) }))).toBe(0);
    expect(await rows()).toEqual(['restored 70']);
    expect(told).toMatchObject([
      { detail: 'restored from a backup: 70 records acknowledged after it are not here' },
    ]);
  });
});

describe('a flood', () => {
  it('is folded, counted to the last record, and goes its way when it is over', async () => {
    const link = linkOf();
    await comes(link);
    const floods = new Floods({
      store: store.nodes,
      nodes,
      limits: { perSecond: 10, burst: 100 },
      now: () => now,
      log,
    });
    let seq = 0;
    const send = async (n: number, more: number) => {
      const incident = anIncident({ id: n.toString(16).padStart(64, '0'), more, severity: 'low' });
      const json = Buffer.from(reportBytes({ type: 'incident', incident })).toString();
      const passage = floods.judge(link, incident);
      seq += 1;
      const record: ReadRecord = passage.passes
        ? { seq, report: { type: 'incident', incident }, json, ...(passage.unfolds ? { unfolds: true } : {}) }
        : { seq, json, folded: { id: incident.id, rank: 0, ...passage.kept } };
      return record;
    };
    const records = await Promise.all(Array.from({ length: 500 }, (_, i) => send(i % 250, i)));
    expect(await store.ingest({ hello: link.hello, records }, now)).toMatchObject({
      stored: 500,
      missing: 0,
    });
    expect(await store.occurrences({ limit: 1_000 })).toHaveLength(50);
    const out: string[] = [];
    const unfold = async (_: AgentLink, texts: readonly string[]) => {
      out.push(...texts);
      const again = texts.flatMap((json, at): ReadRecord[] => {
        const read = readRecord('incident', Buffer.from(json), link.hello);
        return 'refused' in read ? [] : [{ seq: at + 1, json, report: read.report, unfolds: true }];
      });
      await store.unfold({ hello: link.hello, records: again }, now);
    };
    await floods.look(unfold);
    expect(out).toEqual([]);
    expect(await rows()).toEqual(['flood 450']);
    for (let second = 0; second < 20; second++) {
      now += 1_000;
      await floods.look(unfold);
    }
    // Of each the last state, once.
    expect(new Set(out).size).toBe(250);
    const kept = await store.occurrences({ limit: 1_000 });
    expect(kept.map(({ incident }) => incident.more).toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 250 }, (_, i) => i + 250),
    );
    expect(await store.nodes.foldedIds()).toEqual([]);
    expect(await rows()).toEqual(['flood 450 closed']);
    expect(await store.nodes.losses()).toMatchObject([{ flooded: 450 }]);
  });
});
