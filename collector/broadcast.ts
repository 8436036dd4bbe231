import type { StateLine } from './state-line.ts';

/** Tells every change of state to whoever listens at that moment. */
export class Broadcast {
  readonly #listeners = new Set<(line: StateLine) => void>();
  readonly #observers = new Set<(line: StateLine) => void>();

  /** Whether anybody would hear: what is only made to be told need not be made. */
  readonly listened = (): boolean => this.#listeners.size > 0;

  readonly tell = (line: StateLine): void => {
    for (const listener of this.#listeners) listener(line);
    for (const observer of this.#observers) observer(line);
  };

  readonly subscribe = (listener: (line: StateLine) => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Hears what is told anyway, and is no reason to tell more. */
  readonly observe = (observer: (line: StateLine) => void): void => {
    this.#observers.add(observer);
  };
}
