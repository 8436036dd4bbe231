import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ask } from '../../cli/control-client.ts';
import { cpuMicrosOf, rssMibOf } from '../ingest/process.ts';

/** The shipped program with its defaults, but for its ports and for a flood limit that a benchmark is beyond. */
export class ShippedCollector {
  readonly #child: ChildProcess;
  readonly address: string;
  readonly caFile: string;

  private constructor(child: ChildProcess, address: string, caFile: string) {
    this.#child = child;
    this.address = address;
    this.caFile = caFile;
  }

  static async start(dir: string): Promise<ShippedCollector> {
    const child = spawn(process.execPath, [...nodeOptions(), ...argumentsFor(dir)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const at = join(dir, 'collector');
    while (child.exitCode === null) {
      const status = await ask(join(at, 'collector.sock'), 'collector', {
        method: 'GET',
        path: '/api/v1/status',
      });
      if (typeof status === 'object' && status !== null && 'address' in status)
        return new ShippedCollector(child, String(status.address), join(at, 'tls', 'ca.pem'));
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the collector did not start');
  }

  get cpuMicros(): number {
    return cpuMicrosOf(this.#child.pid ?? 0);
  }

  get rssMib(): number {
    return rssMibOf(this.#child.pid ?? 0);
  }

  /** Until a quarter of a second passes in which it spends next to nothing, or five of them: a thousand agents cost a little. */
  async settled(): Promise<void> {
    for (let last = Number.NEGATIVE_INFINITY, looks = 0; looks < 6; looks++) {
      const now = this.cpuMicros;
      if (now - last < 10_000) return;
      last = now;
      await new Promise((resolve) => setTimeout(resolve, 250));
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }
}

/** For whoever looks for what is slow: `WHORL_BENCH_NODE="--cpu-prof --cpu-prof-dir=/tmp/prof"`. */
function nodeOptions(): string[] {
  return (process.env.WHORL_BENCH_NODE ?? '').split(' ').filter((option) => option !== '');
}

function argumentsFor(dir: string): string[] {
  const cli = fileURLToPath(new URL('../../cli/main.ts', import.meta.url));
  const settings = {
    ...Object.fromEntries(['listen', 'httpListen', 'metricsListen'].map((key) => [key, '"127.0.0.1:0"'])),
    logLevel: '"error"',
    floodPerSecond: '100000',
  };
  const set = Object.entries(settings).flatMap(([key, value]) => ['--set', `${key}=${value}`]);
  return [cli, 'collector', '--data-dir', dir, ...set];
}
