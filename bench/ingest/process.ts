import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Asked, Served, ServerSetup } from './protocol.ts';

/** CPU of all its threads so far, µs, as finely as the kernel counts it. */
export function cpuMicrosOf(pid: number): number {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    const [ran = '0'] = readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ');
    nanos += Number(ran);
  }
  return nanos / 1000;
}

export function rssMibOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1024;
}

/** The server, in a process of its own. */
export class ServerProcess {
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess) {
    this.#child = child;
  }

  static async start(setup: ServerSetup): Promise<ServerProcess> {
    const child = fork(fileURLToPath(new URL('server.ts', import.meta.url)), [JSON.stringify(setup)]);
    await once(child, 'message');
    return new ServerProcess(child);
  }

  /** Resolves when all of it was sent and the client has read it. */
  async ask(asked: Asked): Promise<Served> {
    const answered = once(this.#child, 'message');
    this.#child.send(asked);
    const [served]: Served[] = await answered;
    if (served === undefined) throw new Error('the server did not answer');
    return served;
  }

  stop(): void {
    this.#child.kill('SIGKILL');
  }
}

/** grpc-js and protobufjs, in a process of their own. */
export class ReferenceProcess {
  readonly #child: ChildProcess;

  constructor(socket: string) {
    this.#child = fork(fileURLToPath(new URL('reference.ts', import.meta.url)), [socket]);
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves when it reads the stream. */
  async ready(): Promise<void> {
    await once(this.#child, 'message');
  }

  /** Resolves when it has decoded so many in all. */
  async decoded(events: number): Promise<void> {
    for (;;) {
      const answered = once(this.#child, 'message');
      this.#child.send('how many');
      const [decoded]: number[] = await answered;
      if ((decoded ?? 0) >= events) return;
      await new Promise((done) => setTimeout(done, 20));
    }
  }

  async stop(): Promise<void> {
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
    // The server hears of it a moment later; until then it is the newest client.
    await new Promise((done) => setTimeout(done, 100));
  }
}
