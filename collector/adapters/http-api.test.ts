import type { InjectOptions } from 'fastify';
import { describe, expect, it } from 'vitest';
import { FingerprintError } from '../../fingerprint/errors.ts';
import { aCaller, FakeFeed, fakeApi, fakeServices, whole } from '../../test/fakes/api.ts';
import { type Role, roles } from '../ports/access.ts';
import type { Answered, Change } from '../ports/api.ts';
import type { ResponsePolicyService } from '../ports/api-response-policy.ts';
import { StoreError } from '../ports.ts';

const as = (role: Role) => ({ authorization: `Bearer ${role}` });
const json = { 'content-type': 'application/json' };
const hash = '0'.repeat(64);
const mode = (payload: object | string, headers: object = {}): InjectOptions => ({
  method: 'POST',
  url: '/api/v1/policy/mode',
  headers: { ...as('admin'), ...json, 'if-match': '*', ...headers },
  payload,
});
const freeze = { mode: 'freeze', reason: 'CHG-1' };

describe('what is refused, as problem+json', () => {
  const get = (url: string, headers: object = as('viewer')): InjectOptions => ({
    method: 'GET',
    url,
    headers: { ...headers },
  });
  it.each<[string, InjectOptions, number, string, string | undefined]>([
    ['no token', get('/api/v1/status', {}), 401, 'unauthenticated', undefined],
    [
      'a wrong token',
      get('/api/v1/status', { authorization: 'Bearer eve' }),
      401,
      'unauthenticated',
      undefined,
    ],
    [
      'another scheme',
      get('/api/v1/status', { authorization: 'Basic dmlld2Vy' }),
      401,
      'unauthenticated',
      undefined,
    ],
    [
      'a token that is no text',
      get('/api/v1/status', { authorization: 'Bearer \u00e9' }),
      401,
      'unauthenticated',
      undefined,
    ],
    ['a path that is none', get('/api/v1/nope'), 404, 'not-found', undefined],
    ['a path that climbs', get('/api/v1/../../etc/passwd'), 404, 'not-found', undefined],
    ['a path that is no URL', get('/api/v1/incidents/%zz'), 400, 'invalid', undefined],
    ['a part that is too long', get(`/api/v1/incidents/${'a'.repeat(600)}`), 414, 'uri-too-long', undefined],
    [
      'another method',
      { method: 'PUT', url: '/api/v1/status', headers: as('admin') },
      405,
      'method-not-allowed',
      undefined,
    ],
    [
      'another method of an item',
      { method: 'POST', url: `/api/v1/workloads/${hash}`, headers: as('admin') },
      405,
      'method-not-allowed',
      undefined,
    ],
    ['an item that is none', get(`/api/v1/workloads/${hash}`), 404, 'not-found', undefined],
    ['a hash that is none', get('/api/v1/workloads/x'), 400, 'invalid', 'path.hash'],
    ['an id that is none', get("/api/v1/incidents/';--"), 400, 'invalid', 'path.id'],
    ['a limit of none', get('/api/v1/incidents?limit=0'), 400, 'invalid', 'query.limit'],
    ['a limit of all', get('/api/v1/incidents?limit=501'), 400, 'invalid', 'query.limit'],
    ['a limit in words', get('/api/v1/incidents?limit=ten'), 400, 'invalid', 'query.limit'],
    ['an empty limit', get('/api/v1/incidents?limit='), 400, 'invalid', 'query.limit'],
    ['a limit said twice', get('/api/v1/incidents?limit=1&limit=2'), 400, 'invalid', 'query.limit'],
    ['an unknown question', get('/api/v1/status?x=1'), 400, 'invalid', 'query.x'],
    ['an invented cursor', get('/api/v1/incidents?cursor=WzEsImEiXQ.AAAA'), 400, 'invalid', 'query.cursor'],
    ['an empty cursor', get('/api/v1/incidents?cursor='), 400, 'invalid', 'query.cursor'],
    ['an unknown field', mode({ ...freeze, author: 'eve' }), 400, 'invalid', 'body.author'],
    ['a missing field', mode({ mode: 'freeze' }), 400, 'invalid', 'body.reason'],
    ['a reason of spaces', mode({ ...freeze, reason: '  ' }), 400, 'invalid', 'body.reason'],
    ['a number for a text', mode({ ...freeze, reason: 7 }), 400, 'invalid', 'body.reason'],
    ['a mode that is none', mode({ ...freeze, mode: 'angry' }), 400, 'invalid', 'body.mode'],
    ['a list for an object', mode('[]'), 400, 'invalid', 'body'],
    ['nothing for an object', mode(''), 400, 'invalid', 'body'],
    ['no JSON', mode('{'), 400, 'invalid', 'body'],
    ['a name twice', mode('{"mode":"alert","mode":"kill","reason":"x"}'), 400, 'invalid', 'body'],
    [
      'a prototype',
      mode('{"mode":"alert","reason":"x","__proto__":{"a":1}}'),
      400,
      'invalid',
      'body.__proto__',
    ],
    [
      'JSON as a form',
      mode('mode=kill', { 'content-type': 'application/x-www-form-urlencoded' }),
      415,
      'unsupported-type',
      undefined,
    ],
    [
      'JSON as bytes',
      mode('{}', { 'content-type': 'application/octet-stream' }),
      415,
      'unsupported-type',
      undefined,
    ],
    ['a large body', mode({ ...freeze, reason: 'x'.repeat(70_000) }), 413, 'too-large', undefined],
    [
      'a document as JSON',
      { method: 'POST', url: '/api/v1/documents', headers: { ...as('admin'), ...json }, payload: '{}' },
      415,
      'unsupported-type',
      undefined,
    ],
    [
      'a document of 5 MiB',
      {
        method: 'POST',
        url: '/api/v1/documents',
        headers: { ...as('admin'), 'content-type': 'application/octet-stream' },
        payload: Buffer.alloc(5 << 20),
      },
      413,
      'too-large',
      undefined,
    ],
    [
      'no document',
      { method: 'POST', url: '/api/v1/documents', headers: as('admin') },
      400,
      'invalid',
      undefined,
    ],
    ['another version', mode(freeze, { 'if-match': '"7"' }), 412, 'changed-meanwhile', undefined],
    [
      'a wrong bootstrap token',
      {
        method: 'POST',
        url: '/api/v1/bootstrap',
        headers: { ...as('admin'), ...json },
        payload: { name: 'eve' },
      },
      401,
      'unauthenticated',
      undefined,
    ],
    [
      'a name that draws',
      { method: 'POST', url: '/api/v1/bootstrap', headers: json, payload: { name: 'e\u001b[2J' } },
      400,
      'invalid',
      'body.name',
    ],
  ])('%s', async (_name, request, status, code, field) => {
    const app = await fakeApi();
    const answer = await app.inject(request);
    expect([answer.statusCode, answer.headers['content-type']]).toEqual([
      status,
      'application/problem+json; charset=utf-8',
    ]);
    expect(answer.json()).toMatchObject({
      status,
      code,
      type: `urn:whorl:problem:${code}`,
      detail: expect.stringMatching(/\w/),
    });
    expect(answer.json().errors?.[0]?.field ?? '').toBe(field ?? answer.json().errors?.[0]?.field ?? '');
    if (field !== undefined) expect(answer.json().errors[0].fix).not.toBe('');
    expect(answer.body).not.toMatch(/node_modules|\.ts:|at \w+ \(/);
    await app.close();
  });

  it.each<[string, Error, number, string, RegExp]>([
    [
      'the store cannot answer',
      new StoreError('disk-full', 'the disk is full'),
      503,
      'unavailable',
      /disk is full/,
    ],
    [
      'a document is refused',
      new FingerprintError('BAD_SIGNATURE', 'is forged\u0007', { field: 'x\u001b' }),
      400,
      'document-refused',
      /x\\x1b is forged\\x07/,
    ],
    ['something is broken', new Error('secret /etc/passwd'), 500, 'internal', /request [0-9a-f]{16}$/],
  ])('%s', async (_name, error, status, code, detail) => {
    const app = await fakeApi({
      status: { status: async () => Promise.reject(error), ready: async () => false },
    });
    const answer = await app.inject({ url: '/api/v1/status', headers: as('viewer') });
    expect([answer.statusCode, answer.json().code, answer.json().detail]).toEqual([
      status,
      code,
      expect.stringMatching(detail),
    ]);
    expect(answer.body).not.toContain('passwd');
    const ready = await app.inject('/readyz');
    expect([ready.statusCode, ready.json().code]).toEqual([503, 'unavailable']);
  });

  it('escapes what the client wrote', async () => {
    const app = await fakeApi();
    const answer = await app.inject(mode({ ...freeze, 'a\u001b[2J\u202e': 1 }));
    expect(answer.json().errors[0].field).toBe('body.a\\x1b[2J\\u{202e}');
  });
});

describe('roles', () => {
  it('are declared by every route, and hold', async () => {
    const app = await fakeApi();
    const { paths } = (await app.inject('/api/v1/openapi.json')).json() as {
      paths: Record<string, Record<string, { 'x-least-role': Role | 'anyone' }>>;
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, about]) => ({ path, method, least: about['x-least-role'] })),
    );
    expect(routes.length).toBeGreaterThan(15);
    // Each from elsewhere: wrong tokens from one address are soon not looked at any more.
    let asked = 0;
    const address = () => `192.0.2.${++asked}`;
    for (const { path, method, least } of routes) {
      if (path === '/api/v1/events') continue;
      const url = path
        .replace('{hash}', hash)
        .replace('{id}', 'x')
        .replace('{seq}', '1')
        .replace('{sink}', 'ops');
      const ask = async (headers: object) =>
        (
          await app.inject({
            method: method as 'GET',
            url,
            headers: { ...headers },
            remoteAddress: address(),
          })
        ).statusCode;
      expect([path, await ask({})]).toEqual([
        path,
        least === 'anyone' ? expect.not.toSatisfy((s: number) => s === 403) : 401,
      ]);
      if (least === 'anyone') continue;
      for (const role of roles) {
        const may = roles.indexOf(role) >= roles.indexOf(least);
        expect([path, method, role, (await ask(as(role))) === 403]).toEqual([path, method, role, !may]);
      }
    }
  });

  it('must be declared: a route without one does not start', async () => {
    const app = await fakeApi();
    expect(() => app.get('/x', async () => ({}))).toThrow();
  });

  it('whoever may open the socket is an administrator by name, and headers make nobody so', async () => {
    const app = await fakeApi();
    const local = await app.inject({ url: '/api/v1/whoami', headers: { 'x-local': '1' } });
    expect(local.json()).toEqual({ name: 'local:ada', role: 'admin', scope: whole });
    expect(local.headers['strict-transport-security']).toBeUndefined();
  });

  it.each([
    ['POST', '/api/v1/tokens', { name: 'x', role: 'admin', reason: 'r' }],
    ['GET', '/api/v1/tokens', undefined],
    ['DELETE', '/api/v1/tokens/x?reason=r', undefined],
    ['POST', '/api/v1/policy/mode', freeze],
  ] as const)('%s %s is not for an administrator of one namespace', async (method, url, payload) => {
    const scoped = aCaller('admin', { clusters: [], namespaces: ['shop'] });
    const { access } = fakeServices();
    const app = await fakeApi({ access: { ...access, authenticate: async () => scoped } });
    const answer = await app.inject({
      method,
      url,
      headers: as('admin'),
      ...(payload === undefined ? {} : { payload }),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([403, 'forbidden']);
  });
});

