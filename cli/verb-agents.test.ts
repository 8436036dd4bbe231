import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import type { Io } from './io.ts';
import { main } from './main.ts';

const token = `whorl-join.${'a'.repeat(16)}.${'b'.repeat(43)}.${'c'.repeat(32)}`;
const now = Date.UTC(2026, 0, 2, 3, 4, 5);
const hour = 3_600_000;

const n1 = {
  id: 'prod:uid-1',
  cluster: 'prod',
  node: 'worker-1',
  uid: 'uid-1',
  certificate: { serial: '1', how: 'join-token', issuedAt: now, notAfter: now + hour },
  revoked: null,
  connected: true,
  state: 'blind',
  source: 'sensor',
  version: '0.4.0',
  coverage: ['exec', 'file'],
  lastHeard: now - 3_000,
  spool: { records: 2, bytes: 100, dropped: 0 },
  troubles: [{ kind: 'blind', opened: now - hour, count: 1, sentence: 'it does not see what it does' }],
  stored: 9,
  missing: 0,
  refused: 0,
};
const n2 = {
  id: 'prod:worker-2',
  cluster: 'prod',
  node: 'worker-2',
  certificate: null,
  revoked: { author: 'ada', reason: 'stolen\u001b[2J', time: now },
  connected: false,
  state: 'never-connected',
  troubles: [],
};
const other = { ...n2, id: 'dev:worker-1', cluster: 'dev', node: 'worker-1', revoked: null };

let dir: string;
let server: Server;
let asked: unknown[];
let listen: string;
let items: readonly object[];
let namespaces: readonly string[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-agents-'));
  mkdirSync(join(dir, 'collector'));
  asked = [];
  listen = '0.0.0.0:7443';
  items = [other, n1, n2];
  namespaces = [];
  server = createServer((request, response) => {
    let text = '';
    request.on('data', (part: Buffer) => {
      text += part;
    });
    request.on('end', () => {
      const { pathname } = new URL(request.url ?? '', 'http://c');
      const path = pathname.slice('/api/v1'.length);
      if (request.method !== 'GET')
        asked.push([request.method, path, ...(text === '' ? [] : [JSON.parse(text)])]);
      const answer =
        path === '/agents'
          ? { items }
          : path === '/join-tokens'
            ? { id: 'a', token, expiresAt: now + hour, listen }
            : path === '/clusters'
              ? { items: [] }
              : path === '/whoami'
                ? { scope: { clusters: [], namespaces } }
                : n1;
      response.end(JSON.stringify(answer));
    });
  });
  await new Promise<void>((resolve) => server.listen(join(dir, 'collector', 'collector.sock'), resolve));
});
afterEach(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(dir, { recursive: true });
});

async function whorl(args: readonly string[], given: Partial<Io> = {}): Promise<FakeIo> {
  const io = fakeIo({ 'jwks.json': '{"keys":[]}' }, given);
  await main([...args, '--data-dir', dir], io);
  return io;
}

describe('whorl agents', () => {
  it('says of each in a line how it is', async () => {
    expect((await whorl(['agents'])).stdout).toEqual([
      'dev/worker-1  never connected, no certificate',
      'prod/worker-1  connected, blind, by sensor 0.4.0, heard 3 s ago, 2 reports wait there, certificate until 2026-01-02T04:04Z',
      'prod/worker-2  shut out, no certificate',
    ]);
  });

  it('shows one in detail, by CLUSTER/NODE or an unambiguous beginning', async () => {
    expect((await whorl(['agents', 'prod/worker-1'])).stdout).toEqual(
      expect.arrayContaining([
        '  source      sensor, sees exec, file',
        '  trouble     blind since 2026-01-02T02:04Z: it does not see what it does',
      ]),
    );
    expect((await whorl(['agents', 'worker-2', '--json'])).stdout).toEqual([JSON.stringify(n1)]);
  });

  it.each([
    ['worker-1', /2 agents are called so: dev\/worker-1, prod\/uid-1; name one as CLUSTER\/NODE/],
    ['nobody', /no agent is called nobody; whorl agents lists/],
  ])('cannot show %s', async (name, sentence) => {
    const io = await whorl(['agents', name]);
    expect([io.exitCode, io.stderr]).toEqual([2, [expect.stringMatching(sentence)]]);
  });
});

describe('whorl agents without an agent', () => {
  it.each([
    [[], /no agents yet; whorl agents add/],
    [['shop'], /your token is for some namespaces/],
  ])('says why, for a token of the namespaces %j', async (shown, sentence) => {
    items = [];
    namespaces = shown;
    expect((await whorl(['agents'])).stderr).toEqual([expect.stringMatching(sentence)]);
  });
});

