import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aNotice } from '../../../test/fakes/notices.ts';
import { anIncident } from '../../../test/fakes/reports.ts';
import { noticesOf } from '../../core/notices-of.ts';
import type { Notice } from '../../ports/notifier.ts';
import type { Outbox } from '../../ports/outbox.ts';
import { SqliteStore } from '../store-sqlite.ts';

let dir: string;
let store: SqliteStore;
let outbox: Outbox;
const reopen = async () => {
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  outbox = store.outbox;
};
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-outbox-'));
  await reopen();
  await outbox.open(['ops']);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const put = (notices: readonly Notice[], state: 'waiting' | 'gathered' = 'waiting', sink = 'ops') =>
  outbox.put(
    notices.map((notice) => ({ sink, notice, state })),
    new Map(),
    0,
  );
const due = async (now = 0, sink = 'ops') =>
  (await outbox.due(sink, now, 100)).map(({ notice }) => notice.title);
const statusOf = async (sink = 'ops') => (await outbox.sinks()).find((row) => row.sink === sink);

describe('the outbox', () => {
  it('gives what was put in, gravest first, and once only', async () => {
    await put([aNotice(1), aNotice(2, { severity: 'critical' }), aNotice(1)]);
    expect(await due()).toEqual(['notice 2', 'notice 1']);
    const [row] = await outbox.due('ops', 0, 1);
    expect(row?.notice).toEqual(aNotice(2, { severity: 'critical' }));
    await outbox.delivered('ops', row?.seq ?? 0);
    expect(await due()).toEqual(['notice 1']);
    expect(await statusOf()).toMatchObject({ delivered: 1, waiting: 1 });
  });

  it('keeps one story in order and lets others go on meanwhile', async () => {
    await put([
      aNotice(1, { key: 'a' }),
      aNotice(2, { key: 'a', severity: 'critical' }),
      aNotice(3, { key: 'b' }),
    ]);
    expect(await due()).toEqual(['notice 1', 'notice 3']);
    const [first] = await outbox.due('ops', 0, 1);
    await outbox.failed('ops', first?.seq ?? 0, 7_200_000, 'away', 5);
    expect(await due(10)).toEqual(['notice 3']);
    expect(await statusOf()).toMatchObject({ failingSince: 5, lastError: 'away' });
    expect(await due(7_200_000)).toEqual(['notice 1', 'notice 3']);
    await outbox.hurry('ops', 20);
    expect(await due(20)).toContain('notice 1');
  });

  it('survives the collector, with what was told', async () => {
    const { notices, told } = noticesOf(undefined, { of: 'incident', incident: anIncident() }, 1);
    const [notice] = notices;
    await outbox.put([{ sink: 'ops', notice: notice!, state: 'waiting' }], new Map([['x', told!]]), 0);
    await store.close();
    await reopen();
    expect((await outbox.due('ops', 0, 1))[0]?.notice).toEqual(notice);
    expect(await outbox.told(['x', 'y'])).toEqual(new Map([['x', told]]));
  });

  it('drops the oldest of the mildest beyond ten thousand, and counts until the sink was told', async () => {
    await put([aNotice(0, { severity: 'low', key: 'old' }), aNotice(1, { severity: 'low', key: 'new' })]);
    await put(Array.from({ length: 9_999 }, (_, i) => aNotice(i + 2, { severity: 'high' })));
    expect(await statusOf()).toMatchObject({ waiting: 10_000, dropped: 1 });
    expect(await due()).not.toContain('notice 0');
    const [row] = await outbox.due('ops', 0, 1);
    expect(await outbox.delivered('ops', row?.seq ?? 0)).toBe(1);
    await outbox.tellDropped(
      { sink: 'ops', notice: aNotice(99_999, { type: 'notices.dropped' }), state: 'waiting' },
      1,
      0,
    );
    const [next] = await outbox.due('ops', 0, 1);
    expect(await outbox.delivered('ops', next?.seq ?? 0)).toBe(0);
  });

  it('keeps what was given up until a person has it sent again', async () => {
    await put([aNotice(1, { key: 'a' }), aNotice(2, { key: 'a' })]);
    const [first] = await outbox.due('ops', 0, 1);
    await outbox.failed('ops', first?.seq ?? 0, undefined, 'the receiver answers 413', 5);
    expect(await due()).toEqual(['notice 2']);
    expect(await outbox.dead('ops', 10)).toMatchObject([
      { attempts: 1, lastError: 'the receiver answers 413' },
    ]);
    expect(await outbox.revive('ops', 9)).toBe(1);
    expect(await due(9)).toEqual(['notice 1']);
  });

  it('tells one in place of what was gathered', async () => {
    await put([aNotice(1), aNotice(2)], 'gathered');
    expect(await due()).toEqual([]);
    const rows = await outbox.gathered('ops', 0, 10);
    expect(rows.map(({ notice }) => notice.title)).toEqual(['notice 1', 'notice 2']);
    await put([aNotice(3)], 'gathered');
    await outbox.digested(
      { sink: 'ops', notice: aNotice(9, { type: 'incidents.many' }), state: 'waiting' },
      rows[1]?.seq ?? 0,
      0,
    );
    expect(await due()).toEqual(['notice 9']);
    expect(await statusOf()).toMatchObject({ gathered: 1 });
  });

  it('forgets sinks that are no longer configured, and says how much waited for them', async () => {
    await outbox.open(['ops', 'old']);
    await put([aNotice(1)], 'waiting', 'old');
    expect(await outbox.open(['ops'])).toBe(1);
    expect(await statusOf('old')).toBeUndefined();
  });

  it('keeps over a restart that a sink is paused', async () => {
    await outbox.setState('ops', 'paused', 'ada', 'maintenance');
    await store.close();
    await reopen();
    expect(await outbox.open(['ops'])).toBe(0);
    expect(await statusOf()).toMatchObject({ state: 'paused', author: 'ada', reason: 'maintenance' });
  });
});
