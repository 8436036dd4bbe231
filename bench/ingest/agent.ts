import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { ask } from '../../cli/control-client.ts';

export interface AgentStart {
  /** `bin/whorl` of what is shipped. */
  readonly launcher: string;
  readonly dataDir: string;
  readonly tracee: string;
  readonly docker: string;
  /** Further keys of its configuration. */
  readonly set: Readonly<Record<string, unknown>>;
}

type Counters = Readonly<Record<string, number>>;

/** The shipped agent, as a process, read by nothing but what it tells: its lines and its control socket. */
export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #socket: string;
  /** µs from the event to its verdict, of each incident it told of. */
  readonly verdicts: number[] = [];
  readonly #inForce = Promise.withResolvers<void>();
  #inForceCount = 0;

  private constructor(child: ChildProcess, dataDir: string, expected: number) {
    this.#child = child;
    this.#socket = `${dataDir}/agent/agent.sock`;
    if (child.stdout === null) throw new Error('an agent that tells nothing');
    createInterface({ input: child.stdout }).on('line', (text) => this.#told(text, expected));
    child.on('exit', () => this.#inForce.reject(new Error('the agent ended')));
  }

  /** Resolves when so many fingerprints are in force. */
  static async start(
    { launcher, dataDir, tracee, docker, set }: AgentStart,
    fingerprints: number,
  ): Promise<AgentProcess> {
    const settings = {
      dataDir,
      sourceAddress: `unix:${tracee}`,
      dockerSocket: docker,
      containerdSocket: '',
      kubernetes: 'off',
      eventsJson: true,
      logLevel: 'warn',
      ...set,
    };
    const flags = Object.entries(settings).flatMap(([key, value]) => [
      '--set',
      `${key}=${JSON.stringify(value)}`,
    ]);
    // It ends with us: its stdin closes then.
    const child = spawn(launcher, ['agent', '--with-parent', '--source', 'tracee', ...flags], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const agent = new AgentProcess(child, dataDir, fingerprints);
    await agent.#inForce.promise;
    return agent;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async counters(): Promise<Counters> {
    const body = await ask(this.#socket, 'agent', { method: 'GET', path: '/status' });
    if (typeof body !== 'object' || body === null || !('counters' in body))
      throw new Error('the agent does not answer');
    return body.counters as Counters;
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    await gone;
  }

  #told(text: string, expected: number): void {
    const line: unknown = JSON.parse(text);
    if (typeof line !== 'object' || line === null || !('type' in line)) return;
    if (line.type === 'incident' && 'eventToVerdictUs' in line && 'isNew' in line && line.isNew === true)
      this.verdicts.push(Number(line.eventToVerdictUs));
    if (line.type === 'fingerprint-in-force') this.#inForceCount += 1;
    if (this.#inForceCount >= expected) this.#inForce.resolve();
  }
}
