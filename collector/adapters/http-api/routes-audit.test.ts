import { once } from 'node:events';
import { createServer, get, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { fakeApi, fakeServices } from '../../../test/fakes/api.ts';
import type { AuditFilter, AuditRow, AuditService } from '../../ports/api-audit.ts';

const admin = { authorization: 'Bearer admin' };
const row = (seq: number, body?: string): AuditRow => ({
  seq,
  time: 1_000 + seq,
  type: 'login',
  author: body === undefined ? '' : 'ada',
  leaf: new Uint8Array(32),
  ...(body === undefined ? {} : { body }),
});
const audit = (over: Partial<AuditService>) =>
  fakeApi({ audit: { ...fakeServices().audit, ...over } }).then((app) => ({
    app,
    ask: (url: string, role = 'admin') =>
      app.inject({ url: `/api/v1/audit${url}`, headers: { authorization: `Bearer ${role}` } }),
  }));

describe('the audit log over HTTP', () => {
  it('is listed newest first, in pages, with what is asked for', async () => {
    const asked: AuditFilter[] = [];
    const { ask } = await audit({
      entries: async (filter) => {
        asked.push(filter);
        const { below = 0, limit } = filter;
        return [3, 2, 1]
          .filter((seq) => seq < below)
          .slice(0, limit)
          .map((seq) => row(seq, '{"seq":1}'));
      },
    });
    const first = (await ask('?limit=2&type=login&author=ada&since=5&until=9')).json();
    expect(first.items.map((e: { seq: number }) => e.seq)).toEqual([3, 2]);
    expect(first.items[0]).toMatchObject({
      at: 1003,
      author: 'ada',
      entry: { seq: 1 },
      leaf: expect.any(String),
    });
    expect(asked).toMatchObject([{ type: 'login', author: 'ada', since: 5, until: 9, limit: 3 }]);
    const second = (await ask(`?limit=2&cursor=${first.next}`)).json();
    expect([second.items.length, second.next, asked[1]?.below]).toEqual([1, undefined, 2]);
  });

  it('shows what was erased, and what is no JSON any more', async () => {
    const { ask } = await audit({ entries: async () => [row(2), row(1, 'not json')] });
    const { items } = (await ask('')).json();
    expect(items).toMatchObject([{ seq: 2, author: '' }, { entry: 'not json' }]);
    expect(items[0].entry).toBeUndefined();
  });

  it.each([
    ['a type that is none', '?type=party', 'query.type'],
    ['a time in words', '?since=yesterday', 'query.since'],
    ['an unknown question', '?who=ada', 'query.who'],
    ['a number that is none', '/proofs/x', 'path.seq'],
  ])('refuses %s', async (_name, url, field) => {
    const answer = await (await audit({})).ask(url);
    expect([answer.statusCode, answer.json().errors[0].field]).toEqual([400, field]);
  });

  it('proves with the very bytes', async () => {
    const proof = '{"a":1,  "b":"ü"}';
    const { ask } = await audit({ prove: async (seq) => (seq === 3 ? proof : undefined) });
    const answer = await ask('/proofs/3');
    expect([answer.statusCode, answer.body, answer.headers['content-type']]).toEqual([
      200,
      proof,
      'application/json',
    ]);
    expect((await ask('/proofs/4')).json()).toMatchObject({ code: 'not-found' });
  });

  it('hands its last checkpoint to every viewer', async () => {
    const { ask } = await audit({ checkpoint: async () => 'whorl.dev/x\n3\nAAAA\n\n— x y\n' });
    const answer = await ask('/checkpoint', 'viewer');
    expect([answer.statusCode, answer.body]).toEqual([200, 'whorl.dev/x\n3\nAAAA\n\n— x y\n']);
    expect((await (await audit({})).ask('/checkpoint', 'viewer')).statusCode).toBe(404);
  });

  it.each([
    [true, 200, { accepted: true }],
    [false, 409, { code: 'conflict' }],
  ])('accepts a fork in the name of who asks, when there is one: %s', async (isFork, status, answer) => {
    const by: unknown[] = [];
    const acceptFork = async (change: object) => {
      by.push(change);
      return isFork;
    };
    const { app } = await audit({ acceptFork });
    const got = await app.inject({
      method: 'POST',
      url: '/api/v1/audit/accept-fork',
      headers: admin,
      payload: { reason: 'restored' },
    });
    expect([got.statusCode, got.json()]).toEqual([status, expect.objectContaining(answer)]);
    expect(by).toEqual([{ author: 'admin', reason: 'restored' }]);
  });
});

describe('the export', () => {
  it('ends each line, and begins where it is asked to', async () => {
    const since: unknown[] = [];
    const { ask } = await audit({
      export: async function* (from) {
        since.push(from);
        yield* ['{"header":1}', '{"seq":0}'];
      },
    });
    const answer = await ask('/export?since=7');
    expect([answer.body, answer.headers['content-type']]).toEqual([
      '{"header":1}\n{"seq":0}\n',
      'application/x-ndjson',
    ]);
    expect(since).toEqual([7]);
  });

  /** On a real socket: only there is a reader slow. */
  async function listening(lines: AuditService['export']) {
    const { app } = await audit({ export: lines });
    const server = createServer((request, response) => app.routing(request, response)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `http://127.0.0.1:${port}/api/v1/audit/export`;
    const open = async (): Promise<IncomingMessage> => {
      const sent = get(url, { headers: admin, agent: false });
      const [response] = (await once(sent, 'response')) as [IncomingMessage];
      return response;
    };
    return { server, open };
  }

  it('waits for a slow reader and holds no more than a few pieces, then goes on to the end', async () => {
    const [count, line] = [2_000, 'x'.repeat(32 * 1024)];
    let read = 0;
    const { server, open } = await listening(async function* () {
      for (; read < count; read += 1) yield line;
    });
    const response = await open();
    // Until the sockets are full and the source is asked no more.
    let before = -1;
    while (before !== read) {
      before = read;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    // 64 MB are there to read; kernels keep some MB for a connection, and nothing else does.
    expect(read).toBeLessThan(count / 2);
    let bytes = 0;
    for await (const part of response) bytes += part.length;
    expect(bytes).toBe(count * (line.length + 1));
    server.close();
  });

  it('that fails in the middle does not look whole', async () => {
    const { server, open } = await listening(async function* () {
      yield 'x'.repeat(100_000);
      throw new Error('the disk is gone');
    });
    const response = await open();
    await expect(async () => {
      for await (const _part of response);
    }).rejects.toThrow(/aborted/);
    server.close();
  });

  it('is for four at a time; who leaves makes room', async () => {
    let ended = 0;
    const { server, open } = await listening(async function* () {
      try {
        for (;;) yield 'x'.repeat(100_000);
      } finally {
        ended += 1;
      }
    });
    const all = await Promise.all([open(), open(), open(), open()]);
    const fifth = await open();
    expect([fifth.statusCode, fifth.headers['retry-after']]).toEqual([503, '30']);
    fifth.resume();
    for (const response of all) response.destroy();
    while (ended < 4) await new Promise((resolve) => setImmediate(resolve));
    const sixth = await open();
    expect(sixth.statusCode).toBe(200);
    sixth.destroy();
    server.close();
    server.closeAllConnections();
  });
});
