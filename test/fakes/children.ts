import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A process of the test's own that prints JSON lines, and dies with the test. */
export class Child {
  readonly #process: ChildProcess;
  readonly #lines: Record<string, unknown>[] = [];
  readonly #waiting = new Set<() => void>();
  #said = '';

  constructor(
    program: URL,
    argument: object,
    onLine: (line: Record<string, unknown>) => void = () => undefined,
  ) {
    this.#process = spawn(process.execPath, [fileURLToPath(program), JSON.stringify(argument)], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(this.#process);
    const { stdout, stderr } = this.#process;
    if (stdout === null || stderr === null) throw new Error('no pipes');
    createInterface({ input: stdout }).on('line', (text) => {
      const line = parseLine(text);
      if (line === undefined) return;
      this.#lines.push(line);
      onLine(line);
      for (const wake of this.#waiting) wake();
    });
    stderr.on('data', (part: Buffer) => {
      this.#said = `${this.#said}${part.toString()}`.slice(-4000);
    });
    this.#process.on('close', () => {
      for (const wake of this.#waiting) wake();
    });
  }

  get pid(): number {
    return this.#process.pid ?? -1;
  }

  /** What it wrote to stderr, the end of it. */
  get said(): string {
    return this.#said;
  }

  /** The first line for which `is` holds, also of those that came already. */
  async line(is: (line: Record<string, unknown>) => boolean): Promise<Record<string, unknown>> {
    for (;;) {
      const found = this.#lines.find(is);
      if (found !== undefined) return found;
      if (this.#process.exitCode !== null || this.#process.signalCode !== null) {
        throw new Error(`ended without the awaited line: ${this.#said}`);
      }
      await new Promise<void>((resolve) => {
        const wake = () => {
          this.#waiting.delete(wake);
          resolve();
        };
        this.#waiting.add(wake);
      });
    }
  }

  kill(signal: 'SIGKILL' | 'SIGTERM'): void {
    this.#process.kill(signal);
  }

  /** Resolves when it has ended and all it printed was read. */
  async ended(): Promise<number | null> {
    if (this.#process.exitCode === null && this.#process.signalCode === null)
      await once(this.#process, 'close');
    children.delete(this.#process);
    return this.#process.exitCode;
  }
}

/** A process that is killed may leave half a line; what it did not finish saying it did not say. */
function parseLine(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});
