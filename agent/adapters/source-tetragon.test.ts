import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer as createHttp } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { fakeNodeView } from '../../test/fakes/node-views.ts';
import { execId } from '../../test/fakes/tetragon-messages.ts';
import { FakeTetragon, type FakeTetragonOptions } from '../../test/fakes/tetragon-server.ts';
import { makeTetragonTls } from '../../test/fakes/tetragon-tls.ts';
import { createTetragonNormaliser } from '../core/normalise/tetragon/tetragon.ts';
import type { SourceNote } from '../ports.ts';
import { type TetragonSourceOptions, tetragonSource } from './source-tetragon.ts';

let dir: string;
const running: (() => void)[] = [];
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-tetragon-'));
});
afterEach(() => {
  for (const stop of running.splice(0)) stop();
  rmSync(dir, { recursive: true });
});

async function serve(options: FakeTetragonOptions = {}): Promise<FakeTetragon> {
  const { tetragon } = await FakeTetragon.listen(`unix:${dir}/sock`, options);
  running.push(() => tetragon.stop());
  return tetragon;
}

/** Reads it until it ends or `stop`, and keeps what it told. */
function read(given: Partial<TetragonSourceOptions> = {}, onBytes = (_: Uint8Array): void => undefined) {
  const notes: SourceNote[] = [];
  const policies: (readonly string[] | undefined)[] = [];
  const said: string[] = [];
  const stop = new AbortController();
  let heard = (): void => undefined;
  const say = (_: object, message: string): void => {
    said.push(message);
    heard();
  };
  const options: TetragonSourceOptions = {
    endpoint: { called: 'Tetragon', address: `unix:${dir}/sock` },
    transport: 'http2',
    metrics: undefined,
    now: () => 1_000,
    log: { info: say, warn: say, error: say },
    onPolicies: (names) => {
      policies.push(names === undefined ? undefined : [...names]);
      heard();
    },
    ...given,
  };
  const sink = {
    bytes: (bytes: Uint8Array) => {
      onBytes(bytes);
      heard();
    },
    note: (note: SourceNote) => {
      notes.push(note);
      heard();
    },
  };
  const ended = tetragonSource(options)
    .run(sink, stop.signal)
    .then(
      () => undefined,
      (error: unknown) => error,
    );
  running.push(() => stop.abort());
  /** Resolves when that holds, which is looked at whenever something was told. */
  const until = async (holds: () => boolean): Promise<void> => {
    while (!holds()) await new Promise<void>((resolve) => (heard = resolve));
  };
  return { notes, policies, said, ended, until, stop: () => stop.abort() };
}

function exec(pid: number, more: object = {}): object {
  const process = {
    exec_id: execId('n', 5_000_000_000n, pid),
    pid,
    binary: '/bin/true',
    flags: 'execve clone',
    ...more,
  };
  return { process_exec: { process }, time: '2026-01-01T00:00:00Z' };
}

