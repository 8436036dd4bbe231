import { setTimeout as sleep } from 'node:timers/promises';
import type { Log, StoreError } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** A full disk is tried again this often; agents keep in their spools meanwhile what is not acknowledged. */
const retryMs = 1000;

/** Waits out a full disk: nothing is acknowledged, nothing is lost, and it is said once when it begins and ends. */
export class StoreTrouble {
  readonly #log: Log;
  readonly #tell: (line: StateLine) => void;
  readonly #signal: AbortSignal;
  #failing = false;
  #failures = 0;

  constructor(log: Log, tell: (line: StateLine) => void, signal: AbortSignal) {
    this.#log = log;
    this.#tell = tell;
    this.#signal = signal;
  }

  /** Commits that failed and were tried again. */
  get failures(): number {
    return this.#failures;
  }

  /** @returns whether the commit is to be tried again; after a while, for what may pass */
  readonly mayRetry = async (error: StoreError): Promise<boolean> => {
    if (error.code !== 'disk-full' || this.#signal.aborted) return false;
    this.#failures += 1;
    if (!this.#failing) {
      this.#failing = true;
      this.#log.error({ code: error.code }, 'database cannot be written');
      this.#tell({ type: 'store', state: 'failing', sentence: error.message });
    }
    await sleep(retryMs, undefined, { signal: this.#signal }).catch(() => undefined);
    return !this.#signal.aborted;
  };

  /** A commit went through. */
  works(): void {
    if (!this.#failing) return;
    this.#failing = false;
    this.#log.info({ failures: this.#failures }, 'database can be written again');
    this.#tell({ type: 'store', state: 'recovered', sentence: 'the database can be written again' });
  }
}
