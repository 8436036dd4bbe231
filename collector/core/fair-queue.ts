/**
 * What waits for one who works it off, taken from everybody in turn: whoever brings thousands at once lets the others wait
 * for one of them. Of each, what came first goes first.
 */
export class FairQueue<T> {
  /** In the order of their turns. */
  readonly #lines = new Map<string, Map<string, T>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** In the place of what waits under the same name already. */
  put(whose: string, name: string, item: T): void {
    const line = this.#lines.get(whose) ?? new Map<string, T>();
    this.#lines.set(whose, line);
    if (!line.has(name)) this.#size += 1;
    line.set(name, item);
  }

  take(): T | undefined {
    const [turn] = this.#lines;
    if (turn === undefined) return undefined;
    const [whose, line] = turn;
    const item = this.#shift(whose, line);
    // Behind all others, as long as there is something left.
    if (this.#lines.delete(whose) && line.size > 0) this.#lines.set(whose, line);
    return item;
  }

  /** Lets go of the oldest of whoever has the most. */
  drop(): void {
    const lines = [...this.#lines];
    const [first, ...rest] = lines;
    if (first === undefined) return;
    this.#shift(...rest.reduce((most, line) => (line[1].size > most[1].size ? line : most), first));
  }

  #shift(whose: string, line: Map<string, T>): T | undefined {
    const [next] = line;
    if (next === undefined) return undefined;
    const [name, item] = next;
    line.delete(name);
    this.#size -= 1;
    if (line.size === 0) this.#lines.delete(whose);
    return item;
  }
}
