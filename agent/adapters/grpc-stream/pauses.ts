/** The longest rest: what a verdict may wait for at most, and a small part of what a source itself holds back for us. */
const longestMs = 30;
/** Timers are no finer than a millisecond. */
const shortestMs = 2;
/** Reads closer together than this come of a stream that does not stop. */
const closeMs = 60;
/** What is worth waking up for: some fifty messages, a seventh of what a unix socket holds. */
const worthBytes = 32 << 10;

/**
 * When to read next. Messages that come one by one, a thousand a second, would wake the agent a thousand times, and to wake
 * costs ten times what a message does: the socket is left alone for as long as it takes until reading is worth it again.
 * What comes after a silence is read at once, and so is all that a busy source says.
 */
export class Pauses {
  readonly #read: () => void;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  /** @param read goes on reading @param now ms */
  constructor(read: () => void, now: () => number = () => performance.now()) {
    this.#read = read;
    this.#now = now;
  }

  /** @param length of what was just read @returns whether to read on; false: `read` will be called */
  readsOn(length: number): boolean {
    const now = this.#now();
    const since = now - this.#last;
    this.#last = now;
    if (length >= worthBytes || since > closeMs) return true;
    const rest = Math.min(longestMs, (worthBytes * since) / length);
    if (rest < shortestMs) return true;
    this.#timer = setTimeout(this.#read, rest);
    return false;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
