import { spawn } from 'node:child_process';
import { printable } from '../../fingerprint/printable.ts';
import type { CheckpointSink } from '../ports/audit.ts';

const timeoutMs = 10_000;
/** Of what the command says: enough for a sentence about what went wrong. */
const maxSaid = 4096;

/**
 * A command that gets each checkpoint on stdin: it sends it to a witness, a log server, a ticket. No shell and none of the
 * collector's environment; ended with all its children when it takes too long. Status 0 means taken.
 */
export class CommandSink implements CheckpointSink {
  readonly name: string;
  readonly #program: string;
  readonly #args: readonly string[];
  readonly #timeoutMs: number;

  /** @param argv the program by its absolute path, and its arguments */
  constructor([program = '', ...args]: readonly string[], timeout = timeoutMs) {
    this.#program = program;
    this.#args = args;
    this.#timeoutMs = timeout;
    this.name = `command:${[program, ...args].join(' ')}`;
  }

  /** It was told, not asked to keep anything. */
  async last(): Promise<undefined> {
    return undefined;
  }

  publish(note: string): Promise<void> {
    return new Promise((resolve, reject) => {
      // A group of its own, so that the end of it is the end of what it started.
      const child = spawn(this.#program, this.#args, {
        detached: true,
        env: { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
        stdio: ['pipe', 'ignore', 'pipe'],
      });
      const failed = (why: string) => reject(new Error(`${this.#program} ${why}`));
      let said = '';
      child.stderr.setEncoding('utf8').on('data', (part: string) => {
        if (said.length < maxSaid) said += part;
      });
      const timer = setTimeout(() => {
        endGroup(child.pid);
        child.stderr.destroy();
        failed(`did not end within ${this.#timeoutMs / 1000} s and was killed`);
      }, this.#timeoutMs);
      child.on('error', (error) => {
        clearTimeout(timer);
        failed(`cannot be started: ${'code' in error ? String(error.code) : error.message}`);
      });
      child.on('close', (status, signal) => {
        clearTimeout(timer);
        if (status === 0) resolve();
        else
          failed(
            `ended with ${signal ?? `status ${status}`}${said === '' ? '' : `: ${printable(said.trim())}`}`,
          );
      });
      // It may end without reading: its status says whether that was meant.
      child.stdin.on('error', () => undefined).end(note);
    });
  }
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}
