import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sensorSource } from '../../agent/adapters/source-sensor.ts';
import { createSensorNormaliser } from '../../agent/core/normalise/sensor.ts';
import type { Event } from '../../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../../fingerprint/event-json.ts';
import { chunksOf } from '../fakes/source-chunks.ts';
import { Group, sensorBinary, whyNoSensor } from './support/sensor-rig.ts';
import {
  attack,
  installShop,
  only,
  ordinaryLife,
  shopFolder,
  startPeers,
  startShop,
} from './support/sensor-scenarios.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`sensor recordings not checked: ${why}`);
/** WHORL_RECORD=1 writes the recordings anew (bpf-fixtures/sensor/README.md); else they are compared with life. */
const record = process.env.WHORL_RECORD === '1';
const fixtures = new URL('../../bpf-fixtures/sensor/', import.meta.url).pathname;

/** Who did what to whom, without times, pids and ports of the moment. */
function gist(events: readonly Event[]): Set<string> {
  const exes = new Map<number, string>();
  const lines = new Set<string>();
  for (const e of events) {
    if (e.kind === 'fork') exes.set(e.child.pid, exes.get(e.process.pid) ?? '?');
    if (
      e.error !== undefined ||
      e.kind === 'attach' ||
      e.kind === 'cgroup' ||
      e.kind === 'fork' ||
      e.kind === 'accept'
    )
      continue;
    // A request may come before or after the client is gone: whether the service is seen to end is no fact about it.
    if (e.kind === 'exit') continue;
    // What the C library of the day reads is not the service's doing.
    if (
      (e.kind === 'open' || e.kind === 'load') &&
      !e.path.startsWith('/srv/') &&
      !e.path.startsWith('/tmp/')
    )
      continue;
    const { time: _t, process, parent: _p, cgroup: _c, found: _f, ...facts } = e;
    lines.add(JSON.stringify([exes.get(process.pid) ?? '?', facts]));
    if (e.kind === 'exec') exes.set(process.pid, e.exe);
  }
  return lines;
}

describe.skipIf(why !== undefined)('recordings of a small service', () => {
  let peers: Awaited<ReturnType<typeof startPeers>> = [];
  beforeAll(async () => {
    await installShop();
    peers = await startPeers();
  });
  afterAll(async () => {
    for (const peer of peers) peer.close();
    await rm(shopFolder, { recursive: true, force: true });
    await rm('/tmp/.cache-update', { force: true });
  });

  async function recordingOf(
    names: readonly string[],
    act: (groups: readonly Group[]) => Promise<void>,
  ): Promise<Buffer> {
    const stop = new AbortController();
    const chunks: Buffer[] = [];
    const source = sensorSource({ binary: await sensorBinary(), now: () => 0 });
    const reading = (async () => {
      for await (const chunk of chunksOf(source, stop.signal)) chunks.push(Buffer.from(chunk.bytes));
    })();
    while (chunks.length === 0) await sleep(20);
    const groups: Group[] = [];
    try {
      for (const name of names) groups.push(await Group.make(name));
      await act(groups);
    } finally {
      for (const group of groups) await group.remove();
    }
    const ids = new Set(groups.map((g) => g.id));
    const isOver = () =>
      only(Buffer.concat(chunks), ids).includes(Buffer.from(`whorl-test-${names.at(-1)}`), -200);
    for (let i = 0; i < 100 && !isOver(); i++) await sleep(20);
    stop.abort();
    await reading;
    return only(Buffer.concat(chunks), ids);
  }

  async function check(name: string, raw: Buffer): Promise<void> {
    const events = createSensorNormaliser().push(raw);
    const folder = join(fixtures, name);
    if (record) {
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'raw.bin.gz'), gzipSync(raw, { level: 9 }));
      await writeFile(
        join(folder, 'events.jsonl'),
        events.map((e) => `${JSON.stringify(formatEvent(e))}\n`).join(''),
      );
      console.log(`recorded ${name}: ${events.length} events on Linux ${release()}`);
    }
    const lines = (await readFile(join(folder, 'events.jsonl'), 'utf8')).trimEnd().split('\n');
    const known = gist(lines.map((line) => parseEvent(JSON.parse(line))));
    expect(gist(events)).toEqual(known);
  }

  it('ordinary life of two copies: start, requests, reload, end', async () => {
    const raw = await recordingOf(['shop-a', 'shop-b'], async ([a, b]) => {
      for (const [group, port] of [
        [a, 18081],
        [b, 18082],
      ] as const) {
        const shop = await startShop(group!, port);
        await ordinaryLife(shop);
        await group!.signal('SIGHUP');
        await ordinaryLife(shop);
      }
    });
    await check('benign', raw);
  });

  it('attacks through its flaw', async () => {
    const raw = await recordingOf(['shop-c'], async ([c]) => {
      const shop = await startShop(c!, 18081);
      await ordinaryLife(shop);
      await attack(shop);
    });
    await check('attack', raw);
  });
});
