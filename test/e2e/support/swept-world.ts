import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCgroup2Mount } from '../../../agent/adapters/linux/cgroup-fs.ts';
import { procStateView } from '../../../agent/adapters/linux/state-view.ts';
import { sensorSource } from '../../../agent/adapters/source-sensor.ts';
import { runAgent } from '../../../agent/agent.ts';
import type { AgentDeps, Normaliser } from '../../../agent/agent-deps.ts';
import { createSensorNormaliser } from '../../../agent/core/normalise/sensor.ts';
import type { Event } from '../../../fingerprint/event.ts';
import { newTrustPolicy } from '../../../fingerprint/new-trust-policy.ts';
import { FakeWorld } from '../../fakes/agent-ports.ts';
import { commander, imageDigest, imageName, vendor } from '../../fakes/trust.ts';
import { sensorBinary } from './sensor-rig.ts';

export const cgroupMount = findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8')) ?? '';

/** An agent with the real sensor and the real /proc; what it judges by and where it reports are the test's. */
export class SweptWorld extends FakeWorld {
  #blind = false;
  #owed = false;
  readonly #lost: Event[] = [];
  #binary = '';
  #group: string;
  #done: Promise<void> = Promise.resolve();

  constructor(group: string, sweepSeconds: number) {
    super({ sweepSeconds });
    this.#group = group;
  }

  async watch(): Promise<this> {
    this.#binary = await sensorBinary();
    this.policy = newTrustPolicy({
      signer: vendor.publicKey,
      owner: 'Shop Inc',
      image: imageName,
      maxMode: 'alert',
      commandKey: commander.publicKey,
      issuedAt: '2026-05-01T00:00:00Z',
    });
    this.identify = (path) =>
      path === this.#group ? { id: path, name: 'cart', image: imageName, digest: imageDigest } : undefined;
    this.#done = runAgent(this.deps(), this.config, this.stop.signal);
    await this.line('agent-ready');
    return this;
  }

  /** What the source says is lost, and that something was lost is told afterwards. */
  set blind(on: boolean) {
    this.#owed ||= this.#blind && !on;
    this.#blind = on;
  }

  override deps(): AgentDeps {
    return {
      ...super.deps(),
      source: sensorSource({ binary: this.#binary, now, ignorePids: [process.pid] }),
      normaliser: () => this.#normaliser(createSensorNormaliser()),
      view: procStateView({ proc: '/proc', cgroups: cgroupMount }),
      bootUs: Number(process.hrtime.bigint() / 1000n),
      now,
    };
  }

  #normaliser(real: Normaliser): Normaliser {
    return {
      push: (bytes, watcher) => {
        if (!this.#blind) return [...this.#gap(), ...real.push(bytes, watcher)];
        this.#lost.push(...real.push(bytes));
        return [];
      },
      note: (note) => real.note(note),
      coverage: () => real.coverage(),
      isSettled: () => real.isSettled(),
      counters: () => real.counters(),
    };
  }

  /** Resolves when such an event was lost. */
  async loses(isIt: (event: Event) => boolean): Promise<void> {
    while (!this.#lost.some(isIt)) await sleep(50);
  }

  #gap(): readonly Event[] {
    if (!this.#owed) return [];
    this.#owed = false;
    const time = now();
    return [
      { kind: 'gap', time, process: { pid: 0, start: 0 }, since: time, until: time, lost: 0, reason: 'test' },
    ];
  }

  counter(name: string): number {
    const status = this.control?.status();
    const counters = typeof status === 'object' && status !== null ? Reflect.get(status, 'counters') : {};
    return Number(Reflect.get(Object(counters), name) ?? 0);
  }

  /** Sweeps so far. */
  get sweeps(): number {
    return this.counter('sweep.rounds');
  }

  /** Resolves when that many sweeps are over. */
  async rounds(count: number): Promise<void> {
    while (this.sweeps < count) await sleep(100);
  }

  async end(): Promise<void> {
    this.stop.abort();
    await this.#done;
  }
}

const now = (): number => Date.now() * 1000;

/** The service in its cgroup (test/fixtures/sweep/actor.c). */
export class Actor {
  readonly child: ChildProcess;
  readonly #group: string;
  readonly #answers: AsyncIterator<string>;

  private constructor(child: ChildProcess, group: string, answers: AsyncIterator<string>) {
    this.child = child;
    this.#group = group;
    this.#answers = answers;
  }

  static build(dir: string): string {
    const program = join(dir, 'actor');
    const source = new URL('../../fixtures/sweep/actor.c', import.meta.url).pathname;
    execFileSync('gcc', ['-O1', '-o', program, source]);
    return program;
  }

  static async start(program: string, group: string): Promise<Actor> {
    const script = `echo $$ > "$0"/cgroup.procs && exec "$1"`;
    const child = spawn('/bin/sh', ['-c', script, cgroupMount + group, program], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const actor = new Actor(child, group, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
    await actor.#answers.next();
    return actor;
  }

  async does(what: string): Promise<void> {
    this.child.stdin?.write(`${what}\n`);
    const { value } = await this.#answers.next();
    if (value !== 'ok') throw new Error(`${what}: ${value}`);
  }

  /** With all that it started. */
  async end(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const closed = once(this.child, 'close');
    writeFileSync(`${cgroupMount}${this.#group}/cgroup.kill`, '1');
    await closed;
  }
}
