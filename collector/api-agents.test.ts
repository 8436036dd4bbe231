import { beforeAll, describe, expect, it } from 'vitest';
import { aCaller, fakeApi, fakeServices } from '../test/fakes/api.ts';
import { anyIdentities, by } from '../test/fakes/identities.ts';
import type { App } from './adapters/http-api/app.ts';
import { makeAuthority } from './adapters/keys/certificates.ts';
import { agentService, clusterService } from './api-agents.ts';
import type { ServiceParts } from './api-services.ts';
import type { Identities } from './identities.ts';
import type { Caller } from './ports/api.ts';
import { BackupError } from './ports/backups.ts';
import type { AgentRow } from './ports.ts';

const jwks = JSON.stringify({ keys: [{ kty: 'EC', crv: 'P-256', x: 'AA', y: 'AA' }] });
const cluster = { name: 'prod', issuer: 'https://i.example', jwks, reason: 'OPS-1' };
const row: AgentRow = {
  hello: {
    agent: 'spool-1',
    node: 'n1',
    cluster: 'prod',
    session: '0',
    version: '0.4.0',
    source: 'tracee',
    coverage: ['exec'],
  },
  stored: 5,
  missing: 1,
  refused: 0,
  firstSeen: 1,
  lastSeen: 2,
};

/** Callers by their tokens: the roles for the whole site, and `prod`, an administrator of one cluster alone. */
const prod: Caller = aCaller('admin', { clusters: ['prod'], namespaces: [] });
const shop: Caller = aCaller('admin', { clusters: [], namespaces: ['shop'] });

let identities: Identities;
let app: App;
let recorded: object[];
let backedUp: unknown[];
let authority: Awaited<ReturnType<typeof makeAuthority>>;
beforeAll(async () => {
  authority = await makeAuthority(Date.now());
});

async function start(over: Partial<ServiceParts> = {}): Promise<void> {
  recorded = [];
  backedUp = [];
  const audit = { record: async (note: object) => recorded.push(note) };
  ({ identities } = await anyIdentities(authority, { audit }));
  const parts = {
    identities,
    store: { agents: async () => [row] },
    nodes: { stateOf: () => 'blind', losses: async () => [], incidents: async () => [] },
    canaries: { statusOf: () => undefined },
    present: new Map(),
    about: { address: '0.0.0.0:7443' },
    ...over,
    // As much of a collector as these services look at.
  } as unknown as ServiceParts;
  const { access } = fakeServices();
  app = await fakeApi({
    access: {
      ...access,
      authenticate: async (token) =>
        token === 'prod' ? prod : token === 'shop' ? shop : access.authenticate(token),
    },
    agents: agentService(parts),
    clusters: clusterService(parts),
    backups: {
      make: async (...asked) => {
        backedUp.push(asked);
        if (asked[0] === '/taken') throw new BackupError('exists', '/taken is there already');
        return { file: asked[0], bytes: 7, manifest: { format: 'whorl-backup' } as never };
      },
    },
  });
  recorded.length = 0;
}

async function ask(who: string, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  const headers = who === 'local' ? { 'x-local': '1' } : { authorization: `Bearer ${who}` };
  const answer = await app.inject({
    method,
    url: `/api/v1${url}`,
    headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
  });
  return {
    status: answer.statusCode,
    headers: answer.headers,
    body: answer.body === '' ? {} : answer.json(),
  };
}

const reason = { reason: 'OPS-1' };

