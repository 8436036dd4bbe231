import type { StateLine } from './state-line.ts';

/** Tells every change of state to whoever listens at that moment. */
export class Broadcast {
  readonly #listeners = new Set<(line: StateLine) => void>();

  readonly tell = (line: StateLine): void => {
    for (const listener of this.#listeners) listener(line);
  };

  readonly subscribe = (listener: (line: StateLine) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
