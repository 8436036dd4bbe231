import { setTimeout as sleep } from 'node:timers/promises';

/** A page fault on a slow disk holds an address space for some 100 ms; who holds it longer does so on purpose. */
const patienceMs = 2_000;

/**
 * Reads that a watched process can put off for ever, one at a time: each that hangs keeps a thread of libuv's pool of
 * four, and the spool needs one. While one hangs the others are not begun.
 */
export class Lane {
  #busy = false;

  /** @returns undefined when it took too long, or an earlier one still hangs. */
  async read<T>(begin: () => Promise<T>): Promise<T | undefined> {
    if (this.#busy) return undefined;
    this.#busy = true;
    const reading = begin().finally(() => {
      this.#busy = false;
    });
    const patience = new AbortController();
    const over = sleep(patienceMs, undefined, { signal: patience.signal, ref: false }).catch(() => undefined);
    try {
      return await Promise.race([reading, over]);
    } finally {
      patience.abort();
    }
  }

  get isStuck(): boolean {
    return this.#busy;
  }
}