describe('every answer', () => {
  it.each([
    ['one that is fine', as('viewer')],
    ['one that is refused', {}],
  ])('%s protects the browser, and is not kept', async (_name, headers) => {
    const app = await fakeApi();
    const answer = await app.inject({ url: '/api/v1/status', headers });
    expect(answer.headers).toMatchObject({
      'content-security-policy': expect.stringContaining("default-src 'none'"),
      'strict-transport-security': expect.stringContaining('max-age=31536000'),
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
      'x-request-id': expect.stringMatching(/^[0-9a-f]{16}$/),
    });
  });

  it('is told once, by pattern and name: no token, no path, no query', async () => {
    const told: Answered[] = [];
    const app = await fakeApi({}, { answered: (answered) => told.push(answered) });
    await app.inject({
      url: `/api/v1/workloads/${hash}`,
      headers: { ...as('viewer'), 'x-request-id': 'mine' },
    });
    await app.inject({ url: '/secret-path?token=x' });
    expect(told).toMatchObject([
      { method: 'GET', route: '/api/v1/workloads/:hash', status: 404, who: 'viewer', isStream: false },
      { method: 'GET', route: 'none', status: 404, who: 'nobody' },
    ]);
    expect(JSON.stringify(told)).not.toMatch(/secret|mine|000000000/);
  });
});

