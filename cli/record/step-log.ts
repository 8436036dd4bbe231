import { beforeFirstStep } from '../../fingerprint/steps.ts';

/** A step of the test script, as it told it. */
interface Step {
  readonly name: string;
  /** Id of the step whose command told it. */
  readonly within: string | undefined;
  /** As long as a command runs; else until the next step. */
  readonly isSpan: boolean;
  readonly since: number;
  until: number;
}

/**
 * The steps of one run and when they were. Several may be under way: the innermost counts, of tests that run beside each
 * other all, because nobody can tell which of them caused what.
 */
export class StepLog {
  readonly #steps = new Map<string, Step>();

  /** @returns its id; @param now µs since the epoch */
  begin(name: string, now: number, options: { readonly within?: string; readonly isSpan: boolean }): string {
    const within =
      options.within !== undefined && this.#steps.has(options.within) ? options.within : undefined;
    if (!options.isSpan)
      for (const step of this.#steps.values())
        if (!step.isSpan && step.within === within) step.until = Math.min(step.until, now);
    const id = `s${this.#steps.size}`;
    const { isSpan } = options;
    this.#steps.set(id, { name, within, isSpan, since: now, until: Number.POSITIVE_INFINITY });
    return id;
  }

  /** The command of a step has ended, and with it what was told from within. */
  end(id: string, now: number): void {
    for (const [key, step] of this.#steps)
      if (key === id || step.within === id) step.until = Math.min(step.until, now);
  }

  get size(): number {
    return this.#steps.size;
  }

  /** All names, each once. */
  names(): readonly string[] {
    return [...new Set([...this.#steps.values()].map((step) => step.name))];
  }

  /** What ran at that time, µs since the epoch. */
  at(time: number): readonly string[] {
    const running = [...this.#steps].filter(([, step]) => step.since <= time && time < step.until);
    // Asked for each behaviour, of as many steps as a recording may have: what stands in what is looked up, not searched.
    const above = new Set(running.map(([, { within }]) => within));
    const spanned = new Set(running.flatMap(([, { isSpan, within }]) => (isSpan ? [within] : [])));
    const innermost = running.filter(
      ([id, { isSpan, within }]) =>
        // A command's own step says more than the last one that was only named.
        !above.has(id) && (isSpan || !spanned.has(within)),
    );
    const names = [...new Set(innermost.map(([, step]) => step.name))];
    return names.length === 0 ? [beforeFirstStep] : names;
  }
}
