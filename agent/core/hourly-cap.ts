const hourUs = 3_600_000_000;
/** Causes and incidents that are counted at once: four times as many as the watch keeps open. */
const maxKeys = 4_096;

/** How often something was done again within the hour. Times are of a clock that nobody sets. */
export class HourlyCap {
  readonly #most: number;
  readonly #times = new Map<string, readonly number[]>();

  constructor(most: number) {
    this.#most = most;
  }

  /** @returns false, and counts nothing, when it was done often enough. */
  take(key: string, steady: number): boolean {
    const recent = (this.#times.get(key) ?? []).filter((at) => at > steady - hourUs);
    if (recent.length >= this.#most) return false;
    // Last in the order in which keys are forgotten.
    this.#times.delete(key);
    this.#times.set(key, [...recent, steady]);
    const [oldest] = this.#times.keys();
    if (this.#times.size > maxKeys && oldest !== undefined) this.#times.delete(oldest);
    return true;
  }
}
