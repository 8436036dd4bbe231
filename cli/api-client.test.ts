import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type RequestListener, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeIo } from '../test/fakes/io.ts';
import { anIncident } from '../test/fakes/reports.ts';
import { ApiClient } from './api-client.ts';
import { collectorUrl, findCollector } from './collector-place.ts';
import { main } from './main.ts';

let dir: string;
let server: Server | undefined;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-api-'));
  mkdirSync(join(dir, 'collector'));
});
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  server = undefined;
  rmSync(dir, { recursive: true });
});

const path = () => join(dir, 'collector', 'collector.sock');
async function serve(answer: RequestListener): Promise<ApiClient> {
  server = createServer(answer);
  await new Promise<void>((resolve) => server?.listen(path(), resolve));
  return new ApiClient({ kind: 'socket', path: path() });
}

describe('what a collector refuses', () => {
  it.each([
    [400, { detail: 'query.limit must be a number' }, 2, /refused: query\.limit must be a number$/],
    [401, { detail: 'no token' }, 3, /refused: no token$/],
    [403, { detail: 'takes the role admin' }, 3, /takes the role admin$/],
    [412, { detail: 'read it again' }, 2, /read it again$/],
    [429, { detail: 'wait' }, 5, /wait$/],
    [503, { detail: 'the disk is full' }, 5, /the disk is full$/],
    [500, {}, 5, /status 500$/],
    [400, { detail: 'a\u001b[2Jb' }, 2, /a\\x1b\[2Jb$/],
    [400, { detail: 'x'.repeat(100_000) }, 2, /^.{400,600}$/],
  ])('%i %j exits %i', async (status, body, exitCode, message) => {
    const client = await serve((_q, r) => r.writeHead(status).end(JSON.stringify(body)));
    await expect(client.call({ method: 'GET', path: '/status' })).rejects.toMatchObject({
      exitCode,
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['no JSON', (() => (_q, r) => r.end('<html>\u001b')) as () => RequestListener, /not JSON: <html>\\x1b/],
    ['nothing', (() => (_q, r) => r.destroy()) as () => RequestListener, /broke off/],
  ])('and %s is told as such', async (_name, answer, message) => {
    const client = await serve(answer());
    await expect(client.call({ method: 'GET', path: '/status' })).rejects.toMatchObject({
      exitCode: 5,
      message: expect.stringMatching(message),
    });
  });
});

it('reads every page of a list, and no more than is wanted', async () => {
  const asked: (string | undefined)[] = [];
  const client = await serve((request, response) => {
    asked.push(request.url);
    const n = asked.length;
    response.end(JSON.stringify({ items: [n, n], ...(n < 3 ? { next: `c${n}` } : {}) }));
  });
  expect(await client.list('/workloads')).toEqual([1, 1, 2, 2, 3, 3]);
  expect(asked[1]).toBe('/api/v1/workloads?limit=500&cursor=c1');
  asked.length = 0;
  expect(await client.list('/workloads', {}, 3)).toEqual([1, 1, 2]);
  expect(asked.map((url) => /limit=(\d+)/.exec(url ?? '')?.[1])).toEqual(['3', '1']);
});

it('incidents --follow lists what is there, then tells what is new, each once', async () => {
  const row = (id: string) => ({ ...anIncident({ id: id.repeat(32) }) });
  await serve((request, response) => {
    if (request.url?.startsWith('/api/v1/incidents') === true) {
      response.end(JSON.stringify({ items: [{ id: 'aa'.repeat(32), state: 'open', lead: row('99') }] }));
      return;
    }
    // Another copy of the same: an occurrence has an id of its own.
    const line = (of: string, isNew: boolean) =>
      `${JSON.stringify({ type: 'incident', isNew, row: of.repeat(32), incident: row('12') })}\n`;
    response.write('\n');
    // The first was in the list already, the second is an old one that goes on.
    response.end(`${line('aa', true) + line('bb', false)}{"type":"policy"}\n${line('cc', true)}`);
  });
  const io = fakeIo();
  await main(['incidents', '--follow', '--json', '--data-dir', dir], io);
  expect(io.stdout.map((line) => JSON.parse(line).id.slice(0, 2))).toEqual(['aa', 'cc']);
  expect([io.exitCode, io.stderr.join()]).toEqual([
    5,
    expect.stringMatching(/the collector ended the stream/),
  ]);
});

describe('where the collector is', () => {
  it.each([
    ['https://whorl.example.com:8443', 'https://whorl.example.com:8443'],
    ['whorl.example.com:8443', 'https://whorl.example.com:8443'],
    ['https://[::1]:8443/', 'https://[::1]:8443'],
  ])('%s', (given, url) => expect(collectorUrl(given)).toBe(url));

  it.each([
    'http://whorl.example.com',
    'https://ada:pw@whorl.example.com',
    'https://whorl.example.com/api',
    'https://whorl.example.com/?a',
    'file:///etc/passwd',
    'https://',
    '',
  ])('is not %j', (given) => expect(() => collectorUrl(given)).toThrow(/is no address of a collector/));

  it('is what is named first: flag, data directory, environment', async () => {
    await serve((_q, r) => r.end('{}'));
    const remote = { WHORL_COLLECTOR: 'https://c:1', WHORL_TOKEN: 't', HOME: dir };
    const at = async (env: Record<string, string>, options: { collector?: string; dataDir?: string }) => {
      const place = await findCollector(fakeIo({}, { env }), options);
      return place?.kind === 'url' ? place.url : place?.path;
    };
    expect(await at(remote, { collector: 'https://d:2', dataDir: dir })).toBe('https://d:2');
    expect(await at(remote, { dataDir: dir })).toBe(path());
    expect(await at(remote, {})).toBe('https://c:1');
    expect(await at({ WHORL_DATA_DIR: dir, HOME: dir }, {})).toBe(path());
    expect(await at({ WHORL_DATA_DIR: join(dir, 'none'), HOME: dir }, {})).toBeUndefined();
  });
});
