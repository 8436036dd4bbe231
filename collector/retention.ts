import type { IncidentStore } from './ports/incidents.ts';
import type { Log } from './ports.ts';

const dayMs = 86_400_000;

export interface RetentionOptions {
  readonly store: Pick<IncidentStore, 'retire'>;
  readonly keepDays: number;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
}

/** Occurrences that were last active longer ago than the site keeps them go, a little at a time. */
export class Retention {
  readonly #options: RetentionOptions;
  #retired = 0;

  constructor(options: RetentionOptions) {
    this.#options = options;
  }

  /** Since the start. */
  get retired(): number {
    return this.#retired;
  }

  async look(signal: AbortSignal): Promise<void> {
    const { store, keepDays, now, log } = this.#options;
    let gone = 0;
    try {
      for (let done = false; !done && !signal.aborted; ) {
        const { occurrences, isDone } = await store.retire((now() - keepDays * dayMs) * 1000);
        gone += occurrences;
        done = isDone;
      }
    } catch (err) {
      log.error({ err }, 'what is too old could not be taken away');
    }
    this.#retired += gone;
    if (gone > 0) log.info({ occurrences: gone, keepDays }, 'what is too old was taken away');
  }
}
