import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { countersOf } from './counters.ts';
import { MetricsError } from './metrics-error.ts';
import { readMetrics } from './read-metrics.ts';
import { watchCounters } from './watch-counters.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: () => { status?: number; page?: string; hang?: true }): Promise<string> {
  const server = createServer((_, response) => {
    const { status = 200, page = '', hang } = answer();
    if (hang !== true) response.writeHead(status).end(page);
  });
  servers.push(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`;
}

const page = `# HELP x_lost_total Lost. x_lost_total 9
# TYPE x_lost_total counter
x_lost_total{kind="a",text="}\\" x_lost_total 7\\n"} 2
x_lost_total{kind="b"} 1.5e+03 1700000000000
x_lost_total_created 99
my_x_lost_total 99
x_plain_total 3
`;

describe('counters of a page', () => {
  it.each([
    ['x_lost_total', 1502],
    ['x_plain_total', 3],
    ['x_absent_total', undefined],
  ])('reads %s as %s', (name, value) => {
    expect(countersOf(page, [name]).get(name)).toBe(value);
  });

  it.each(['x NaN', 'x -1', 'x', 'x{a="b" 1', 'x 1 2 3', 'x +Inf', 'x 1e999'])('refuses %s', (line) => {
    expect(() => countersOf(`${line}\n`, ['x'])).toThrow(MetricsError);
  });
});

describe('reading a page', () => {
  const never = new AbortController().signal;

  it.each([
    ['an address of another kind', 'https://127.0.0.1:1/metrics', 'bad-address'],
    ['no address', 'metrics', 'bad-address'],
    ['nobody there', 'http://127.0.0.1:1/metrics', 'unreachable'],
  ])('says of %s what it is', async (_, address, code) => {
    await expect(readMetrics(address, never)).rejects.toMatchObject({ name: 'MetricsError', code });
  });

  it('refuses another answer, one without end and one that does not come', async () => {
    await expect(readMetrics(await serve(() => ({ status: 404 })), never)).rejects.toMatchObject({
      code: 'wrong-service',
    });
    await expect(
      readMetrics(await serve(() => ({ page: 'x'.repeat((16 << 20) + 1) })), never),
    ).rejects.toMatchObject({ code: 'too-large' });
    await expect(readMetrics(await serve(() => ({ hang: true })), never, 50)).rejects.toMatchObject({
      code: 'too-slow',
    });
  });
});

it('tells what grew, what was started anew, and once that it cannot be read', async () => {
  const pages = [
    'x_a_total 5\n',
    'x_a_total 5\n',
    'x_a_total 7\nx_b_total{l="1"} 1\n',
    undefined,
    undefined,
    'other 1\n',
    'x_a_total 9\nx_b_total{l="1"} 1\n',
    'x_a_total 2\n',
  ];
  const told: unknown[] = [];
  const stop = new AbortController();
  let now = 0;
  const address = await serve(() => {
    if (pages.length === 0) {
      stop.abort();
      return { hang: true };
    }
    const next = pages.shift();
    return next === undefined ? { status: 503 } : { page: next };
  });
  await watchCounters(
    {
      address,
      names: ['x_a_total', 'x_b_total'],
      family: 'x_',
      everyMs: 1,
      now: () => (now += 10),
      onGrown: (grown, since, until) => told.push([Object.fromEntries(grown), since, until]),
      onRestarted: (since, until) => told.push(['restarted', since, until]),
      onFailed: ({ code }) => told.push(code),
      onRead: () => told.push('read'),
    },
    stop.signal,
  );
  expect(told).toEqual([
    'read',
    [{ x_a_total: 2, x_b_total: 1 }, 20, 30],
    'wrong-service',
    'read',
    [{ x_a_total: 2 }, 30, 40],
    ['restarted', 40, 50],
    [{ x_a_total: 2 }, 40, 50],
  ]);
});
