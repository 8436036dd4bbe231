import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NodeIdentity } from '../../agent/adapters/node-identity.ts';
import { Child } from '../fakes/children.ts';
import { LiveStream } from '../fakes/live-stream.ts';

/** The command line on both machines, a real collector, and an uplink that has nothing but what `whorl join` left. */
let dir: string;
let undo: (() => Promise<unknown> | unknown)[];
let address: string;
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-join-'));
  undo = [];
  const child = new Child(new URL('../fakes/collector-process.ts', import.meta.url), {
    dataDir: join(dir, 'c'),
    listen: '127.0.0.1:0',
    eventsJson: true,
    logLevel: 'info',
  });
  undo.push(async () => {
    child.kill('SIGKILL');
    await child.ended();
  });
  address = String((await child.line((line) => line.type === 'collector-ready')).address);
});
afterEach(async () => {
  for (const step of undo.reverse()) await step();
  rmSync(dir, { recursive: true, force: true });
});

function whorl(args: readonly string[], input = ''): Promise<{ code: number; out: string; err: string }> {
  const main = new URL('../../cli/main.ts', import.meta.url).pathname;
  const env = { PATH: process.env.PATH, HOME: dir, XDG_CONFIG_HOME: dir };
  return new Promise((resolve) => {
    const ran = execFile(process.execPath, [main, ...args], { env }, (_error, out, err) =>
      resolve({ code: ran.exitCode ?? -1, out, err }),
    );
    ran.stdin?.end(input);
  });
}

const onCollector = (...args: string[]) =>
  whorl([...args, '--reason', 'OPS-1', '--data-dir', join(dir, 'c')]);
const onNode = (token: string, ...args: string[]) =>
  whorl(['join', address, '--node', 'n1', '--token-file', '-', '--data-dir', join(dir, 'n'), ...args], token);

async function newToken(...args: string[]): Promise<string> {
  const made = await onCollector('agents', 'add', '--json', ...args);
  expect([made.code, made.err]).toEqual([0, '']);
  return JSON.parse(made.out).token;
}

/** The node, with what `whorl join` left there and no token. */
function live(): LiveStream {
  const about = { address, cluster: 'default', node: 'n1' };
  const inDir = { dir: join(dir, 'n', 'agent', 'identity'), now: Date.now, random: () => 0 };
  const identity = new NodeIdentity({ ...about, ...inDir, token: () => undefined });
  const stream = new LiveStream({ ...about, identity });
  undo.push(() => stream.end());
  return stream;
}

describe('a node', () => {
  it('is added, joins, streams, is shut out at once, and comes back when it is let in', async () => {
    const token = await newToken('--node', 'n1');
    expect(await onNode(token, '--dry-run')).toMatchObject({
      code: 0,
      out: expect.stringMatching(/^sha256 /),
    });
    const joined = await onNode(token);
    expect([joined.code, joined.out]).toEqual([0, expect.stringContaining(`collector=${address}\n`)]);
    const node = live();
    await node.until((all) => all.at(-1) === 'connected');
    expect((await onCollector('agents', 'add', '--dry-run')).code).toBe(0);
    const listed = await whorl(['agents', '--data-dir', join(dir, 'c')]);
    expect(listed.out).toMatch(/^default\/n1 {2}connected, by fake test, heard .*, certificate until /);

    expect((await onCollector('agents', 'revoke', 'n1')).code).toBe(2);
    expect((await onCollector('agents', 'revoke', 'n1', '--yes')).code).toBe(0);
    await node.until((all) => all.at(-1)?.includes('shut out') === true);
    const refused = await onNode(await newToken('--node', 'n1'));
    expect([refused.code, refused.err]).toEqual([3, expect.stringMatching(/shut out by a person/)]);

    expect((await onCollector('agents', 'let-in', 'n1')).code).toBe(0);
    await node.until((all) => all.at(-1) === 'connected');
    expect((await onNode(await newToken('--node', 'n1'))).code).toBe(0);
  });

  it('gets nothing by a token that was used, of another node, or of another collector', async () => {
    const [used, others] = [await newToken(), await newToken('--node', 'n2')];
    expect((await onNode(used)).code).toBe(0);
    const elsewhere = used.replace(/[0-9a-f]{32}$/, '0'.repeat(32));
    for (const [token, sentence] of [
      [used, /token-used/],
      [others, /node-mismatch/],
      [elsewhere, /wrong-collector/],
      ['whorl-join.x', /no join token/],
    ] as const) {
      const { code, err } = await whorl(
        ['join', address, '--node', 'n1', '--token-file', '-', '--data-dir', join(dir, 'thief')],
        token,
      );
      expect([code, err]).toEqual([3, expect.stringMatching(sentence)]);
      expect(err).not.toContain(token);
    }
  });
});
