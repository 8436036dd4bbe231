import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type AgentLine, agentLineText, parseAgentLine } from '../../../cli/agent-line.ts';
import { type CollectorLine, collectorLineText, parseCollectorLine } from '../../../cli/collector-line.ts';
import { LineLog } from '../../../cli/demo/line-log.ts';
import { renderText, type Text } from '../../../cli/text.ts';
import { sensorBinary } from './sensor-rig.ts';

const cli = new URL('../../../cli/main.ts', import.meta.url).pathname;

type CollectorReady = Extract<CollectorLine, { type: 'collector-ready' }>;

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** One of our two daemons as a process. */
interface Daemon {
  readonly child: ChildProcess;
  readonly gone: Promise<unknown>;
}

/**
 * A collector and an agent as `whorl up` starts them, a process each, joined by TLS on loopback, talkative; every byte
 * that either of them or a verb says is kept, and so is what `whorl up` would make of their lines on a terminal.
 */
export class WatchedStack {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-watched-'));
  readonly dataDir = join(this.dir, 'state');
  readonly policy = join(this.dir, 'policy.json');
  readonly agentLines = new LineLog<AgentLine>();
  readonly collectorLines = new LineLog<CollectorLine>();
  readonly never = new AbortController().signal;
  /** All output of all processes, as it came. */
  readonly said: string[] = [];
  /** What a person at the terminal of `whorl up` would have read. */
  readonly terminal: string[] = [];
  #collector: Daemon | undefined;
  #agent: Daemon | undefined;

  static async start(): Promise<WatchedStack> {
    const stack = new WatchedStack();
    await stack.startCollector();
    await stack.startAgent();
    return stack;
  }

  async startCollector(): Promise<void> {
    const from = this.collectorLines.end;
    const settings = {
      listen: this.#address,
      mode: 'alert',
      localJoin: true,
      stopsPerWorkload: 1000,
      stopsPerCluster: 1000,
      logLevel: 'debug',
    };
    this.#collector = this.#spawn('collector', settings, (text) => {
      const line = parseCollectorLine(text);
      if (line === undefined) return;
      this.#show(collectorLineText(line));
      this.collectorLines.add(line);
    });
    this.#ready = await this.#orGone(
      this.#collector,
      this.collectorLines.wait(
        'the collector',
        (line) => (line.type === 'collector-ready' ? line : undefined),
        { from, signal: this.never, timeoutMs: 60_000 },
      ),
    );
  }

  /** What is waited for never comes from a process that ended: its last words say why. */
  #orGone<T>({ gone }: Daemon, awaited: Promise<T>): Promise<T> {
    const ended = gone.then((): never => {
      throw new Error(`it ended: ${this.said.slice(-3).join('\n')}`);
    });
    return Promise.race([awaited, ended]);
  }

  #ready: CollectorReady | undefined;
  get ready(): CollectorReady {
    if (this.#ready === undefined) throw new Error('the collector was not started');
    return this.#ready;
  }

  /** The same when started again: the agent knows this one. */
  get #address(): string {
    return this.#ready?.address ?? '127.0.0.1:0';
  }

  async startAgent(): Promise<void> {
    const from = this.agentLines.end;
    const settings = {
      sensor: await sensorBinary(),
      trustPolicy: this.policy,
      node: 'test-node',
      containerdSocket: '',
      collector: this.ready.address,
      collectorCa: this.ready.caFile,
      joinTokenFile: this.ready.joinTokenFile,
      ownPids: [this.#collector?.child.pid],
      ownParentPid: process.pid,
      supportSeconds: 1,
      heartbeatSeconds: 1,
      logLevel: 'debug',
    };
    this.#agent = this.#spawn('agent', settings, (text) => {
      const line = parseAgentLine(text);
      if (line === undefined) return;
      this.#show(agentLineText(line));
      this.agentLines.add(line);
    });
    await this.agentLines.wait('the agent', (line) => (line.type === 'agent-ready' ? line : undefined), {
      from,
      signal: this.never,
      timeoutMs: 60_000,
    });
  }

  #show(text: Text | undefined): void {
    if (text !== undefined) this.terminal.push(renderText(text, false));
  }

  #spawn(name: 'agent' | 'collector', settings: object, onLine: (line: string) => void): Daemon {
    const all = { dataDir: this.dataDir, eventsJson: true, ...settings };
    const set = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
    const child = spawn(process.execPath, [cli, name, '--with-parent', ...set], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      this.said.push(line);
      onLine(line);
    });
    createInterface({ input: child.stderr }).on('line', (line) => this.said.push(line));
    return { child, gone: once(child, 'close') };
  }

  stopCollector(): Promise<void> {
    return stop(this.#collector);
  }

  stopAgent(): Promise<void> {
    return stop(this.#agent);
  }

  /** The command line, its output kept too. */
  async whorl(...args: readonly string[]): Promise<Ran> {
    const ran = await new Promise<Ran>((resolve) => {
      execFile(
        process.execPath,
        [cli, ...args],
        { maxBuffer: 64 << 20, env: { ...process.env, WHORL_DATA_DIR: this.dataDir } },
        (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr }),
      );
    });
    this.said.push(ran.stdout, ran.stderr);
    return ran;
  }

  async close(): Promise<void> {
    await this.stopAgent();
    await this.stopCollector();
    rmSync(this.dir, { recursive: true, force: true });
  }
}

async function stop(daemon: Daemon | undefined): Promise<void> {
  if (daemon === undefined) return;
  daemon.child.kill('SIGTERM');
  await daemon.gone;
}