describe('who asks too much', () => {
  it('is told to wait, each caller for themselves, but not on the socket', async () => {
    const app = await fakeApi({}, { perMinute: 3 });
    const ask = async (headers: Record<string, string>) =>
      (await app.inject({ url: '/api/v1/status', headers })).statusCode;
    for (let i = 0; i < 3; i += 1) expect(await ask(as('viewer'))).toBe(200);
    const refused = await app.inject({ url: '/api/v1/status', headers: as('viewer') });
    expect([refused.statusCode, refused.json().code, Number(refused.headers['retry-after'])]).toEqual([
      429,
      'too-many-requests',
      expect.toSatisfy((s: number) => s > 0),
    ]);
    expect(await ask(as('analyst'))).toBe(200);
    for (let i = 0; i < 5; i += 1) expect(await ask({ 'x-local': '1' })).toBe(200);
  });

  it('asks for paths that are none', async () => {
    const app = await fakeApi({}, { perMinute: 2 });
    const codes: number[] = [];
    for (let i = 0; i < 3; i += 1) codes.push((await app.inject('/nope')).statusCode);
    expect(codes).toEqual([404, 404, 429]);
  });

  it('with wrong tokens is stopped sooner, by address, and does not lock out who is known there', async () => {
    let now = 0;
    const app = await fakeApi({}, { now: () => now });
    const ask = async (token: string, remoteAddress = '192.0.2.1') =>
      (
        await app.inject({
          url: '/api/v1/status',
          remoteAddress,
          headers: { authorization: `Bearer ${token}` },
        })
      ).statusCode;
    expect(await ask('viewer')).toBe(200);
    for (let i = 0; i < 10; i += 1) expect(await ask(`guess${i}`)).toBe(401);
    expect(await ask('guess')).toBe(429);
    // Not even a right one that was never seen there: an answer would tell.
    expect(await ask('admin')).toBe(429);
    expect(await ask('viewer')).toBe(200);
    expect(await ask('admin', '192.0.2.2')).toBe(200);
    now += 6_000;
    expect([await ask('guess'), await ask('guess')]).toEqual([401, 429]);
  });

  it('from a whole IPv6 network is one', async () => {
    const app = await fakeApi();
    const ask = async (i: number, net = '1') =>
      (
        await app.inject({
          url: '/api/v1/status',
          remoteAddress: `2001:db8:0:${net}::${i}`,
          headers: { authorization: 'Bearer x' },
        })
      ).statusCode;
    for (let i = 0; i < 10; i += 1) expect(await ask(i)).toBe(401);
    expect([await ask(99), await ask(1, '2')]).toEqual([429, 401]);
  });
});

