import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Incident } from '../fingerprint/incident.ts';
import { reportBytes } from '../fingerprint/report-json.ts';
import { anIncident } from '../test/fakes/reports.ts';
import { webhookReceiver } from '../test/fakes/webhook-receiver.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import type { Sink } from './core/notify-sinks.ts';
import { Notifications } from './notifications.ts';
import type { Delivery, Notice, Notifier } from './ports/notifier.ts';
import type { StateLine } from './state-line.ts';

let dir: string;
let file: string;
let store: SqliteStore;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-notify-'));
  file = join(dir, 'whorl.db');
  store = await SqliteStore.open(file);
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

const incidentLine = (
  n: number,
  over: Parameters<typeof anIncident>[0] = {},
): Extract<StateLine, { type: 'incident' }> => ({
  type: 'incident',
  isNew: true,
  change: 'opened',
  row: n.toString(16).padStart(64, '0'),
  incident: anIncident({ id: n.toString(16).padStart(64, '0'), severity: 'high', ...over }),
});

const hello = {
  agent: 'a',
  node: 'node-1',
  cluster: 'local',
  session: 's',
  version: '1',
  source: 'sensor',
  coverage: [],
  acked: 0,
};
let seq = 0;

/** As it is after an agent delivered it. */
async function storeIncident(incident: Incident): Promise<void> {
  await store.openAgent(hello, 1);
  seq += 1;
  const report = { type: 'incident', incident } as const;
  const json = Buffer.from(reportBytes(report)).toString();
  await store.ingest({ hello, records: [{ seq, json, report }] }, 1);
}

/** A collector's notifications with sinks that answer as they are told; `deliveries` is what each was sent. */
function stage(
  names: readonly string[] = ['ops'],
  answer: (notice: Notice, sink: string) => Delivery | Promise<Delivery> = () => ({ result: 'delivered' }),
) {
  const deliveries: { sink: string; notice: Notice }[] = [];
  const audited: string[] = [];
  const errors: string[] = [];
  const time = { now: Date.UTC(2026, 4, 1) };
  const end = new AbortController();
  const sinks = names.map((name): Sink<Notifier> => {
    const deliver = async (notice: Notice) => {
      deliveries.push({ sink: name, notice });
      return answer(notice, name);
    };
    return { name, type: 'fake', filter: {}, notifier: { deliver } };
  });
  const notifications = new Notifications({
    sinks,
    outbox: store.outbox,
    store,
    audit: { record: async ({ type, author, about }) => audited.push(`${type} ${about} ${author}`) },
    now: () => time.now,
    random: () => 0,
    log: { info: () => undefined, warn: () => undefined, error: (_fields, message) => errors.push(message) },
    signal: end.signal,
  });
  const round = async () => {
    await notifications.step();
    await notifications.settled();
  };
  return {
    notifications,
    deliveries,
    audited,
    errors,
    time,
    end,
    round,
    hear: async (...lines: readonly StateLine[]) => {
      for (const line of lines) notifications.hear(line);
      await round();
    },
    /** Rounds until nothing more is due. */
    drain: async () => {
      for (let sent = -1; sent !== deliveries.length; ) {
        sent = deliveries.length;
        await round();
      }
    },
    types: (sink = 'ops') => deliveries.filter((d) => d.sink === sink).map((d) => d.notice.type),
  };
}

