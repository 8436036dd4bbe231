/** Short beside what a source itself takes to tell, long beside what lies between a thousand messages a second. */
const restMs = 5;
/** Reads closer together than this come of a stream that does not stop. */
const closeMs = 20;
/** As much as a source may say within a rest without its socket being half full, at 212 992 bytes. */
const restBytes = 48 << 10;

/**
 * When to read next. Messages that come one by one, a thousand a second, would wake the agent a thousand times; after a
 * small read that followed close on another the socket is left alone for a moment, and what came meanwhile is read
 * together. What comes after a silence is read at once, and so is all that a busy source says.
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
    if (length >= restBytes || since > closeMs) return true;
    this.#timer = setTimeout(this.#read, restMs);
    return false;
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
