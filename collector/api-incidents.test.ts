import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCaller, fakeApi, fakeServices } from '../test/fakes/api.ts';
import { drifting, driftOf } from '../test/fakes/drifting.ts';
import { shop } from '../test/fakes/reports.ts';
import type { App } from './adapters/http-api/app.ts';
import { SqliteStore } from './adapters/store-sqlite.ts';
import { incidentService } from './api-incidents.ts';
import { Incidents } from './incidents.ts';
import type { Caller } from './ports/api.ts';

const signed = `sha256:${'e'.repeat(64)}`;
const scoped = (name: string, cluster: string[], namespaces: string[]): Caller => ({
  ...aCaller('analyst', { clusters: cluster, namespaces }),
  name,
});
const callers: Readonly<Record<string, Caller>> = {
  viewer: aCaller('viewer'),
  ada: { ...aCaller('analyst'), name: 'ada' },
  'of-default': scoped('of-default', [], ['default']),
  'of-bank': scoped('of-bank', [], ['bank']),
  'of-elsewhere': scoped('of-elsewhere', ['elsewhere'], []),
};

let dir: string;
let store: SqliteStore;
let app: App;
let tells: ReturnType<typeof drifting>;
let clock: number;
const told: object[] = [];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-api-incidents-'));
  store = await SqliteStore.open(join(dir, 'whorl.db'));
  clock = 10_000;
  told.length = 0;
  const now = () => clock;
  tells = drifting(() => store, now);
  const incidents = new Incidents({
    store: store.incidents,
    isSigned: (digest) => digest === signed,
    now,
    tell: (line) => void told.push(line),
  });
  const authenticate = async (token: string) => callers[token];
  app = await fakeApi({
    access: { ...fakeServices().access, authenticate },
    incidents: incidentService({ incidents, store }),
  });
});
afterEach(async () => {
  await app.close();
  await store.close();
  rmSync(dir, { recursive: true });
});

const get = (path: string, who = 'ada') =>
  app.inject({ url: `/api/v1${path}`, headers: { authorization: `Bearer ${who}` } });
const ids = async (query: string, who = 'ada'): Promise<string[]> =>
  (await get(`/incidents${query}`, who)).json().items.map((row: { id: string }) => row.id);
const post = (id: string, body: object, match?: string, who = 'ada') =>
  app.inject({
    method: 'POST',
    url: `/api/v1/incidents/${id}/reviews`,
    headers: {
      authorization: `Bearer ${who}`,
      'content-type': 'application/json',
      ...(match === undefined ? {} : { 'if-match': match }),
    },
    payload: { reason: 'CHG-1', ...body },
  });
const inBank = { workload: { ...shop, namespace: 'bank' } };

