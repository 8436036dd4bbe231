import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Load, ToAgents } from './protocol.ts';

/** Agents in one process: more would wait for one another where the collector should be what is waited for. */
const perProcess = 250;

/** All agents, in processes of their own. */
export class Fleet {
  readonly #processes: readonly AgentsProcess[];
  readonly size: number;

  private constructor(size: number, processes: readonly AgentsProcess[]) {
    this.size = size;
    this.#processes = processes;
  }

  /** @param caFile of the collector, beside which the key lies that signs their certificates */
  static async start(size: number, caFile: string): Promise<Fleet> {
    const processes = Array.from({ length: Math.ceil(size / perProcess) }, () => new AgentsProcess());
    const minted = processes.map((agents, i) => {
      const from = i * perProcess;
      return agents.ask({ ask: 'mint', caFile, from, count: Math.min(perProcess, size - from) });
    });
    await Promise.all(minted);
    return new Fleet(size, processes);
  }

  async connect(address: string): Promise<void> {
    await this.#ask({ ask: 'connect', address });
  }

  async load(load: Load): Promise<void> {
    await this.#ask({ ask: 'load', load });
  }

  async send(): Promise<void> {
    await this.#ask({ ask: 'send' });
  }

  /** @returns by the clock all processes share, when each agent had the next order */
  async ordered(): Promise<number[]> {
    return (await this.#ask({ ask: 'ordered' })).flat().map(Number);
  }

  /** Ends the streams; the agents can connect again. */
  async disconnect(): Promise<void> {
    await this.#ask({ ask: 'close' });
  }

  #ask(asked: ToAgents): Promise<unknown[]> {
    return Promise.all(this.#processes.map((agents) => agents.ask(asked)));
  }

  stop(): void {
    for (const agents of this.#processes) agents.stop();
  }
}

/** One of the processes: one question at a time. */
class AgentsProcess {
  readonly #child: ChildProcess;
  readonly #ended: Promise<never>;

  constructor() {
    this.#child = fork(fileURLToPath(new URL('agents-process.ts', import.meta.url)));
    this.#ended = once(this.#child, 'exit').then(() => {
      throw new Error('a process of agents has ended');
    });
    // Whoever asks next hears of it; until then nobody does.
    this.#ended.catch(() => undefined);
  }

  async ask(asked: ToAgents): Promise<unknown> {
    const answered = once(this.#child, 'message');
    this.#child.send(asked);
    const [answer]: { value: unknown }[] = await Promise.race([answered, this.#ended]);
    return answer?.value;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}
