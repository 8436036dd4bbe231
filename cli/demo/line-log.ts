import { CliError, exitCodes } from '../exit.ts';

interface Waiter<Line> {
  look(line: Line): boolean;
}

/** Everything a daemon has said, and a way to wait for what it will say. */
export class LineLog<Line> {
  readonly #lines: Line[] = [];
  readonly #waiters = new Set<Waiter<Line>>();

  add(line: Line): void {
    this.#lines.push(line);
    for (const waiter of this.#waiters) if (waiter.look(line)) this.#waiters.delete(waiter);
  }

  /** A place in the log: what is waited for from here came later than now. */
  get end(): number {
    return this.#lines.length;
  }

  since(place: number): readonly Line[] {
    return this.#lines.slice(place);
  }

  /**
   * The first answer of `find` over the lines from `from` on, those to come included.
   * @throws CliError when `what` did not happen in time, or with `signal`'s reason
   */
  async wait<T>(
    what: string,
    find: (line: Line) => T | undefined,
    options: { readonly from?: number; readonly timeoutMs?: number; readonly signal: AbortSignal },
  ): Promise<T> {
    for (const line of this.since(options.from ?? 0)) {
      const found = find(line);
      if (found !== undefined) return found;
    }
    return this.#next(what, find, options);
  }

  #next<T>(
    what: string,
    find: (line: Line) => T | undefined,
    options: { timeoutMs?: number; signal: AbortSignal },
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? 20_000;
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    const waiter = {
      look: (line: Line): boolean => {
        const found = find(line);
        if (found !== undefined) resolve(found);
        return found !== undefined;
      },
    };
    const late = new CliError(
      exitCodes.incomplete,
      `${what} did not happen within ${timeoutMs / 1000} s`,
      'see whorl doctor',
    );
    const timer = setTimeout(() => reject(late), timeoutMs);
    const abort = (): void => reject(options.signal.reason);
    options.signal.addEventListener('abort', abort, { once: true });
    this.#waiters.add(waiter);
    return promise.finally(() => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', abort);
      this.#waiters.delete(waiter);
    });
  }
}