describe('who may', () => {
  it.each<[string, 'GET' | 'POST' | 'DELETE', string, object | undefined, Record<string, number>]>([
    ['see agents', 'GET', '/agents', undefined, { viewer: 200, shop: 200 }],
    ['see one', 'GET', '/agents/prod:n1', undefined, { viewer: 200, prod: 200, shop: 404 }],
    [
      'make a join token',
      'POST',
      '/join-tokens',
      { cluster: 'prod', ...reason },
      { responder: 403, admin: 201, prod: 201, shop: 403 },
    ],
    ['make one for any cluster', 'POST', '/join-tokens', reason, { admin: 201, prod: 403 }],
    [
      'make one for another cluster',
      'POST',
      '/join-tokens',
      { cluster: 'dev', ...reason },
      { admin: 201, prod: 403 },
    ],
    [
      'shut one out',
      'POST',
      '/agents/prod:n1/revoke',
      reason,
      { responder: 403, prod: 200, admin: 200, shop: 404 },
    ],
    ['shut out one of another cluster', 'POST', '/agents/dev:n1/revoke', reason, { prod: 404, admin: 200 }],
    ['let one in that is not shut out', 'POST', '/agents/prod:n1/let-in', reason, { admin: 409, shop: 404 }],
    ['see clusters', 'GET', '/clusters', undefined, { responder: 403, admin: 200, prod: 403 }],
    ['add one', 'POST', '/clusters', cluster, { responder: 403, admin: 204, prod: 403 }],
    ['remove one that is none', 'DELETE', '/clusters/dev?reason=x', undefined, { admin: 404, prod: 403 }],
    [
      'write a backup',
      'POST',
      '/backups',
      { out: '/b.tar', ...reason },
      { admin: 403, local: 201, responder: 403 },
    ],
  ])('%s', async (_, method, url, payload, expected) => {
    for (const [who, status] of Object.entries(expected)) {
      await start();
      expect([who, (await ask(who, method, url, payload)).status]).toEqual([who, status]);
    }
  });
});

describe('a join token', () => {
  it('is in the answer, and in no record, log or list', async () => {
    await start();
    const made = await ask('admin', 'POST', '/join-tokens', { node: 'n7', minutes: 5, ...reason });
    const { token, id, listen } = made.body;
    expect([token, listen]).toEqual([
      expect.stringMatching(/^whorl-join\.[0-9a-f]{16}\.[\w-]{43}\./),
      '0.0.0.0:7443',
    ]);
    const secret = token.split('.')[2];
    expect(recorded).toMatchObject([{ type: 'join-token-made', author: 'admin', about: id, ...reason }]);
    expect(JSON.stringify(recorded)).not.toContain(secret);
    expect(JSON.stringify((await ask('admin', 'GET', '/agents')).body)).not.toContain(secret);
    expect(made.headers['cache-control']).toBe('no-store');
  });

  it('is another one each time: its answer is kept under no key', async () => {
    await start();
    const call = {
      method: 'POST',
      url: '/api/v1/join-tokens',
      headers: {
        authorization: 'Bearer admin',
        'content-type': 'application/json',
        'idempotency-key': 'again',
      },
      payload: JSON.stringify(reason),
    } as const;
    const [first, second] = [await app.inject(call), await app.inject(call)];
    expect([first.statusCode, second.statusCode, second.headers['idempotency-replayed']]).toEqual([
      201,
      201,
      undefined,
    ]);
    expect(first.json().token).not.toBe(second.json().token);
  });

  it.each([
    [{ node: '../n', ...reason }, 'body.node'],
    [{ cluster: '', ...reason }, 'body.cluster'],
    [{ minutes: 0, ...reason }, 'body.minutes'],
    [{ minutes: 99_999, ...reason }, 'body.minutes'],
    [{ node: 'n' }, 'body.reason'],
    [{ author: 'eve', ...reason }, 'body.author'],
  ])('is refused for %j', async (payload, field) => {
    await start();
    const { status, body } = await ask('admin', 'POST', '/join-tokens', payload);
    expect([status, body.errors[0].field]).toEqual([400, field]);
  });
});