describe('Idempotency-Key', () => {
  const policy = fakeServices().responsePolicy.inForce;
  const setting = (setMode: ResponsePolicyService['setMode']) => ({
    responsePolicy: { ...fakeServices().responsePolicy, setMode },
  });
  const setup = async () => {
    const changes: Change[] = [];
    let now = 0;
    const services = setting(async (_mode, change) => {
      changes.push(change);
      return policy;
    });
    const app = await fakeApi(services, { now: () => now });
    const post = (key: string, payload: object = freeze, headers: object = {}) =>
      app.inject(mode(payload, { 'idempotency-key': key, ...headers }));
    return { changes, post, wait: (ms: number) => (now += ms), app };
  };

  it('does it once, and answers the same again', async () => {
    const { changes, post } = await setup();
    const [first, again] = [await post('k1'), await post('k1')];
    expect([again.statusCode, again.body, again.headers['idempotency-replayed']]).toEqual([
      200,
      first.body,
      'true',
    ]);
    await post('k2');
    expect(changes).toEqual([
      { author: 'admin', reason: 'CHG-1' },
      { author: 'admin', reason: 'CHG-1' },
    ]);
  });

  it('is for one request: another body is refused', async () => {
    const { changes, post } = await setup();
    await post('k1');
    const other = await post('k1', { ...freeze, mode: 'kill' });
    expect([other.statusCode, other.json().code, changes.length]).toEqual([422, 'key-reused', 1]);
  });

  it('belongs to its caller', async () => {
    const { changes, post } = await setup();
    await post('k1');
    const other = await post('k1', { ...freeze, mode: 'kill' }, { authorization: '', 'x-local': '1' });
    expect([other.statusCode, changes.length]).toEqual([200, 2]);
  });

  it('is forgotten after a day', async () => {
    const { changes, post, wait } = await setup();
    await post('k1');
    wait(86_400_000);
    await post('k1');
    expect(changes).toHaveLength(2);
  });

  it('while the first is under way says so', async () => {
    const { promise, resolve } = Promise.withResolvers<typeof policy>();
    const app = await fakeApi(setting(() => promise));
    // Nothing is sent before somebody waits for it.
    const first = app.inject(mode(freeze, { 'idempotency-key': 'k' })).then((answer) => answer);
    await expect
      .poll(async () => (await app.inject(mode(freeze, { 'idempotency-key': 'k' }))).json().code)
      .toBe('conflict');
    resolve(policy);
    expect((await first).statusCode).toBe(200);
  });

  it('may be tried again when the collector failed', async () => {
    let fails = true;
    const setMode = async () => {
      if (fails) throw new StoreError('disk-full', 'full');
      return policy;
    };
    const app = await fakeApi(setting(setMode));
    const post = async () => (await app.inject(mode(freeze, { 'idempotency-key': 'k' }))).statusCode;
    expect(await post()).toBe(503);
    fails = false;
    expect(await post()).toBe(200);
  });

  it.each(['', ' ', 'x'.repeat(129), 'ü'])('%j is none', async (key) => {
    const { post } = await setup();
    expect((await post(key)).json()).toMatchObject({
      code: 'invalid',
      errors: [{ field: 'headers.idempotency-key' }],
    });
  });
});

