import { parentPort, workerData } from 'node:worker_threads';
import { type Api, openApi } from './api.ts';
import { storeError } from './database.ts';

/** The database's own thread: a sync of the disk must never hold up the thread that reads from agents. */

export interface Question {
  readonly id: number;
  readonly op: keyof Api;
  readonly args: readonly unknown[];
}

export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly code: string; readonly message: string };

function answer(id: number, work: () => unknown): void {
  try {
    const value = work();
    // A backup goes on while commits do; everything else is answered at once, in order.
    if (value instanceof Promise)
      void value.then((then) => tell({ id, value: then })).catch((err) => fail(id, err));
    else tell({ id, value });
  } catch (error) {
    fail(id, error);
  }
}

function fail(id: number, error: unknown): void {
  const { code, message } = storeError(error);
  tell({ id, code, message });
}

function tell(message: Answer): void {
  parentPort?.postMessage(message);
}

/** Answer 0 tells whether the database could be opened. */
answer(0, () => {
  const api = openApi(String(workerData));
  parentPort?.on('message', ({ id, op, args }: Question) => {
    answer(id, () => Reflect.apply(api[op], api, args));
    if (op === 'close') parentPort?.close();
  });
  return null;
});