describe('an agent', () => {
  it('is its certificate, what it said and what was found out', async () => {
    await start();
    const { body } = await ask('viewer', 'GET', '/agents/prod:n1');
    expect(body).toMatchObject({
      id: 'prod:n1',
      state: 'blind',
      connected: false,
      certificate: null,
      revoked: null,
      source: 'tracee',
      version: '0.4.0',
      stored: 5,
      missing: 1,
    });
  });

  it('that is shut out says by whom; let in, it does not', async () => {
    await start();
    await ask('admin', 'POST', '/agents/prod:n1/revoke', reason);
    expect((await ask('viewer', 'GET', '/agents/prod:n1')).body.revoked).toMatchObject({
      author: 'admin',
      reason: 'OPS-1',
    });
    expect((await ask('admin', 'POST', '/agents/prod:n1/let-in', reason)).body).toMatchObject({
      revoked: null,
    });
    expect(recorded).toMatchObject([{ type: 'agent-revoked' }, { type: 'agent-restored' }]);
  });

  it('comes page by page, each once', async () => {
    await start();
    for (const node of ['n2', 'n3', 'n4']) await identities.revoke({ cluster: 'dev', agent: node }, by);
    const ids: string[] = [];
    let cursor = '';
    do {
      const { body } = await ask('viewer', 'GET', `/agents?limit=2${cursor}`);
      ids.push(...body.items.map(({ id }: { id: string }) => id));
      cursor = body.next === undefined ? '' : `&cursor=${body.next}`;
    } while (cursor !== '');
    expect(ids).toEqual(['dev:n2', 'dev:n3', 'dev:n4', 'prod:n1']);
    expect((await ask('prod', 'GET', '/agents')).body.items).toMatchObject([{ id: 'prod:n1' }]);
  });

  it('of the longest names can be shut out', async () => {
    await start();
    const id = `${'c'.repeat(253)}:${'n'.repeat(253)}`;
    expect((await ask('admin', 'POST', `/agents/${encodeURIComponent(id)}/revoke`, reason)).status).toBe(200);
  });
});

describe('a cluster', () => {
  it('is added with defaults, listed without its keys, and removed', async () => {
    await start();
    await ask('admin', 'POST', '/clusters', cluster);
    const { items } = (await ask('admin', 'GET', '/clusters')).body;
    expect(items).toMatchObject([
      { name: 'prod', audience: 'whorl-collector', accounts: ['whorl-system/whorl-agent'], author: 'admin' },
    ]);
    expect(items[0].jwks).toMatch(/^[0-9a-f]{64}$/);
    expect((await ask('admin', 'DELETE', '/clusters/prod?reason=x')).status).toBe(204);
    expect((await ask('admin', 'GET', '/clusters')).body.items).toEqual([]);
  });

  it.each([
    [{ jwks: 'x' }, /no JWKS/],
    [{ jwks: '{"keys":[{"kty":"oct","k":"AA"}]}' }, /RSA or P-256/],
    [{ accounts: ['nobody'] }, /namespace\/name/],
  ])('%j is refused with a sentence', async (over, sentence) => {
    await start();
    const { status, body } = await ask('admin', 'POST', '/clusters', { ...cluster, ...over });
    expect([status, body.detail]).toEqual([400, expect.stringMatching(sentence)]);
  });
});

describe('a backup', () => {
  it('is written for whoever is on the machine, in their name, and for nobody else', async () => {
    await start();
    const elsewhere = await ask('admin', 'POST', '/backups', { out: '/b.tar', ...reason });
    expect(elsewhere.body.detail).toMatch(/a file on the collector's machine/);
    await ask('local', 'POST', '/backups', { out: '/b.tar', withKeys: true, ...reason });
    expect(backedUp).toEqual([['/b.tar', true, { author: 'local:ada', reason: 'OPS-1' }]]);
  });

  it.each([
    [{ out: 'b.tar', ...reason }, 400],
    [{ out: '/b.tar' }, 400],
    [{ out: '/taken', ...reason }, 409],
  ])('%j is refused', async (payload, status) => {
    await start();
    expect((await ask('local', 'POST', '/backups', payload)).status).toBe(status);
  });
});
