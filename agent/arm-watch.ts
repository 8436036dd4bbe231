import type { ArmState, LocalDisarm } from './ports.ts';

/**
 * What somebody on the node last said about stopping, for whoever must not wait for a disk: looked up every second, off the
 * way of the stop. A disarm that was made holds within that second, and so does its end.
 */
export class ArmWatch {
  readonly #state: ArmState | undefined;
  readonly #now: () => number;
  #disarm: LocalDisarm | undefined;

  /** @param state absent where nobody can disarm @param now µs since the Unix epoch */
  constructor(state: ArmState | undefined, now: () => number) {
    this.#state = state;
    this.#now = now;
  }

  /** To be called before anything is judged, and every second. */
  async look(): Promise<void> {
    this.#disarm = await this.#state?.disarmed(this.#now());
  }

  readonly disarmed = (): LocalDisarm | undefined => this.#disarm;
}