describe('a cursor', () => {
  const page = { items: [{ id: 1 }], next: { time: 5, id: 'a' } };
  const asked: unknown[] = [];
  const services = {
    incidents: {
      ...fakeServices().incidents,
      incidents: async (_caller: unknown, given: unknown) => {
        asked.push(given);
        return page;
      },
    },
    workloads: { ...fakeServices().workloads, workloads: async () => page },
  };

  it('leads to the next page, tells nothing that could be relied on, and is bound to its list', async () => {
    const app = await fakeApi(services);
    const get = (url: string) => app.inject({ url, headers: as('viewer') });
    const { next } = (await get('/api/v1/incidents?limit=7')).json();
    await get(`/api/v1/incidents?limit=7&cursor=${next}`);
    expect(asked).toEqual([{ limit: 7 }, { limit: 7, after: { time: 5, id: 'a' } }]);
    expect((await get(`/api/v1/workloads?cursor=${next}`)).statusCode).toBe(400);
    for (let i = 0; i < next.length; i += 1) {
      const changed = next.slice(0, i) + (next[i] === 'A' ? 'B' : 'A') + next.slice(i + 1);
      // The last digit of base64 has bits that mean nothing.
      if (i < next.length - 1)
        expect((await get(`/api/v1/incidents?cursor=${changed}`)).statusCode).toBe(400);
    }
  });
});

describe('events', () => {
  const event = { id: 'b-1', type: 'policy', json: '{"type":"policy"}' };

  async function listen(headers: Record<string, string>) {
    const feed = new FakeFeed();
    const app = await fakeApi({ feed });
    const address = await app.listen({ port: 0 });
    const ending = new AbortController();
    const answer = await fetch(`${address}/api/v1/events`, {
      headers: { ...as('viewer'), ...headers },
      signal: ending.signal,
    });
    const reader = answer.body?.pipeThrough(new TextDecoderStream()).getReader();
    const read = async (until: string): Promise<string> => {
      let text = '';
      while (!text.includes(until)) text += (await reader?.read())?.value ?? '';
      return text;
    };
    const end = async () => {
      ending.abort();
      await app.close();
    };
    return { feed, answer, read, end };
  }

  it('are server-sent, with ids, and resumed after the last one', async () => {
    const { feed, answer, read, end } = await listen({ 'last-event-id': 'b-0' });
    expect(answer.headers.get('content-type')).toBe('text/event-stream');
    expect(answer.headers.get('x-accel-buffering')).toBe('no');
    expect(feed.lastIds).toEqual(['b-0']);
    feed.tell(event);
    expect(await read('data:')).toBe('retry: 3000\n\nid: b-1\nevent: policy\ndata: {"type":"policy"}\n\n');
    await end();
    await expect.poll(() => feed.followers).toBe(0);
  });

  it('are JSON lines for who wants those', async () => {
    const { feed, read, end } = await listen({ accept: 'application/x-ndjson' });
    feed.tell(event);
    expect((await read('policy')).trim()).toBe(event.json);
    await end();
  });

  it('are cut off for who does not read them', async () => {
    const { feed, end } = await listen({});
    const large = { ...event, json: `"${'x'.repeat(1 << 20)}"` };
    for (let i = 0; i < 100 && feed.followers > 0; i += 1) {
      feed.tell(large);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await expect.poll(() => feed.followers).toBe(0);
    await end();
  });
});
