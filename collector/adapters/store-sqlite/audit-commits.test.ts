import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Receipt } from '../../../fingerprint/order.ts';
import type { Report } from '../../../fingerprint/report.ts';
import { reportBytes } from '../../../fingerprint/report-json.ts';
import { aNote } from '../../../test/fakes/audit-world.ts';
import { auditRecord } from '../../core/audit-entry.ts';
import type { AgentHello, OrderRow } from '../../ports.ts';
import { SqliteStore } from '../store-sqlite.ts';

const hello: AgentHello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: 's1',
  version: '1',
  source: 'sensor',
  coverage: [],
  acked: 0,
};
const decision = { time: 10, incident: 'i1', action: 'hold', reason: 'approved' };
const orderOf = (id: string): OrderRow => ({
  order: {
    id,
    action: 'hold',
    session: 's1',
    seq: 1,
    target: { node: 'node-1', instance: 'shop-1', process: { pid: 7, start: 8 }, incident: 'i1' },
    reason: 'because',
    issuedAt: '2026-01-01T00:00:00Z',
    expiresAt: '2026-01-01T00:01:00Z',
  },
  envelope: Buffer.from('{}'),
  agent: 'a1',
  workload: 'w',
  charge: 'c',
  issuedAt: 10,
});
const entry = auditRecord(aNote(1, { type: 'order' }), 10);

let dir: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-audit-commits-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  await store.openAgent(hello, 1);
  await store.openAgent({ ...hello, agent: 'a2', node: 'node-2' }, 1);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const told = (seq: number, receipt: Receipt, from = hello) => {
  const report: Report = { type: 'receipt', receipt };
  const json = Buffer.from(reportBytes(report)).toString();
  return store.ingest({ hello: from, records: [{ seq, report, json }] }, 20);
};
const types = async () => (await store.audit.entries({ limit: 9 })).map((row) => `${row.type} ${row.author}`);

it('an order and its entry are stored together, or neither is', async () => {
  await store.saveDecision(decision, orderOf('o1'), entry);
  expect(await types()).toEqual(['order local:root']);
  // The same id again breaks the commit after the entry was made.
  await expect(store.saveDecision({ ...decision, time: 11 }, orderOf('o1'), entry)).rejects.toThrow();
  await Promise.all([store.audit.append([entry]), store.saveDecision(decision, orderOf('o2'), entry)]);
  expect(await store.audit.size()).toBe(3);
  expect(await store.audit.check({ size: 0, peaks: [] }, 3, 0)).toMatchObject({ size: 3 });
});

it('a commit that fails takes its entries back, and the next ones have their places', async () => {
  const late = [
    store.audit.append([entry, entry]),
    store.saveDecision(decision, orderOf('o1')),
    store.saveDecision(decision, orderOf('o1')),
  ];
  expect((await Promise.allSettled(late)).map((r) => r.status)).toEqual(['rejected', 'rejected', 'rejected']);
  expect(await store.audit.append([entry])).toEqual([0]);
});

it('a receipt is on record once, and only of an order that the agent was given', async () => {
  await store.saveDecision(decision, orderOf('o1'), entry);
  const receipt: Receipt = { order: 'o1', incident: 'i1', result: 'done', action: 'hold', stopped: [7, 8] };
  await told(1, { ...receipt, order: 'made-up' });
  await told(1, receipt, { ...hello, agent: 'a2', node: 'node-2' });
  await told(2, receipt);
  await told(3, receipt);
  expect(await types()).toEqual(['order local:root', 'receipt agent:node-1']);
  const [row] = await store.audit.entries({ type: 'receipt', limit: 9 });
  expect([row?.time, row?.about]).toEqual([20, 'i1']);
  expect(JSON.parse(row?.body ?? '').detail).toEqual({
    order: 'o1',
    result: 'done',
    action: 'hold',
    stopped: 2,
  });
});
