import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildSensor, missingPackages } from '../../../agent/adapters/build-sensor.ts';
import { findCgroup2Mount } from '../../../agent/adapters/linux/cgroup-fs.ts';
import { sensorSource } from '../../../agent/adapters/source-sensor.ts';
import { createSensorNormaliser } from '../../../agent/core/normalise/sensor.ts';
import type { CoverageWord } from '../../../fingerprint/coverage.ts';
import type { Event, EventKind, EventOf } from '../../../fingerprint/event.ts';

const run = promisify(execFile);
const cacheDir = join(tmpdir(), `whorl-test-sensor-${process.getuid?.() ?? 0}`);

/** Why the sensor cannot be tested here, or undefined. Tests print it: nothing is skipped silently. */
export async function whyNoSensor(): Promise<string | undefined> {
  if (process.getuid?.() !== 0) return 'not root';
  if ((await stat('/sys/kernel/btf/vmlinux').catch(() => undefined)) === undefined)
    return 'the kernel has no BTF';
  const missing = await missingPackages();
  return missing.length > 0 ? `missing packages: ${missing.join(' ')}` : undefined;
}

export const sensorBinary = (): Promise<string> => buildSensor(cacheDir);

/** The test workload (probe.c), in a folder of its own. */
export async function buildProbe(dir: string): Promise<string> {
  const probe = join(dir, 'probe');
  const source = new URL('../../fixtures/sensor/probe.c', import.meta.url).pathname;
  await run('gcc', ['-O1', '-static', '-no-pie', '-o', probe, source]);
  return probe;
}

export const makeFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'whorl-sensor-'));

export class Watch {
  readonly events: Event[] = [];
  readonly #normaliser = createSensorNormaliser();
  readonly #stop = new AbortController();
  #done: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  static async start(): Promise<Watch> {
    const watch = new Watch();
    const binary = await sensorBinary();
    watch.#done = watch.#read(binary);
    await watch.until(() => watch.#normaliser.coverage().length > 0 || undefined, 'the sensor to start');
    return watch;
  }

  async #read(binary: string): Promise<void> {
    const source = sensorSource({ binary, now: () => Date.now() * 1000, ignorePids: [process.pid] });
    const bytes = (chunk: Uint8Array): void => {
      this.events.push(...this.#normaliser.push(chunk));
      this.#wake();
    };
    await source.run({ bytes, note: () => undefined }, this.#stop.signal);
  }

  /** What `find` finds among the events, as soon as it does; bounded, because what never comes must fail a test. */
  async until<T>(find: () => T | undefined, what: string, ms = 20_000): Promise<T> {
    const end = Date.now() + ms;
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      const left = end - Date.now();
      if (left <= 0) throw new Error(`waited ${ms} ms for ${what}`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 500));
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  of<K extends EventKind>(kind: K, cgroup: number): EventOf<K>[] {
    return this.events.filter((e): e is EventOf<K> => e.kind === kind && e.cgroup === cgroup);
  }

  /** All that came before the process ended: events keep their order. */
  ended(pid: number): Promise<Event> {
    return this.until(
      () => this.events.find((e) => e.kind === 'exit' && e.process.pid === pid),
      `the exit of ${pid}`,
    );
  }

  coverage(): readonly CoverageWord[] {
    return this.#normaliser.coverage();
  }

  get counters(): Readonly<Record<string, number>> {
    return this.#normaliser.counters();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#done;
  }
}

export interface Ran {
  readonly pid: number;
  readonly stdout: string;
  readonly code: number | null;
}

/** A cgroup of the test's own. */
export class Group {
  readonly path: string;
  readonly id: number;
  private constructor(path: string, id: number) {
    this.path = path;
    this.id = id;
  }

  static async make(name: string): Promise<Group> {
    const mount = findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';
    const path = join(mount, `whorl-test-${name}-${process.pid}`);
    await mkdir(path);
    return new Group(path, (await stat(path)).ino);
  }

  /** Runs a program in the group: the shell moves itself there and becomes it. */
  async run(
    file: string,
    args: readonly string[] = [],
    options: { cwd?: string; stderr?: 'inherit' | 'ignore' } = {},
  ): Promise<Ran> {
    const script = 'echo $$ > "$0"/cgroup.procs && exec "$@"';
    const child = spawn('/bin/sh', ['-c', script, this.path, file, ...args], {
      stdio: ['ignore', 'pipe', options.stderr ?? 'inherit'],
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    let stdout = '';
    child.stdout?.setEncoding('utf8').on('data', (part: string) => {
      stdout += part;
    });
    await once(child, 'close');
    return { pid: child.pid ?? 0, stdout, code: child.exitCode };
  }

  async signal(name: NodeJS.Signals): Promise<void> {
    const pids = await readFile(join(this.path, 'cgroup.procs'), 'utf8');
    for (const pid of pids.split('\n').filter((line) => line !== '')) process.kill(Number(pid), name);
  }

  async remove(): Promise<void> {
    await writeFile(join(this.path, 'cgroup.kill'), '1').catch(() => undefined);
    for (let i = 0; i < 100; i++) {
      if (
        await rmdir(this.path).then(
          () => true,
          () => false,
        )
      )
        return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

export const removeFolder = (dir: string): Promise<void> => rm(dir, { recursive: true, force: true });