describe('telling', () => {
  it('brings each sink what is news, once', async () => {
    const { hear, types, drain } = stage(['ops', 'soc']);
    await hear(incidentLine(1), incidentLine(1), { type: 'policy', mode: 'kill', version: 2, author: 'ada' });
    await drain();
    expect(types('ops').toSorted()).toEqual(['incident.opened', 'policy.changed']);
    expect(types('soc').toSorted()).toEqual(['incident.opened', 'policy.changed']);
  });

  it('keeps an incident’s story in order while others go on', async () => {
    let isAway = true;
    const { hear, deliveries, time, drain } = stage(['ops'], (notice) =>
      isAway && notice.key.endsWith('1') ? { result: 'retry', reason: 'away' } : { result: 'delivered' },
    );
    await hear(incidentLine(1));
    await hear(incidentLine(1, { severity: 'critical' }), incidentLine(2));
    await drain();
    expect(deliveries.map(({ notice }) => `${notice.type} ${notice.key.at(-1)}`)).toEqual([
      'incident.opened 1',
      'incident.opened 2',
    ]);
    isAway = false;
    time.now += 5_000;
    await drain();
    expect(deliveries.slice(2).map(({ notice }) => notice.type)).toEqual([
      'incident.opened',
      'incident.graver',
    ]);
    expect(deliveries[2]?.notice.id).toBe(deliveries[0]?.notice.id);
  });

  it('lets what one sink keeps waiting hold up no other', async () => {
    const hung = Promise.withResolvers<Delivery>();
    const { notifications, types } = stage(['slow', 'ops'], (_notice, sink) =>
      sink === 'slow' ? hung.promise : { result: 'delivered' },
    );
    for (let n = 1; n <= 10; n++) notifications.hear(incidentLine(n));
    await expect
      .poll(async () => {
        await notifications.step();
        return types('ops').length;
      })
      .toBe(10);
    // Four at a time and no more.
    expect(types('slow')).toHaveLength(4);
    hung.resolve({ result: 'delivered' });
    await notifications.settled();
  });

  it('sends at once what waited, when a receiver that was away answers again', async () => {
    let isAway = true;
    const { hear, deliveries, time, drain } = stage(['ops'], () =>
      isAway ? { result: 'retry', reason: 'away' } : { result: 'delivered' },
    );
    await hear(...[1, 2, 3, 4].map((n) => incidentLine(n)));
    await drain();
    time.now += 6_000;
    await drain();
    isAway = false;
    const before = deliveries.length;
    // They are not due for five minutes; a new one is.
    await hear(incidentLine(5));
    await drain();
    expect(deliveries.slice(before)).toHaveLength(5);
  });

  it('waits as long as the receiver asks', async () => {
    const answers: Delivery[] = [{ result: 'retry', reason: 'the receiver answers 429', afterMs: 120_000 }];
    const { hear, deliveries, time, round } = stage(
      ['ops'],
      () => answers.shift() ?? { result: 'delivered' },
    );
    await hear(incidentLine(1));
    time.now += 119_999;
    await round();
    expect(deliveries).toHaveLength(1);
    time.now += 1;
    await round();
    expect(deliveries).toHaveLength(2);
  });

  it('tells of five hundred incidents of one rollout in twenty-one notices, and of each that is critical', async () => {
    const { hear, types, time, drain, deliveries } = stage();
    await hear(
      ...Array.from({ length: 500 }, (_, n) => incidentLine(n, n === 400 ? { severity: 'critical' } : {})),
    );
    await drain();
    expect(types()).toHaveLength(21);
    time.now += 60_000;
    await drain();
    expect(types().at(-1)).toBe('incidents.many');
    expect(types()).toHaveLength(22);
    expect(deliveries.at(-1)?.notice.title).toBe('479 more incidents opened within a minute, in 1 workloads');
  });

  it('tells what a receipt or a brake is about, though it came before its incident', async () => {
    const { incident } = incidentLine(7);
    await storeIncident(incident);
    const { hear, types, drain } = stage();
    await hear({
      type: 'receipt',
      receipt: { order: 'o', incident: incident.id, result: 'done', action: 'hold', stopped: [] },
    });
    await drain();
    expect(types()).toEqual(['incident.opened', 'incident.acted']);
  });
});

describe('what goes wrong', () => {
  it('a receiver that wants nothing any more is left alone, and the others hear of it', async () => {
    const { hear, drain, types, notifications, errors } = stage(['hook', 'ops'], (_notice, sink) =>
      sink === 'hook' ? { result: 'gone', reason: 'the receiver answers 410' } : { result: 'delivered' },
    );
    await hear(incidentLine(1));
    await hear(incidentLine(2));
    await drain();
    expect(types('hook')).toHaveLength(1);
    expect(types('ops')).toContain('sink.gone');
    expect(errors).toHaveLength(1);
    const { sinks } = await notifications.status();
    expect(sinks).toMatchObject([
      { sink: 'hook', state: 'gone', waiting: 2 },
      { sink: 'ops', state: 'running' },
    ]);
  });

  it('what no receiver takes is given up after three attempts, and sent again when a person asks', async () => {
    let isMended = false;
    const { hear, time, round, notifications, deliveries, audited } = stage(['ops'], () =>
      isMended ? { result: 'delivered' } : { result: 'refused', reason: 'the receiver answers 413' },
    );
    await hear(incidentLine(1));
    for (let i = 0; i < 5; i++) {
      time.now += 3_600_000;
      await round();
    }
    expect(deliveries).toHaveLength(3);
    expect(await notifications.dead('ops')).toMatchObject([
      { attempts: 3, lastError: 'the receiver answers 413' },
    ]);
    isMended = true;
    expect(await notifications.retryDead('ops', 'ada')).toBe(1);
    await round();
    expect(deliveries.at(-1)?.notice.id).toBe(deliveries[0]?.notice.id);
    expect(await notifications.dead('ops')).toEqual([]);
    expect(audited).toEqual(['sink-retried ops ada']);
  });

  it('a store that fails is told of at once, and by the same id when it works again', async () => {
    const { hear, round, notifications, deliveries, drain } = stage();
    await round();
    const put = store.outbox.put.bind(store.outbox);
    store.outbox.put = () => Promise.reject(new Error('disk full'));
    notifications.hear({ type: 'store', state: 'failing', sentence: 'the disk of the database is full' });
    await round();
    await expect.poll(() => deliveries.length).toBe(1);
    store.outbox.put = put;
    await drain();
    await hear({ type: 'store', state: 'recovered', sentence: 'the database can be written again' });
    await drain();
    expect(deliveries.map(({ notice }) => notice.type)).toEqual([
      'store.failing',
      'store.failing',
      'store.recovered',
    ]);
    expect(deliveries[1]?.notice.id).toBe(deliveries[0]?.notice.id);
  });

  it('an abort at the end counts as no attempt: it goes again with the same id', async () => {
    const first = stage(['ops'], () => {
      first.end.abort();
      return { result: 'retry', reason: 'aborted' };
    });
    await first.hear(incidentLine(1));
    await first.notifications.close();
    const second = stage();
    await second.drain();
    expect(second.deliveries[0]?.notice.id).toBe(first.deliveries[0]?.notice.id);
  });
});

