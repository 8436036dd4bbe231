import { Worker } from 'node:worker_threads';
import { StoreError } from '../../ports.ts';
import type { Api } from './api.ts';
import type { Answer, Question } from './worker.ts';

/** Compiled, the thread's program has another ending. */
const program = import.meta.url.endsWith('.ts')
  ? new URL('./worker.ts', import.meta.url)
  : new URL('./worker.js', import.meta.url);

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The main thread's end of the database's thread. Calls are answered in the order they were made. */
export class DatabaseThread {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #ended: StoreError | undefined;

  /** @throws StoreError when the database cannot be opened */
  static async start(file: string): Promise<DatabaseThread> {
    const worker = new Worker(program, { workerData: file });
    const thread = new DatabaseThread(worker);
    await thread.#answerTo(0);
    return thread;
  }

  private constructor(worker: Worker) {
    this.#worker = worker;
    worker.on('message', (answer: Answer) => this.#settle(answer));
    worker.on('error', (error) => this.#end(error.message));
    worker.on('exit', () => this.#end('it was closed'));
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  async call<K extends keyof Api>(op: K, ...args: Parameters<Api[K]>): Promise<Awaited<ReturnType<Api[K]>>> {
    if (this.#ended !== undefined) throw this.#ended;
    const id = ++this.#lastId;
    const question: Question = { id, op, args };
    this.#worker.postMessage(question);
    // The thread answers `op` with what `Api[op]` returned: worker.ts runs exactly that function.
    return (await this.#answerTo(id)) as Awaited<ReturnType<Api[K]>>;
  }

  #answerTo(id: number): Promise<unknown> {
    return new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
  }

  #settle(answer: Answer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('code' in answer) waiting?.reject(new StoreError(codeOf(answer.code), answer.message));
    else waiting?.resolve(answer.value);
  }

  #end(why: string): void {
    this.#ended ??= new StoreError('broken', `the database thread has ended: ${why}`);
    for (const { reject } of this.#waiting.values()) reject(this.#ended);
    this.#waiting.clear();
  }
}

const codes = ['in-use', 'newer-schema', 'read-only', 'disk-full', 'not-a-database', 'broken'] as const;

function codeOf(said: string): StoreError['code'] {
  return codes.find((code) => code === said) ?? 'broken';
}