describe.each(['http2', 'grpc-js'] as const)('through %s', (transport) => {
  it('tells version, what runs, policies and events', async () => {
    const tetragon = await serve({ policies: ['whorl-files', 'another'], dump: [{ pid: 7 }] });
    const normaliser = createTetragonNormaliser(fakeNodeView(), { policies: () => undefined });
    const events: unknown[] = [];
    const told = read({ transport }, (bytes) => events.push(...normaliser.push(bytes)));
    await tetragon.reader;
    tetragon.say(exec(41), exec(42));
    await told.until(() => events.length === 2 && told.policies.length > 0 && told.notes.length === 2);
    expect(told.notes[0]).toEqual({ type: 'connected', version: 'v1.7.0' });
    expect(told.notes[1]).toMatchObject({ type: 'snapshot', bytes: expect.any(Uint8Array) });
    expect(told.policies).toEqual([['whorl-files', 'another']]);
    expect(tetragon.asked).toEqual([
      expect.objectContaining({
        allow_list: [expect.objectContaining({ event_set: [1, 5, 9, 11, 27, 28, 40_001] })],
      }),
    ]);
    told.stop();
    expect(await told.ended).toBeUndefined();
  });

  it('takes a dump that is larger than a message of gRPC may be', async () => {
    const processes = Array.from({ length: 6_000 }, (_, i) => ({
      exec_id: execId('n', 1_000_000_000n + BigInt(i) * 1_000n, 1_000 + i),
      pid: 1_000 + i,
      binary: '/usr/bin/some-program',
      arguments: 'x'.repeat(1_000),
      flags: 'procFS',
      start_time: '2026-01-01T00:00:00Z',
    }));
    await serve({ dump: processes });
    const told = read({ transport });
    await told.until(() => told.notes.length === 2);
    const [, snapshot] = told.notes;
    if (snapshot?.type !== 'snapshot') throw new Error('no snapshot');
    expect(snapshot.bytes.length).toBeGreaterThan(6 << 20);
    const ticks = new Map(processes.map(({ pid }) => [pid, 100]));
    const normaliser = createTetragonNormaliser(fakeNodeView({ ticks }), { policies: () => undefined });
    normaliser.note({ type: 'connected', version: 'v1.7.0' });
    expect(normaliser.isSettled()).toBe(false);
    const events = normaliser.note(snapshot);
    expect(events).toHaveLength(6_000);
    expect(events[0]).toMatchObject({ kind: 'exec', found: true, exe: '/usr/bin/some-program' });
    expect(normaliser.isSettled()).toBe(true);
  });

  it('loses nothing of a flood', async () => {
    const tetragon = await serve({ dump: [] });
    const normaliser = createTetragonNormaliser(fakeNodeView(), { policies: () => undefined });
    const told = read({ transport }, (bytes) => normaliser.push(bytes));
    await tetragon.reader;
    const many = 20_000;
    for (let i = 0; i < many; i++) tetragon.say(exec(1_000 + (i % 500)));
    await told.until(() => normaliser.counters()['tetragon.records'] === many);
    expect(normaliser.counters()).toMatchObject({ 'tetragon.malformed': 0, 'tetragon.late': many - 500 });
  });

  it('gives nothing of a message that is cut, and goes on with the next connection', async () => {
    const first = await serve({ dump: [] });
    const normaliser = createTetragonNormaliser(fakeNodeView(), { policies: () => undefined });
    const events: unknown[] = [];
    let bytes = 0;
    const take = (part: Uint8Array): void => {
      bytes += part.length;
      events.push(...normaliser.push(part));
    };
    const cut = read({ transport }, take);
    await first.reader;
    // The window of the stream is smaller: the rest never gets out.
    first.say(exec(41, { arguments: 'x'.repeat(60 << 20) }));
    if (transport === 'http2') await cut.until(() => bytes > 0);
    first.stop();
    expect(await cut.ended).toMatchObject({ name: 'SourceError', code: 'source-ended' });
    expect(events).toEqual([]);
    const second = await serve({ dump: [] });
    const told = read({ transport }, take);
    await told.until(() => told.notes.length > 0);
    for (const note of told.notes) normaliser.note(note);
    await Promise.race([second.reader, told.until(() => second.asked.length > 0)]);
    second.say(exec(42));
    await told.until(() => events.length > 0);
    expect(events).toMatchObject([{ kind: 'exec', process: { pid: 42 } }]);
  });
});

