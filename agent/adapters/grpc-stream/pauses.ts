/** The longest rest: what a verdict may wait for at most. At 1 142 events a second a third less CPU than with 30 ms. */
const longestMs = 50;
/** Timers are no finer than a millisecond. */
const shortestMs = 2;
/** Reads closer together than this come of a stream that does not stop. */
const closeMs = 100;
/**
 * What is worth waking up for. Less than a socket holds, or the source would stand still while we rest: a unix socket of
 * Linux takes 208 KiB, of which each write counts for 768 bytes at least, so 277 small frames, half as many if a frame is
 * written in two parts.
 */
const worthBytes = 48 << 10;
const worthFrames = 96;
/** Of that. Who comes a moment too late finds more than it is worth, and is woken twice. */
const aimedAt = 0.75;

/** What is read, or left alone for a while. */
interface Reading {
  pause(): void;
  resume(): void;
}

/**
 * When to read next. Messages that come one by one, a thousand a second, would wake the agent a thousand times, and to wake
 * costs ten times what a message does: the socket is left alone for as long as it takes until reading is worth it again.
 * What comes after a silence is read at once, and so is all that a busy source says.
 */
export class Pauses {
  readonly #reading: Reading;
  readonly #now: () => number;
  #last = Number.NEGATIVE_INFINITY;
  #bytes = 0;
  #frames = 0;
  #framesBefore = 0;
  #decision: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** @param now ms */
  constructor(reading: Reading, now: () => number = () => performance.now()) {
    this.#reading = reading;
    this.#now = now;
  }

  /**
   * So many bytes were read, and so many frames have begun in all. What is there is read whole before anything is decided:
   * TLS hands over records of 16 KiB at most, in Go of 1.4 KiB to begin with, and a rest after each would hold back a
   * source that has much to say.
   */
  heard(length: number, frames: number): void {
    this.#bytes += length;
    this.#frames = frames;
    this.#decision ??= setImmediate(() => this.#decide());
  }

  #decide(): void {
    this.#decision = undefined;
    const worth = Math.max(this.#bytes / worthBytes, (this.#frames - this.#framesBefore) / worthFrames);
    this.#bytes = 0;
    this.#framesBefore = this.#frames;
    const now = this.#now();
    const since = now - this.#last;
    this.#last = now;
    if (worth >= 1 || since > closeMs) return;
    const rest = Math.min(longestMs, (aimedAt * since) / worth);
    if (rest < shortestMs) return;
    this.#reading.pause();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#reading.resume(), rest);
  }

  end(): void {
    clearImmediate(this.#decision);
    clearTimeout(this.#timer);
  }
}
