import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { type AgentLine, parseAgentLine } from '../../../cli/agent-line.ts';
import { makeCgroup, removeCgroup } from '../../../cli/demo/cgroup.ts';
import { LineLog } from '../../../cli/demo/line-log.ts';
import { behaviourKinds } from '../../../fingerprint/event.ts';
import type { Baseline } from '../../../fingerprint/fingerprint.ts';
import { learn } from '../../../fingerprint/learn.ts';
import type { Workload } from '../../../fingerprint/workload.ts';
import { mount } from './enforce-world.ts';
import { EvilCollector } from './evil-collector.ts';
import { Planter } from './planter.ts';
import { sensorBinary } from './sensor-rig.ts';

const cli = new URL('../../../cli/main.ts', import.meta.url).pathname;
const never = new AbortController().signal;

/** One running copy of the service, in a cgroup of its own. */
export interface Copy {
  readonly cgroup: string;
  readonly planter: Planter;
}

/**
 * A node in small: a real agent over a real kernel, three copies of a service, and nothing behind the agent but a
 * collector that lies. Letters only in names: what has digits is generalised into the same workload.
 */
export class EvilWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-evil-'));
  readonly policyFile = join(this.dir, 'policy.json');
  readonly work = join(this.dir, 'work');
  readonly lines = new LineLog<AgentLine>();
  readonly said: string[] = [];
  readonly copies = new Map<string, Copy>();
  readonly evil: EvilCollector;
  #agent: { readonly child: ChildProcess; readonly gone: Promise<unknown> } | undefined;

  readonly #evilDir: string;

  private constructor(evil: EvilCollector, evilDir: string) {
    this.evil = evil;
    this.#evilDir = evilDir;
  }

  static async start(names: readonly string[]): Promise<EvilWorld> {
    const dir = mkdtempSync(join(tmpdir(), 'whorl-evil-collector-'));
    const world = new EvilWorld(await EvilCollector.start(dir), dir);
    mkdirSync(world.work);
    const unique = process.pid.toString(26).replaceAll(/\d/g, (d) => String.fromCharCode(113 + Number(d)));
    for (const name of names) {
      const cgroup = `/whorl-evil-${name}-${unique}`;
      await makeCgroup(mount + cgroup);
      world.copies.set(name, { cgroup, planter: await Planter.start(mount + cgroup) });
    }
    return world;
  }

  copy(name: string): Copy {
    const copy = this.copies.get(name);
    if (copy === undefined) throw new Error(`there is no copy ${name}`);
    return copy;
  }

  trust(policy: unknown): void {
    writeFileSync(this.policyFile, JSON.stringify(policy), { mode: 0o600 });
  }

  async startAgent(): Promise<void> {
    const from = this.lines.end;
    const settings = {
      dataDir: join(this.dir, 'state'),
      eventsJson: true,
      sensor: await sensorBinary(),
      trustPolicy: this.policyFile,
      node: 'test-node',
      containerdSocket: '',
      collector: this.evil.address,
      collectorCa: this.evil.caFile,
      joinTokenFile: this.evil.joinTokenFile,
      ownParentPid: process.pid,
      canarySeconds: 0,
      heartbeatSeconds: 1,
      logLevel: 'warn',
    };
    const set = Object.entries(settings).flatMap(([key, value]) => [
      '--set',
      `${key}=${JSON.stringify(value)}`,
    ]);
    const child = spawn(process.execPath, [cli, 'agent', '--with-parent', ...set], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = parseAgentLine(text);
      if (line !== undefined) this.lines.add(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => this.said.push(line));
    const gone = once(child, 'close');
    this.#agent = { child, gone };
    const ended = gone.then((): never => {
      throw new Error(`the agent ended: ${this.said.slice(-5).join('\n')}`);
    });
    const connected = this.line(
      'the agent reaches the collector',
      (l) => l.type === 'uplink' && l.state === 'connected',
      from,
    );
    await Promise.race([connected, ended]);
  }

  async restartAgent(): Promise<void> {
    await this.stopAgent();
    await this.startAgent();
  }

  async stopAgent(): Promise<void> {
    if (this.#agent === undefined) return;
    this.#agent.child.kill('SIGTERM');
    await this.#agent.gone;
    this.#agent = undefined;
  }

  /** The first line from `from` on for which `is` holds. */
  line(what: string, is: (line: AgentLine) => boolean, from = 0): Promise<AgentLine> {
    return this.lines.wait(what, (line) => (is(line) ? line : undefined), {
      from,
      signal: never,
      timeoutMs: 30_000,
    });
  }

  /** What the agent calls a copy, once it has seen it. */
  async workload(name: string): Promise<Workload> {
    const { cgroup } = this.copy(name);
    const line = await this.line(
      `the copy ${name}`,
      (l) => l.type === 'instance' && l.instance.id === cgroup,
    );
    if (line.type !== 'instance') throw new Error('not an instance');
    return line.workload;
  }

  /** What the agent told of a copy, as a baseline: what a person would sign. */
  learned(workload: Workload): Baseline {
    const behaviours = this.evil.reports.flatMap((r) =>
      r.type === 'novelty' && r.workload.subject.name === workload.subject.name ? [r.behaviour] : [],
    );
    return learn(workload.subject, behaviours, {
      coverage: behaviourKinds,
      observation: {
        startedAt: '2026-05-01T08:00:00Z',
        finishedAt: '2026-05-01T09:00:00Z',
        source: 'sensor',
        events: behaviours.length,
        lost: 0,
        instances: ['0a1b'],
      },
    });
  }

  /** Whether the agent has told that a copy ran this program. */
  knows({ subject }: Workload, exe: string): boolean {
    return this.evil.reports.some(
      (r) =>
        r.type === 'novelty' &&
        r.workload.subject.name === subject.name &&
        r.behaviour.lineage.at(-1)?.endsWith(exe) === true,
    );
  }

  async until(check: () => boolean, what: string): Promise<void> {
    for (let i = 0; i < 1_500; i += 1) {
      if (check()) return;
      await sleep(20);
    }
    throw new Error(`waited half a minute in vain: ${what}`);
  }

  /** A copy that lives does what it is asked. */
  async answers(name: string): Promise<boolean> {
    const { planter } = this.copy(name);
    return (await planter.do({ act: 'read', path: '/etc/hostname' })) === 'done';
  }

  async close(): Promise<void> {
    await this.stopAgent();
    await this.evil.close();
    for (const { cgroup, planter } of this.copies.values()) {
      await planter.end();
      await removeCgroup(mount + cgroup);
    }
    for (const dir of [this.dir, this.#evilDir]) rmSync(dir, { recursive: true, force: true });
  }
}