describe('GET /incidents', () => {
  it('is a row for what drifted alike, with whom it shows to', async () => {
    for (let pod = 0; pod < 20; pod++) await tells(`n${pod % 3}`, `p${pod}`, [driftOf(1)]);
    const { items } = (await get('/incidents', 'viewer')).json();
    expect(items).toMatchObject([
      { count: 20, occurrences: 20, nodes: 3, state: 'open', version: 1, severity: 'critical' },
    ]);
    expect(items[0].sentence).toBe('shop ran /tmp/dropped, which nobody approved');
  });

  it('leaves out what was not asked for', async () => {
    const low = await tells('n1', 'p1', [driftOf(1)], { severity: 'low' });
    clock += 10;
    const bank = await tells('n1', 'p2', [driftOf(2)], inBank);
    await post(low.incident, { act: 'contained' }, '*');
    const both = [bank.incident, low.incident];
    const hash = (await get(`/incidents/${bank.incident}`)).json().hash;
    for (const [query, expected] of [
      ['', both],
      ['?state=open', [bank.incident]],
      ['?state=closed', [low.incident]],
      ['?minSeverity=high', [bank.incident]],
      ['?minSeverity=low', both],
      ['?namespace=bank', [bank.incident]],
      ['?namespace=bank&namespace=default', both],
      ['?cluster=local', both],
      ['?cluster=nowhere', []],
      [`?workload=${hash}`, [bank.incident]],
      [`?since=${clock}`, [bank.incident]],
      [`?since=${clock + 1}`, []],
      [`?id=${low.incident}`, [low.incident]],
      [`?document=${signed}`, []],
    ] as const)
      expect([query, await ids(query)]).toEqual([query, expected]);
  });

  it.each([
    '?state=both',
    '?minSeverity=grave',
    '?workload=x',
    '?since=yesterday',
    '?document=x',
    '?severity=low',
  ])('refuses %s', async (query) => expect((await get(`/incidents${query}`)).statusCode).toBe(400));

  it('shows each row once, however many come while it is paged through', async () => {
    const there: string[] = [];
    for (let n = 1; n <= 7; n++) {
      // Two at the same moment: then the id says which is first.
      if (n % 2 === 0) clock += 1;
      there.push((await tells('n1', `p${n}`, [driftOf(n)])).incident);
    }
    const seen: string[] = [];
    let next: string | undefined;
    for (let page = 0; page === 0 || next !== undefined; page++) {
      const answer = (await get(`/incidents?limit=2${next === undefined ? '' : `&cursor=${next}`}`)).json();
      seen.push(...answer.items.map((row: { id: string }) => row.id));
      next = answer.next;
      clock += 1;
      await tells('n1', `new${page}`, [driftOf(100 + page)]);
    }
    expect(seen.toSorted()).toEqual(there.toSorted());
  });
});

describe('what lies outside the scope', () => {
  it('is unknown, however it is asked for, and cannot be decided on', async () => {
    const { incident, occurrence } = await tells('n1', 'p1', [driftOf(1)]);
    for (const who of ['of-bank', 'of-elsewhere']) {
      for (const path of [
        `/incidents/${incident}`,
        `/incidents/${incident}/preview`,
        `/occurrences/${occurrence}`,
      ])
        expect([path, (await get(path, who)).statusCode]).toEqual([path, 404]);
      for (const query of ['', '?namespace=default', '?cluster=local', `?id=${incident}`])
        expect([query, await ids(query, who)]).toEqual([query, []]);
      expect((await post(incident, { act: 'false-positive' }, '*', who)).statusCode).toBe(404);
    }
    expect((await get(`/incidents/${incident}`, 'of-default')).statusCode).toBe(200);
    expect((await get(`/incidents/${incident}`)).json()).toMatchObject({ state: 'open', history: [] });
    expect(told).toEqual([]);
  });
});

describe('GET /incidents/:id', () => {
  it('tells what showed, what was done and why, and by whom it was decided', async () => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    await tells('n2', 'p2', [driftOf(1)]);
    await store.saveDecision({ time: clock, incident, action: 'none', reason: 'policy-mode' });
    await post(incident, { act: 'claimed', reason: 'looking' }, '"1"');
    const answer = await get(`/incidents/${incident}`, 'viewer');
    expect(answer.headers.etag).toBe('"2"');
    expect(answer.json()).toMatchObject({
      claimedBy: 'ada',
      more: 0,
      techniques: expect.any(Array),
      history: [{ act: 'claimed', author: 'ada', reason: 'looking', before: { state: 'open' } }],
    });
    const { seen } = answer.json();
    expect(seen).toHaveLength(2);
    expect(seen.find((o: { incident: { id: string } }) => o.incident.id === incident)).toMatchObject({
      agent: 'agent-n1',
      decisions: [{ detail: 'nothing is stopped: the response policy goes no further' }],
    });
  });

  it('and an occurrence, which orders and receipts name', async () => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    const { occurrence } = await tells('n2', 'p2', [driftOf(1)]);
    expect((await get(`/occurrences/${occurrence}`)).json()).toMatchObject({
      row: incident,
      incident: { id: occurrence, instance: { node: 'n2' } },
      orders: [],
      receipts: [],
    });
    expect((await get(`/occurrences/${'f'.repeat(64)}`)).statusCode).toBe(404);
  });
});

