import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type FakeIo, fakeIo } from '../test/fakes/io.ts';
import { disarmScope, disarmSpan } from './disarm-place.ts';
import { main } from './main.ts';
import { armBanners, stopBanners } from './stop-status.ts';
import { renderText } from './text.ts';

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-disarm-'));
  mkdirSync(join(dir, 'agent'));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function run(...args: string[]): Promise<FakeIo> {
  const io = fakeIo();
  await main([...args, '--data-dir', dir], io);
  return io;
}
const file = () => join(dir, 'agent', 'disarmed.json');

describe('whorl disarm --local', () => {
  it('writes what the agent reads, for nobody else to change', async () => {
    const io = await run('disarm', '--local', '--for', '1h', '--reason', 'no collector');
    expect(io.stdout).toEqual(['disarmed this node until 2026-01-02T04:04:05Z']);
    expect(JSON.parse(Buffer.from(io.files.get(file()) ?? []).toString())).toEqual({
      since: '2026-01-02T03:04:05Z',
      until: '2026-01-02T04:04:05Z',
      author: expect.stringMatching(/^local:/),
      reason: 'no collector',
    });
    expect(io.modes.get(file())).toBe(0o600);
  });

  it.each<[string, string[], RegExp]>([
    ['without a reason', ['--for', '1h'], /say why/],
    ['for ever', ['--reason', 'x'], /--for must be from 1m to 24h/],
    ['for two days', ['--for', '48h', '--reason', 'x'], /--for must be from 1m to 24h/],
    ['somewhere else', ['--for', '1h', '--reason', 'x', '--cluster', 'c'], /all of this node/],
  ])('not %s', async (_, args, sentence) => {
    const io = await run('disarm', '--local', ...args);
    expect([io.exitCode, io.files.size]).toEqual([2, 0]);
    expect(io.stderr).toEqual([expect.stringMatching(sentence)]);
  });

  it('changes nothing in a dry run', async () => {
    const io = await run('disarm', '--local', '--for', '30m', '--reason', 'x', '--dry-run');
    expect([io.files.size, io.stdout]).toEqual([0, ['would disarm this node until 2026-01-02T03:34:05Z']]);
  });
});

describe('a place that is disarmed', () => {
  it.each([
    [{ cluster: 'prod' }, { kind: 'cluster', cluster: 'prod' }],
    [{ namespace: 'prod/shop' }, { kind: 'namespace', cluster: 'prod', namespace: 'shop' }],
    [
      { workload: 'prod/shop/Deployment/cart' },
      { kind: 'workload', cluster: 'prod', namespace: 'shop', owner: 'Deployment/cart' },
    ],
  ])('%j', (said, scope) => {
    expect(disarmScope(said)).toEqual(scope);
  });
  it.each([{}, { cluster: 'a', namespace: 'a/b' }, { namespace: 'shop' }, { workload: 'prod/shop' }])(
    'is not %j',
    (said) => {
      expect(() => disarmScope(said)).toThrow();
    },
  );
  it('for a day at most', () => {
    expect([disarmSpan('24h'), disarmSpan('90m')]).toEqual([86_400_000, 5_400_000]);
    for (const text of ['25h', '0h', '1d', '', undefined]) expect(() => disarmSpan(text)).toThrow();
  });
});

describe('whorl status', () => {
  it('begins with what must not be overlooked, whatever was written into it', () => {
    const lines = stopBanners({
      brakes: {
        disarms: [
          {
            id: 'abcdef0123',
            scope: { kind: 'namespace', cluster: 'prod', namespace: 'shop' },
            author: 'ada',
            reason: 'x\u001b[2J',
            until: Date.UTC(2026, 0, 1),
          },
        ],
        held: { waiting: 2 },
      },
      nodeIncidents: [{ kind: 'silent', node: 'n1', detail: 'nothing is heard of it' }],
    });
    expect(lines.map((line) => renderText(line, false))).toEqual([
      'DISARMED   namespace shop of cluster prod until 2026-01-01T00:00:00Z: ada: x\\x1b[2J; whorl rearm abcdef01',
      'held       2 stops wait for a person: whorl held',
      'silent     n1: nothing is heard of it',
    ]);
    expect(stopBanners({})).toEqual([]);
  });

  it('names what agents refuse to stop, whoever disarmed it there', () => {
    const until = Date.UTC(2026, 0, 1) / 1000;
    const agent = (node: string, counters: object, connected = true) => ({
      node,
      cluster: 'prod',
      connected,
      counters,
    });
    const labelled = (at: number) => ({ 'disarmed.namespaces': 3, 'disarmed.namespace.shop': at });
    const agents = [
      agent('n1', { ...labelled(until), 'disarmed.node': 1 }),
      agent('n2', { ...labelled(until - 60), 'disarmed.node': 0 }),
      agent('n3', labelled(until), false),
      { ...agent('n4', { 'disarmed.namespaces': 1, 'disarmed.namespace.shop': until }), cluster: 'test' },
    ];
    expect(stopBanners({ agents }).map((line) => renderText(line, false))).toEqual([
      'DISARMED   namespace shop of cluster prod until 2026-01-01T00:00:00Z: by its label, on 2 nodes',
      'DISARMED   namespace shop of cluster test until 2026-01-01T00:00:00Z: by its label, on 1 node',
      'DISARMED   2 more namespaces: by their labels',
      'DISARMED   node n1 of cluster prod: somebody said so there',
    ]);
    const many = Array.from({ length: 30 }, (_, i) => agent(`n${i}`, { 'disarmed.node': 1 }));
    expect(stopBanners({ agents: many }).map((line) => renderText(line, false))).toHaveLength(21);
  });

  it('says of the agent of this machine what it refuses to stop, and what it cannot see', () => {
    const lines = armBanners({
      disarms: [
        { detail: 'disarmed on this node (ada: \u001b[2J)' },
        { namespace: 'shop', detail: 'disarmed in …' },
      ],
      disarmLabels: { state: 'unseen', reason: 'it refuses (403)', refused: 0 },
    });
    expect(lines.map((line) => renderText(line, false))).toEqual([
      'DISARMED   nothing new is stopped: disarmed on this node (ada: \\x1b[2J)',
      'DISARMED   nothing new is stopped: disarmed in …',
      'labels     that disarm namespaces are not seen: it refuses (403); what was known holds until its end',
    ]);
    expect(armBanners({ disarmLabels: { state: 'seen', refused: 2 } })).toHaveLength(1);
    for (const fine of [undefined, {}, { disarms: [], disarmLabels: { state: 'seen', refused: 0 } }])
      expect(armBanners(fine)).toEqual([]);
  });
});

describe('orders without a collector', () => {
  it.each([
    [['hold', '3f', '--reason', 'x'], 4, /only a collector can give orders/],
    [['kill', '3f', '--scope', 'all', '--reason', 'x'], 2, /--scope must be subtree or container/],
    [['resume', '--all'], 2, /name the incidents/],
    [['held'], 4, /only a collector/],
    [['rearm'], 2, /name one disarm, or say --all or --local/],
  ])('%j', async (args, code, sentence) => {
    const io = await run(...(args as string[]));
    expect(io.exitCode).toBe(code);
    expect(io.stderr.join()).toMatch(sentence as RegExp);
  });
});
