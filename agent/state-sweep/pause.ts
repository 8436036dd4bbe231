import { setImmediate as turn } from 'node:timers/promises';

/** Events wait no longer than this for a sweep; a turn of the loop costs some microseconds. */
const sliceMs = 1;

/** Gives the event loop its turn between two looks, when one has lasted long enough. */
export class Pause {
  #since = performance.now();

  async now(): Promise<void> {
    if (performance.now() - this.#since < sliceMs) return;
    await turn();
    this.#since = performance.now();
  }
}
