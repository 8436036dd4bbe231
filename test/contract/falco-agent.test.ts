import { appendFileSync, mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { falcoFileSource } from '../../agent/adapters/source-falco-file.ts';
import { falcoGrpcSource } from '../../agent/adapters/source-falco-grpc.ts';
import { falcoHttpSource } from '../../agent/adapters/source-falco-http.ts';
import { falcoUnixSource } from '../../agent/adapters/source-falco-unix.ts';
import { runAgent } from '../../agent/agent.ts';
import { createFalcoNormaliser } from '../../agent/core/normalise/falco/normaliser.ts';
import type { EventSource } from '../../agent/ports/source.ts';
import { FakeWorld } from '../fakes/agent-ports.ts';
import { asJsonOutput, decoded, messages, openNode } from '../fakes/falco-recordings.ts';
import { FalcoServer } from '../fakes/falco-server.ts';
import { imageDigest, imageName } from '../fakes/trust.ts';

const name = 'falco-0.43.1-attack-first5';
const lines = decoded(name).map(asJsonOutput);
const endedAt = Date.parse('2026-11-20T12:00:00Z') * 1000;
const silent = { info: () => undefined, warn: () => undefined, error: () => undefined };
const options = { now: () => endedAt, log: silent };

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** An agent on this source, until it has had so many alerts. @returns what it counted */
async function counted(
  source: EventSource,
  form: 'json' | 'grpc',
  feed: () => Promise<void>,
  alerts = lines.length,
): Promise<Readonly<Record<string, number>>> {
  const world = new FakeWorld({ source: 'falco' });
  world.now = endedAt;
  world.identify = (id) => ({ id, name: 'cart', image: imageName, digest: imageDigest, namespace: 'shop' });
  const normaliser = createFalcoNormaliser({ view: openNode(), form, now: () => endedAt });
  const done = runAgent(
    { ...world.deps(), source, normaliser: () => normaliser },
    world.config,
    world.stop.signal,
  );
  await world.line('agent-ready');
  await feed();
  while ((normaliser.counters()['falco.records'] ?? 0) < alerts) await sleep(5);
  world.stop.abort();
  await done;
  return (await world.line('stopped')).counters;
}

const dir = () => mkdtempSync(join(tmpdir(), 'whorl-falco-agent-'));

/** The same alerts by each way in. */
const ways: Readonly<Record<string, () => Promise<Readonly<Record<string, number>>>>> = {
  'a file that is rotated all the time': async () => {
    const path = join(dir(), 'alerts');
    writeFileSync(path, '');
    const source = falcoFileSource({ ...options, path, placeFile: join(dir(), 'place'), lookMs: 1 });
    return await counted(source, 'json', async () => {
      for (let at = 0; at < lines.length; at += 311) {
        appendFileSync(path, `${lines.slice(at, at + 311).join('\n')}\n`);
        renameSync(path, `${path}.${at}`);
        writeFileSync(path, '');
        await sleep(5);
      }
    });
  },
  'a socket': async () => {
    const path = join(dir(), 'socket');
    return await counted(falcoUnixSource({ ...options, path }), 'json', async () => {
      const socket = connect(path);
      cleanups.push(() => socket.destroy());
      socket.end(`${lines.join('\n')}\n`);
    });
  },
  HTTP: async () => {
    const port = 20_000 + (process.pid % 20_000);
    const url = `http://127.0.0.1:${port}/falco`;
    return await counted(falcoHttpSource({ ...options, url }), 'json', async () => {
      // As libcurl in Falco: one connection, each answer waited for.
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      cleanups.push(() => agent.destroy());
      for (const line of lines)
        await new Promise<void>((resolve, reject) =>
          request(url, { method: 'POST', agent }, (response) => response.resume().on('end', resolve))
            .on('error', reject)
            .end(line),
        );
    });
  },
  gRPC: async () => {
    const address = `unix:${join(dir(), 'falco.sock')}`;
    const falco = await FalcoServer.listen(address);
    cleanups.push(() => falco.stop());
    const endpoint = { called: 'Falco', address };
    const source = falcoGrpcSource({ ...options, endpoint, transport: 'http2', pokeMs: 2 });
    return await counted(source, 'grpc', async () => falco.alert(...messages(name)));
  },
};

describe('the agent on Falco', { timeout: 120_000 }, () => {
  it.each(Object.keys(ways))('judges or counts every alert that comes by %s', async (way) => {
    const counters = await (ways[way] ?? (() => Promise.reject(new Error(way))))();
    const told = await direct();
    for (const [counter, value] of Object.entries(told))
      if (/^(?:events|behaviours|acts|passed|novelties|drifts)/.test(counter) || counter.startsWith('falco.'))
        if (counter !== 'falco.skipped') expect([counter, counters[counter] ?? 0]).toEqual([counter, value]);
    expect(counters).toMatchObject({
      'falco.records': lines.length,
      'falco.malformed': 0,
      'falco.refused': 0,
    });
  });

  it('goes on where it stopped, and takes nothing twice', async () => {
    const path = join(dir(), 'alerts');
    writeFileSync(path, '');
    const placeFile = join(dir(), 'place');
    const source = () => falcoFileSource({ ...options, path, placeFile, lookMs: 1 });
    const [first, rest] = [lines.slice(0, 2_000), lines.slice(2_000)];
    const before = await counted(
      source(),
      'json',
      async () => appendFileSync(path, `${first.join('\n')}\n`),
      first.length,
    );
    // Nobody is there meanwhile.
    appendFileSync(path, `${rest.slice(0, 1_000).join('\n')}\n`);
    renameSync(path, `${path}.1`);
    writeFileSync(path, `${rest.slice(1_000).join('\n')}\n`);
    const after = await counted(source(), 'json', async () => undefined, rest.length);
    expect((before['falco.records'] ?? 0) + (after['falco.records'] ?? 0)).toBe(lines.length);
    expect(after['lost.source'] ?? 0).toBe(0);
  });
});

let known: Promise<Readonly<Record<string, number>>> | undefined;
/** What it counts when they come at once. */
function direct(): Promise<Readonly<Record<string, number>>> {
  known ??= counted(
    {
      name: 'falco',
      run: async (sink, signal) => {
        sink.note({ type: 'connected', version: '' });
        sink.note({ type: 'watching' });
        sink.bytes(Buffer.from(`${lines.join('\n')}\n`), endedAt);
        while (!signal.aborted) await sleep(5);
      },
    },
    'json',
    async () => undefined,
  );
  return known;
}