describe('GET /incidents/:id/preview', () => {
  it('says what would be granted, what may not be, and what else would fall silent', async () => {
    const peer = { kind: 'connect', transport: 'tcp', peer: 'redis.shop', port: 6379 } as const;
    const calls = driftOf(1, { kind: 'connect', lineage: ['/usr/bin/shop'], act: peer, severity: 'medium' });
    const { incident } = await tells('n1', 'p1', [calls, driftOf(2)], { more: 3 });
    const { version, workload, ...said } = (await get(`/incidents/${incident}/preview`, 'viewer')).json();
    expect([version, workload]).toEqual([1, shop]);
    expect(said).toMatchObject({
      id: incident,
      grants: [
        { how: 'not-kept' },
        { how: 'freely', sentence: '`/usr/bin/shop` connected to redis.shop:6379', drift: { act: peer } },
      ],
      left: 3,
      silences: [],
    });
  });
});

describe('POST /incidents/:id/reviews', () => {
  it('takes a decision of who saw the version it is about, and tells the next one', async () => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    const taken = await post(incident, { act: 'false-positive' }, '"1"');
    expect([taken.statusCode, taken.headers.etag]).toEqual([200, '"2"']);
    expect(taken.json()).toMatchObject({ state: 'closed', disposition: 'false-positive' });
    expect(told).toMatchObject([{ type: 'review', act: 'false-positive', author: 'ada', reason: 'CHG-1' }]);
  });

  it.each([
    ['nothing was said of what was seen', undefined, 428, 'condition-required'],
    ['somebody was quicker', '"1"', 412, 'changed-meanwhile'],
  ])('is refused where %s', async (_, match, status, code) => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    await post(incident, { act: 'claimed' }, '"1"');
    const answer = await post(incident, { act: 'false-positive' }, match);
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    expect(await store.audit.size()).toBe(1);
  });

  it.each<[object, number, string, string | undefined]>([
    [{ act: 'approved' }, 409, 'conflict', 'document-missing'],
    [{ act: 'approved', document: `sha256:${'0'.repeat(64)}` }, 409, 'conflict', 'document-unknown'],
    [{ act: 'accepted', document: signed }, 409, 'conflict', 'until-missing'],
    [{ act: 'accepted', document: signed, until: 1 }, 409, 'conflict', 'until-past'],
    [{ act: 'let-go' }, 409, 'conflict', 'not-claimed'],
    [{ act: 'undone' }, 409, 'conflict', 'not-closed'],
    [{ act: 'false-positive', document: signed }, 400, 'invalid', undefined],
    [{ act: 'note', until: 99_999 }, 400, 'invalid', undefined],
    [{ act: 'forgiven' }, 400, 'invalid', undefined],
    [{ act: 'note', reason: '' }, 400, 'invalid', undefined],
    [{ act: 'note', author: 'eve' }, 400, 'invalid', undefined],
  ])('%j is refused', async (body, status, code, reason) => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    const answer = await post(incident, body, '"1"');
    expect([answer.statusCode, answer.json().code, answer.json().reason]).toEqual([status, code, reason]);
    expect(told).toEqual([]);
  });

  it('what is closed is not decided on twice, and is found by what was signed', async () => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    await post(incident, { act: 'approved', document: signed }, '*');
    expect((await post(incident, { act: 'contained' }, '*')).json()).toMatchObject({
      status: 409,
      reason: 'closed',
    });
    expect(await ids(`?document=${signed}`)).toEqual([incident]);
  });

  it('is not for who only reads', async () => {
    const { incident } = await tells('n1', 'p1', [driftOf(1)]);
    expect((await post(incident, { act: 'note' }, '*', 'viewer')).statusCode).toBe(403);
  });
});