describe('what it does not tell', () => {
  it('is said: a release without dump and policies', async () => {
    const tetragon = await serve({ version: 'v1.1.0' });
    const told = read();
    await told.until(() => told.notes.length === 2 && told.policies.length > 0);
    expect(told.notes).toEqual([
      { type: 'connected', version: 'v1.1.0' },
      { type: 'snapshot', bytes: new Uint8Array() },
    ]);
    expect(told.policies).toEqual([undefined]);
    expect(told.said.join('\n')).toMatch(/does not tell which policies[\s\S]*|does not tell what runs/);
    expect(tetragon.asked).toHaveLength(1);
  });

  it('is a gap: a policy that was away', async () => {
    const tetragon = await serve({ policies: ['whorl-files'], dump: [] });
    let time = 0;
    const told = read({ askMs: 1, now: () => (time += 1_000) });
    await told.until(() => told.policies.length > 0);
    tetragon.policies = [];
    await told.until(() => told.policies.at(-1)?.length === 0);
    tetragon.policies = ['whorl-files'];
    await told.until(() => told.notes.some((n) => n.type === 'gap'));
    expect(told.notes.at(-1)).toMatchObject({ lost: 0, reason: 'the policy whorl-files was not loaded' });
  });

  it('is a gap: what its metrics say it lost, and its start', async () => {
    await serve({ dump: [], policies: [] });
    const pages = [
      'tetragon_notify_overflowed_events_total 5\n',
      'tetragon_notify_overflowed_events_total 8\ntetragon_bpf_missed_events_total{error="x",msg_op="y"} 2\n',
      'tetragon_notify_overflowed_events_total 0\n',
    ];
    const metrics = createHttp((_, response) => response.end(pages.length > 1 ? pages.shift() : pages[0]));
    running.push(() => metrics.close());
    metrics.listen(0, '127.0.0.1');
    await once(metrics, 'listening');
    let time = 0;
    const told = read({
      metrics: `http://127.0.0.1:${(metrics.address() as AddressInfo).port}/metrics`,
      lookMs: 1,
      now: () => (time += 1_000),
    });
    const gaps = () => told.notes.filter((n) => n.type === 'gap');
    await told.until(() => gaps().length === 2);
    expect(gaps()).toMatchObject([
      {
        lost: 5,
        reason:
          'Tetragon lost events (tetragon_notify_overflowed_events_total, tetragon_bpf_missed_events_total)',
      },
      { lost: 0, reason: 'Tetragon was started anew' },
    ]);
  });

  it('is said once: metrics that cannot be read', async () => {
    await serve({ dump: [], policies: [] });
    const told = read({ metrics: 'http://127.0.0.1:1/metrics', lookMs: 1 });
    await told.until(() => told.said.some((line) => line.includes('its metrics cannot be read')));
  });
});

describe('the end', () => {
  it('is told when it stops in order', async () => {
    const tetragon = await serve({ dump: [], policies: [] });
    const told = read();
    await told.until(() => told.policies.length > 0);
    tetragon.end();
    expect(await told.ended).toMatchObject({ code: 'source-ended' });
  });

  it('is concluded when it answers nothing any more', async () => {
    const tetragon = await serve({ dump: [], policies: [] });
    const told = read({ askMs: 1, patienceMs: 200 });
    await told.until(() => told.policies.length > 0);
    tetragon.isStuck = true;
    expect(await told.ended).toMatchObject({ code: 'wedged' });
  });

  it('comes at once where nobody listens, or somebody else', async () => {
    expect(await read().ended).toMatchObject({ code: 'unreachable' });
    const other = createHttp((_, response) => response.end('hello'));
    running.push(() => other.close());
    other.listen(join(dir, 'sock'));
    await once(other, 'listening');
    expect(await read().ended).toMatchObject({ code: 'wrong-service' });
  });
});

describe('TLS', () => {
  const name = 'node-1.tetragon-grpc.cilium.io';

  it('is mutual, by the name in the certificate', async () => {
    const tls = await makeTetragonTls(dir, name, Date.now());
    const { tetragon, port } = await FakeTetragon.listen('127.0.0.1:0', {
      credentials: tls.server,
      dump: [],
    });
    running.push(() => tetragon.stop());
    const { ca, certificate, key } = tls;
    const endpoint = { called: 'Tetragon', address: `127.0.0.1:${port}`, ca, certificate, key };
    const good = read({ endpoint: { ...endpoint, name } });
    await good.until(() => good.notes.length > 0);
    good.stop();
    expect(await good.ended).toBeUndefined();
    const wrong = [endpoint, { ...endpoint, name, ca: tls.otherCa }];
    for (const each of wrong)
      expect(await read({ endpoint: each }).ended).toMatchObject({ code: 'wrong-certificate' });
    const { certificate: _, key: __, ...nameless } = { ...endpoint, name };
    const refused = await read({ endpoint: nameless }).ended;
    expect(refused).toMatchObject({ name: 'SourceError' });
  });

  it('does not take what has expired', async () => {
    const tls = await makeTetragonTls(dir, name, Date.now());
    const { tetragon, port } = await FakeTetragon.listen('127.0.0.1:0', { credentials: tls.expired });
    running.push(() => tetragon.stop());
    const { ca, certificate, key } = tls;
    const endpoint = { called: 'Tetragon', address: `127.0.0.1:${port}`, ca, certificate, key, name };
    expect(await read({ endpoint }).ended).toMatchObject({
      code: 'wrong-certificate',
      message: expect.stringContaining('expired'),
    });
  });
});
