import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { missingPackages } from '../../agent/adapters/build-sensor.ts';
import { sensorSocketSource, sensorSource } from '../../agent/adapters/source-sensor.ts';
import { createSensorNormaliser } from '../../agent/core/normalise/sensor.ts';
import { behaviourKinds } from '../../fingerprint/event.ts';
import { chunksOf } from '../fakes/source-chunks.ts';
import { makeFolder, removeFolder, sensorBinary, whyNoSensor } from './support/sensor-rig.ts';

const why = await whyNoSensor();
if (why !== undefined) console.log(`sensor process tests skipped: ${why}`);

describe.skipIf(why !== undefined)('the sensor as a process', () => {
  let dir: string;
  let binary: string;
  const started: ChildProcess[] = [];

  beforeAll(async () => {
    dir = await makeFolder();
    binary = await sensorBinary();
  });
  afterAll(async () => {
    for (const child of started) child.kill('SIGKILL');
    await removeFolder(dir);
  });

  function start(...args: string[]) {
    const child = spawn(binary, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    started.push(child);
    let out = '';
    let err = '';
    child.stdout.setEncoding('latin1').on('data', (part: string) => {
      out += part;
    });
    child.stderr.setEncoding('utf8').on('data', (part: string) => {
      err += part;
    });
    return { child, out: () => out, err: () => err };
  }

  it('--check says what this machine can, and attaches everything here', async () => {
    const sensor = start('--check');
    await once(sensor.child, 'close');
    const answer: unknown = JSON.parse(sensor.out());
    expect(answer).toMatchObject({ ok: true, version: 1 });
    expect(JSON.stringify(answer)).not.toContain(':false');
  });

  it.each([['--nonsense'], ['--listen'], ['--ignore-pid', 'x']])(
    'a wrong option is a sentence and code 2: %s',
    async (...args) => {
      const sensor = start(...args);
      const [code] = await once(sensor.child, 'close');
      expect(code).toBe(2);
      expect(sensor.err()).toMatch(/whorl-sensor: bad-usage: /);
    },
  );

  it('ends with 0 on SIGTERM', async () => {
    const sensor = start();
    await once(sensor.child.stdout ?? sensor.child, 'data');
    sensor.child.kill('SIGTERM');
    expect(await once(sensor.child, 'close')).toEqual([0, null]);
  });

  it('ends with 0 when nobody reads any more', async () => {
    const sensor = start();
    await once(sensor.child.stdout ?? sensor.child, 'data');
    sensor.child.stdout?.destroy();
    expect(await once(sensor.child, 'exit')).toEqual([0, null]);
  });

  it('needs two capabilities and no user 0', async () => {
    const file = await open(binary);
    const caps = '+bpf,+perfmon';
    const nobody = ['--reuid=65534', '--regid=65534', '--clear-groups'];
    const rights = [`--inh-caps=-all,${caps}`, `--ambient-caps=-all,${caps}`, `--bounding-set=-all,${caps}`];
    const child = spawn('setpriv', [...nobody, ...rights, '/proc/self/fd/3', '--check'], {
      stdio: ['ignore', 'pipe', 'inherit', file.fd],
    });
    let out = '';
    child.stdout?.on('data', (part: Buffer) => {
      out += String(part);
    });
    await once(child, 'close');
    await file.close();
    expect(JSON.parse(out)).toMatchObject({ ok: true });
    expect(out).not.toContain(':false');
  });

  it('without the rights it says so', async () => {
    const child = spawn(
      'setpriv',
      ['--bounding-set=-bpf,-perfmon,-sys_admin', '--inh-caps=-bpf,-perfmon,-sys_admin', binary],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    );
    started.push(child);
    let err = '';
    child.stderr.on('data', (part: Buffer) => {
      err += String(part);
    });
    const [code] = await once(child, 'close');
    expect([code, err]).toEqual([1, expect.stringMatching(/^whorl-sensor: no-permission: .*CAP_BPF/)]);
  });

  it('serves one peer of a socket of mode 0660, and ends with it', async () => {
    const path = join(dir, 's');
    const sensor = start('--listen', path);
    for (let i = 0; i < 200 && (await stat(path).catch(() => undefined)) === undefined; i++)
      await new Promise((resolve) => setTimeout(resolve, 20));
    expect((await stat(path)).mode & 0o777).toBe(0o660);
    const stop = new AbortController();
    const normaliser = createSensorNormaliser();
    for await (const chunk of chunksOf(
      sensorSocketSource(path, () => 0),
      stop.signal,
    )) {
      normaliser.push(chunk.bytes);
      if (normaliser.coverage().length === 0) continue;
      const second = connect(path);
      await once(second, 'error');
      stop.abort();
    }
    expect(normaliser.coverage()).toEqual(expect.arrayContaining([...behaviourKinds]));
    expect(await once(sensor.child, 'exit')).toEqual([0, null]);
  });

  it('as a source: delivers until told to stop, and leaves no process behind', async () => {
    const stop = new AbortController();
    const normaliser = createSensorNormaliser();
    const events = [];
    for await (const chunk of chunksOf(sensorSource({ binary, now: () => 1 }), stop.signal)) {
      events.push(...normaliser.push(chunk.bytes));
      if (events.length > 3) stop.abort();
    }
    expect(events.length).toBeGreaterThan(3);
    expect(normaliser.counters()['sensor.malformed']).toBe(0);
  });

  it('as a source: a binary that is not there is an error that names it', async () => {
    const chunks = chunksOf(
      sensorSource({ binary: join(dir, 'none'), now: () => 1 }),
      new AbortController().signal,
    );
    await expect(chunks[Symbol.asyncIterator]().next()).rejects.toThrow(/none cannot be started/);
  });

  it('nothing is missing to build it here', async () => {
    expect(await missingPackages()).toEqual([]);
  });
});