describe('whorl agents add', () => {
  it('prints one line for the new node, and says how it is used', async () => {
    const io = await whorl([
      'agents',
      'add',
      '--node',
      'n7',
      '--cluster',
      'prod',
      '--for',
      '30m',
      '--address',
      'c.example:7443',
      '--reason',
      'x',
    ]);
    expect(asked).toEqual([
      ['POST', '/join-tokens', { node: 'n7', cluster: 'prod', minutes: 30, reason: 'x' }],
    ]);
    expect(io.stdout).toEqual([
      `printf '%s\\n' ${token} | whorl join c.example:7443 --cluster prod --node n7 --token-file -`,
    ]);
    expect(io.stderr).toEqual([expect.stringMatching(/^run it as root on n7: it works once, until 2026/)]);
  });

  it('warns when nobody else can reach the address', async () => {
    listen = '127.0.0.1:7443';
    expect((await whorl(['agents', 'add', '--reason', 'x'])).stderr[1]).toMatch(/is this machine alone/);
  });

  it.each([
    [['--node', 'n;reboot', '--reason', 'x'], /is no name of a node/],
    [['--for', '8d', '--reason', 'x'], /--for must be a time/],
    [['--node', 'n'], /why is not said/],
  ])('refuses %j and asks nobody', async (args, sentence) => {
    const io = await whorl(['agents', 'add', ...args]);
    expect([io.exitCode, io.stderr, asked]).toEqual([2, [expect.stringMatching(sentence)], []]);
  });

  it('does not make a command of what a collector says', async () => {
    listen = 'h;reboot:7443';
    const [line = ''] = (await whorl(['agents', 'add', '--reason', 'x'])).stdout;
    expect(line).not.toContain('reboot');
  });
});

describe('whorl agents revoke', () => {
  const call = ['POST', '/agents/prod%3Auid-1/revoke', { reason: 'stolen' }];
  const revoke = ['agents', 'revoke', 'prod/worker-1', '--reason', 'stolen'];

  it('says what it means and does it when the name was typed', async () => {
    const io = await whorl(revoke, { ask: async () => 'worker-1' });
    expect(io.stderr[0]).toMatch(/is connected: its stream is cut at once; it can neither renew/);
    expect(asked).toEqual([call]);
  });

  it.each<[string, Partial<Io>, string[], number]>([
    ['something else was typed', { ask: async () => 'y' }, [], 2],
    ['nobody is there to type', {}, [], 2],
    ['it is a dry run', {}, ['--dry-run'], 0],
  ])('does nothing when %s', async (_, given, args, code) => {
    expect((await whorl([...revoke, ...args], given)).exitCode).toBe(code);
    expect(asked).toEqual([]);
  });

  it('does it at once for a script', async () => {
    await whorl([...revoke, '--yes']);
    expect(asked).toEqual([call]);
  });

  it('takes a node that was never heard of by its cluster alone', async () => {
    expect((await whorl(['agents', 'revoke', 'n9', '--reason', 'x', '--yes'])).stderr).toEqual([
      expect.stringMatching(/never heard of, name its --cluster/),
    ]);
    await whorl(['agents', 'revoke', 'n9', '--cluster', 'prod', '--reason', 'x', '--yes']);
    expect(asked).toEqual([['POST', '/agents/prod%3An9/revoke', { reason: 'x' }]]);
  });

  it('does not guess whom by a beginning', async () => {
    expect((await whorl(['agents', 'revoke', 'worker', '--reason', 'x', '--yes'])).exitCode).toBe(2);
    expect(asked).toEqual([]);
  });
});

describe('whorl agents let-in, whorl cluster', () => {
  it.each([
    [
      ['agents', 'let-in', 'worker-2', '--reason', 'x'],
      ['POST', '/agents/prod%3Aworker-2/let-in', { reason: 'x' }],
    ],
    [
      ['cluster', 'add', 'prod', '--issuer', 'https://i', '--jwks', 'jwks.json', '--reason', 'x'],
      [
        'POST',
        '/clusters',
        {
          name: 'prod',
          issuer: 'https://i',
          audience: 'whorl-collector',
          accounts: ['whorl-system/whorl-agent'],
          jwks: '{"keys":[]}',
          reason: 'x',
        },
      ],
    ],
    [
      ['cluster', 'remove', 'prod', '--reason', 'x'],
      ['DELETE', '/clusters/prod'],
    ],
  ])('%j asks the collector, and a dry run does not', async (args, call) => {
    expect((await whorl([...args, '--dry-run'])).stderr).toEqual([expect.stringMatching(/^would /)]);
    expect(asked).toEqual([]);
    expect((await whorl(args)).exitCode).toBe(0);
    expect(asked).toEqual([call]);
  });
});
