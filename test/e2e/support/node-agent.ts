import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { type AgentLine, parseAgentLine } from '../../../cli/agent-line.ts';
import { LineLog } from '../../../cli/demo/line-log.ts';
import { sensorBinary } from './sensor-rig.ts';

const cli = new URL('../../../cli/main.ts', import.meta.url).pathname;

/** The agent alone, as a process: what this process starts is not its own. */
export class NodeAgent {
  readonly lines = new LineLog<AgentLine>();
  readonly #child: ChildProcess;
  readonly #said: string[] = [];

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(settings: object): Promise<NodeAgent> {
    const all = { sensor: await sensorBinary(), eventsJson: true, logLevel: 'warn', ...settings };
    const set = Object.entries(all).flatMap(([key, value]) => ['--set', `${key}=${JSON.stringify(value)}`]);
    const child = spawn(process.execPath, [cli, 'agent', '--with-parent', ...set], {
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    const agent = new NodeAgent(child);
    createInterface({ input: child.stderr }).on('line', (text) => agent.#said.push(text));
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = parseAgentLine(text);
      if (line !== undefined) agent.lines.add(line);
    });
    await agent.told('the agent', (line) => line.type === 'agent-ready');
    return agent;
  }

  /** Resolves when it has said such a line. @throws with its last words when it does not in a minute */
  async told(what: string, is: (line: AgentLine) => boolean): Promise<void> {
    const never = new AbortController().signal;
    const options = { signal: never, timeoutMs: 60_000 };
    await this.lines
      .wait(what, (line) => is(line) || undefined, options)
      .catch((cause: unknown) => {
        throw new Error(`${what}: in vain; ${this.#said.slice(-5).join('\n')}`, { cause });
      });
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await once(this.#child, 'close');
  }
}
