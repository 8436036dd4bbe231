import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anIncident } from '../../../test/fakes/reports.ts';
import type { DecisionRow } from '../../ports.ts';
import { SqliteStore } from '../store-sqlite.ts';

let dir: string;
let store: SqliteStore;
const open = () => SqliteStore.open(join(dir, 'whorl.db'));
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-policies-'));
  store = await open();
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const version = (number: number, reason = 'drill') => ({
  version: number,
  document: `{"version":1,"about":${number}}`,
  author: 'local:ops',
  reason,
  setAt: number * 1000,
});

describe('response policies in the database', () => {
  it('are kept over a restart, newest first', async () => {
    for (const number of [1, 2, 3]) expect(await store.responsePolicies.add(version(number))).toBe(true);
    await store.close();
    store = await open();
    expect(await store.responsePolicies.history({ limit: 2 })).toEqual([version(3), version(2)]);
    expect(await store.responsePolicies.history({ before: 2, limit: 2 })).toEqual([version(1)]);
    expect(await store.responsePolicies.version(2)).toEqual(version(2));
    expect(await store.responsePolicies.version(9)).toBeUndefined();
  });

  it('are never changed', async () => {
    await store.responsePolicies.add(version(1));
    expect(await store.responsePolicies.add(version(1, 'another'))).toBe(false);
    expect(await store.responsePolicies.history({ limit: 9 })).toEqual([version(1)]);
  });
});

describe('decisions in the database', () => {
  const hello = {
    agent: 'a1',
    node: 'node-1',
    cluster: 'local',
    session: 's1',
    version: '1',
    source: 'sensor',
    coverage: [],
    acked: 0,
  } as const;
  const incident = anIncident();
  const decisions = async () => (await store.occurrences({ id: incident.id, limit: 1 }))[0]?.decisions;
  const report = { type: 'incident', incident } as const;

  it('name the rule, and what would have been done', async () => {
    await store.openAgent(hello, 1);
    await store.ingest({ hello, records: [{ seq: 1, json: JSON.stringify(report), report }] }, 1);
    const dry: DecisionRow = {
      time: 2,
      incident: incident.id,
      action: 'none',
      reason: 'dry-run',
      rule: 'new',
      would: { action: 'kill-subtree', reason: 'all-allow' },
    };
    expect(await store.saveDecision(dry)).toBe(true);
    expect(await store.saveDecision({ ...dry, time: 3 })).toBe(false);
    const braked = { ...dry, time: 4, would: { action: 'hold', reason: 'brake-node' } };
    expect(await store.saveDecision(braked)).toBe(true);
    expect(await store.saveDecision({ ...braked, time: 5, rule: 'other' })).toBe(true);
    expect(await decisions()).toEqual([{ ...braked, time: 5, rule: 'other' }, braked, dry]);
  });

  it('that nothing is done name the rule too', async () => {
    await store.openAgent(hello, 1);
    const told = { json: JSON.stringify(report), report, reason: 'policy-mode' };
    const records = (seq: number, rule?: string) => [
      { ...told, seq, ...(rule === undefined ? {} : { rule }) },
    ];
    const first = await store.ingest({ hello, records: records(1, 'quiet') }, 1);
    const again = await store.ingest({ hello, records: records(2, 'quiet') }, 2);
    const other = await store.ingest({ hello, records: records(3) }, 3);
    expect([first, again, other].map((i) => i.newDecisions)).toEqual([[1], [], [3]]);
    expect((await decisions())?.map((d) => d.rule)).toEqual([undefined, 'quiet']);
  });
});
