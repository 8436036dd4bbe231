import { describe, expect, it } from 'vitest';
import { fakeApi } from '../../../test/fakes/api.ts';
import type { NotifyService } from '../../ports/api-notify.ts';

/** One sink, `ops`; what is asked for is kept. */
function api() {
  const asked: unknown[] = [];
  const of =
    <T>(verb: string, answer: T, other: T) =>
    async (sink: string, ...more: readonly string[]): Promise<T> => {
      asked.push([verb, sink, ...more]);
      return sink === 'ops' ? answer : other;
    };
  const notify: NotifyService = {
    status: async () => ({ sinks: [], unwritten: 1, lost: 2 }),
    test: of<string | undefined>('test', 'msg_1', undefined),
    pause: of('pause', true, false),
    resume: of('resume', true, false),
    dead: of<readonly [] | undefined>('dead', [], undefined),
    retryDead: of<number | undefined>('retry', 3, undefined),
  };
  return { asked, app: fakeApi({ notify }) };
}
const post = (path: string, payload: object) => ({
  method: 'POST' as const,
  url: `/api/v1/notify/${path}`,
  headers: { authorization: 'Bearer admin' },
  payload,
});

describe('sinks over HTTP', () => {
  it('are listed, also to a viewer', async () => {
    const answer = await (await api().app).inject({
      url: '/api/v1/notify',
      headers: { authorization: 'Bearer viewer' },
    });
    expect(answer.json()).toEqual({ sinks: [], unwritten: 1, lost: 2 });
  });

  it.each<[string, object, readonly string[], object]>([
    ['test', {}, ['test', 'ops', 'admin'], { id: 'msg_1' }],
    ['retry', {}, ['retry', 'ops', 'admin'], { retried: 3 }],
    ['pause', { reason: 'x' }, ['pause', 'ops', 'admin', 'x'], { state: 'paused' }],
    ['resume', { reason: 'x' }, ['resume', 'ops', 'admin', 'x'], { state: 'running' }],
  ])('%s: in the name of who asks', async (verb, body, asked, answer) => {
    const { app, asked: seen } = api();
    const got = await (await app).inject(post(`ops/${verb}`, body));
    expect([got.statusCode, got.json(), seen]).toEqual([200, answer, [asked]]);
    const unknown = await (await app).inject(post(`nobody/${verb}`, body));
    expect([unknown.statusCode, unknown.json().code]).toEqual([404, 'not-found']);
  });

  it('dead notices are told of a sink that is there', async () => {
    const app = await api().app;
    const headers = { authorization: 'Bearer viewer' };
    expect((await app.inject({ url: '/api/v1/notify/ops/dead', headers })).json()).toEqual({ dead: [] });
    expect((await app.inject({ url: '/api/v1/notify/x/dead', headers })).statusCode).toBe(404);
  });

  it.each([
    ['ops/pause', {}, 'body.reason'],
    ['ops/test', { author: 'eve' }, 'body.author'],
    ['a%2Fb/test', {}, 'path.sink'],
  ])('%s with %j is refused', async (path, body, field) => {
    const answer = await (await api().app).inject(post(path, body));
    expect([answer.statusCode, answer.json().errors[0].field]).toEqual([400, field]);
  });
});
