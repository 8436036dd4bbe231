/** A busy source delivers within some 10 ms. */
const behindUs = 1_000_000;

/**
 * Whether what happened is still on its way here. A source that is behind goes on telling; one that pauses has nothing
 * left to tell, so that the lag of the last event says nothing any more. Times in µs since the epoch.
 */
export class Lag {
  #us = 0;
  #at = 0;

  /** An event later than all before it has come. */
  told(happened: number, receivedAt: number): void {
    this.#us = receivedAt - happened;
    this.#at = receivedAt;
  }

  isBehind(now: number): boolean {
    return this.#us > behindUs && now - this.#at < behindUs;
  }
}
