import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import type { Report } from '../../../fingerprint/report.ts';
import { reportBytes } from '../../../fingerprint/report-json.ts';
import { workloadKey } from '../../../fingerprint/workload.ts';
import { anInstance, shop } from '../../../test/fakes/reports.ts';
import type { HeldOrder, OutLease } from '../../ports/brakes.ts';
import type { AgentHello } from '../../ports.ts';
import { SqliteStore } from '../store-sqlite.ts';

const hello: AgentHello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: 's1',
  version: '1',
  source: 'sensor',
  coverage: ['exec'],
  acked: 0,
};
const second: AgentHello = { ...hello, agent: 'a2', node: 'node-2' };
const hash = sha256Hex(Buffer.from(workloadKey(shop)));

let dir: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-brakes-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  for (const agent of [hello, second]) await store.openAgent(agent, 1);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

async function reopen(): Promise<void> {
  await store.close();
  store = await SqliteStore.open(join(dir, 'whorl.db'));
}

async function tell(from: AgentHello, ...reports: readonly Report[]): Promise<void> {
  const records = reports.map((report, i) => ({
    seq: i + 1,
    report,
    json: Buffer.from(reportBytes(report)).toString(),
  }));
  await store.ingest({ hello: from, records }, 77);
}

const lease: OutLease = {
  id: 'l1',
  agent: 'a1',
  session: 's1',
  workload: workloadKey(shop),
  stops: 2,
  ends: 1,
  spent: 0,
  since: 10,
  issuedAt: 20,
  expiresAt: 100,
  settled: false,
};
const held: HeldOrder = {
  id: 'h1',
  incident: 'i1',
  agent: 'a1',
  wanted: 'kill',
  done: 'hold',
  reason: 'brake-workload',
  sentence: 'held',
  since: 10,
  expires: 20,
  state: 'waiting',
};

describe('what runs where', () => {
  it('is told by agent, and only of copies their node told of', async () => {
    await tell(hello, anInstance('c1'), anInstance('c2'));
    await tell(second, anInstance('c3', 'started', 'node-2'), anInstance('c4', 'exited', 'node-2'));
    const around = await store.brakes.copies.around('a1', shop, 'c1');
    expect(around).toMatchObject({ onNode: 2, ofOwner: 3, isKnown: true, firstSeen: 77 });
    expect(around.ofWorkload.map((c) => `${c.agent} ${c.instance}`).toSorted()).toEqual([
      'a1 c1',
      'a1 c2',
      'a2 c3',
    ]);
    expect((await store.brakes.copies.around('a1', shop, 'c3')).isKnown).toBe(false);
    expect((await store.brakes.copies.around('a2', shop, 'c4')).isKnown).toBe(true);
  });

  it('is told of many workloads at once', async () => {
    await tell(hello, anInstance('c1'));
    await tell(second, anInstance('c3', 'started', 'node-2'));
    expect(await store.brakes.copies.held([hash, 'unknown'])).toMatchObject([
      { hash, agent: 'a1', instances: ['c1'], onNode: 1, ofOwner: 2 },
      { hash, agent: 'a2', instances: ['c3'], onNode: 1, ofOwner: 2 },
    ]);
  });
});

describe('leases', () => {
  it('outlive the collector, renewed and settled, with what came back of them', async () => {
    await store.brakes.leases.save([lease]);
    await store.brakes.leases.save([{ ...lease, issuedAt: 50, expiresAt: 200, settled: true }]);
    const receipt = { order: 'lease:l1:i1', incident: 'i1', result: 'done', stopped: [1] } as const;
    await tell(hello, { type: 'receipt', receipt });
    await tell(second, { type: 'receipt', receipt: { ...receipt, order: 'lease:l1:i2' } });
    await reopen();
    expect(await store.brakes.leases.since(150)).toEqual([
      { ...lease, issuedAt: 50, expiresAt: 200, settled: true, spent: 1 },
    ]);
    expect(await store.brakes.leases.since(200)).toEqual([]);
  });
});

describe('held orders', () => {
  it('outlive the collector, and are forgotten some time after their end', async () => {
    const { heldOrders } = store.brakes;
    await heldOrders.save(held);
    await heldOrders.save({ ...held, id: 'h2', incident: 'i2' });
    const ended = { at: 15, author: 'ada', reason: 'a test' };
    await heldOrders.save({ ...held, state: 'released', ended });
    await reopen();
    const again = store.brakes.heldOrders;
    expect(await again.of('h1')).toEqual({ ...held, state: 'released', ended });
    expect((await again.list('waiting', 10)).map((h) => h.id)).toEqual(['h2']);
    await again.forget(16);
    expect((await again.list(undefined, 10)).map((h) => h.id)).toEqual(['h2']);
  });
});

describe('disarms', () => {
  it('outlive the collector until they are over', async () => {
    const scope = { kind: 'workload', cluster: 'c', namespace: 'n', owner: 'Deployment/cart' } as const;
    const disarm = { id: 'd1', scope, author: 'ada', reason: 'a test', since: 1, until: 100 };
    await store.brakes.disarms.save(disarm);
    await reopen();
    expect(await store.brakes.disarms.until(99)).toEqual([disarm]);
    await store.brakes.disarms.save({ ...disarm, until: 50 });
    expect(await store.brakes.disarms.until(50)).toEqual([]);
  });
});

describe('what watches a node', () => {
  it('is remembered of the agent, and of an earlier one of its node', async () => {
    const { nodes } = store.brakes;
    const state = { software: { version: '1', source: 'sensor' }, changedAt: 5 };
    const later = { software: { version: '2', source: 'sensor', kernel: '6.1' }, changedAt: 9 };
    await nodes.save('a1', 'c', 'n1', state, 10);
    await nodes.save('a2', 'c', 'n1', later, 11);
    expect(await nodes.of('a1', 'c', 'n1')).toEqual(state);
    expect(await nodes.of('a3', 'c', 'n1')).toEqual(later);
    expect(await nodes.of('a3', 'other', 'n1')).toBeUndefined();
  });
});

describe('answers', () => {
  it('are kept as they were given first', async () => {
    await store.brakes.answers.save('k', 'one', 1);
    await store.brakes.answers.save('k', 'two', 2);
    expect(await store.brakes.answers.of('k')).toBe('one');
  });
});