describe('a person', () => {
  it('pauses a sink, and what is news meanwhile waits', async () => {
    const { hear, notifications, types, drain, audited, round } = stage();
    await round();
    expect(await notifications.pause('ops', 'ada', 'maintenance')).toBe(true);
    await hear(incidentLine(1));
    await drain();
    expect(types()).toEqual([]);
    expect((await notifications.status()).sinks).toMatchObject([
      { state: 'paused', author: 'ada', reason: 'maintenance', waiting: 1 },
    ]);
    await notifications.resume('ops', 'ada', 'done');
    await drain();
    expect(types()).toEqual(['incident.opened']);
    expect(audited).toEqual(['sink-paused ops ada', 'sink-resumed ops ada']);
  });

  it('tests a sink, as often as it takes', async () => {
    const { notifications, deliveries, drain, round } = stage();
    await round();
    const id = await notifications.test('ops', 'ada\u001b[2J');
    await drain();
    expect(deliveries).toMatchObject([
      { notice: { id, type: 'whorl.test', data: { author: 'ada\\x1b[2J' } } },
    ]);
  });

  it('hears that there is no such sink', async () => {
    const { notifications } = stage();
    expect(await notifications.test('nobody', 'ada')).toBeUndefined();
    expect(await notifications.pause('nobody', 'ada', 'x')).toBe(false);
    expect(await notifications.dead('nobody')).toBeUndefined();
  });
});

describe('after a restart', () => {
  it('tells of an incident that was stored and not told, once, and of none from before it was asked to', async () => {
    const first = stage();
    await storeIncident(incidentLine(1, { last: (first.time.now - 1000) * 1000 }).incident);
    await first.round();
    await storeIncident(incidentLine(2, { last: (first.time.now + 1000) * 1000 }).incident);
    const second = stage();
    await second.drain();
    const third = stage();
    await third.drain();
    expect([first.types(), second.types(), third.types()]).toEqual([[], ['incident.opened'], []]);
  });

  it('delivers what a killed collector was about to, with the same webhook-id', {
    timeout: 60_000,
  }, async () => {
    await using receiver = await webhookReceiver(() => undefined);
    const secret = join(dir, 'secret');
    writeFileSync(secret, `whsec_${Buffer.alloc(32, 'x').toString('base64')}`, { mode: 0o600 });
    const run = (hear: string) =>
      spawn(
        process.execPath,
        [
          fileURLToPath(new URL('../test/fakes/notify-process.ts', import.meta.url)),
          join(dir, 'killed.db'),
          receiver.url,
          secret,
          hear,
        ],
        { stdio: 'inherit' },
      );
    const killed = run('hear');
    await receiver.have(1);
    killed.kill('SIGKILL');
    await once(killed, 'exit');
    const next = run('');
    await receiver.have(2);
    next.kill('SIGKILL');
    await once(next, 'exit');
    const ids = receiver.received.map(({ headers }) => headers['webhook-id']);
    expect(ids[1]).toBe(ids[0]);
    expect(receiver.received[1]?.body).toBe(receiver.received[0]?.body);
  });
});
