import type { SourceNote } from './ports.ts';

/** How the source fares, for whoever asks the agent. Times in µs since the Unix epoch. */
export interface SourceStatus {
  readonly name: string;
  readonly state: 'starting' | 'delivering' | 'away';
  /** As the source writes it; empty where it has said none. */
  readonly version: string;
  /** Since when it is in that state. */
  readonly since: number;
  /** When it delivered something last; 0: not yet. */
  readonly lastAt: number;
  /** Why it is away. */
  readonly reason?: string;
}

/**
 * µs. A source that stands still takes connections as ever and shows what it is after ten seconds again (loss-watch.ts):
 * it counts as away until it delivers something, or was not found standing still for so long.
 */
const doubtUs = 15_000_000;

/** Keeps account of when the source was there, and of the time in which nobody saw anything. */
export class SourceState {
  #status: SourceStatus;
  /** Up to where it is told that something is missing. */
  #toldUntil = 0;
  /** Set while it may stand still: what was said of it then, and until when that holds. */
  #doubt: { readonly status: SourceStatus; readonly until: number } | undefined;

  constructor(name: string, now: number) {
    this.#status = { name, state: 'starting', version: '', since: now, lastAt: 0 };
  }

  status(now: number): SourceStatus {
    return this.#doubt !== undefined && now < this.#doubt.until ? this.#doubt.status : this.#status;
  }

  /**
   * Something came.
   *
   * @returns since when nothing was seen, when it was away until now
   */
  came(at: number, note?: SourceNote): number | undefined {
    if (note?.type === 'connected') {
      // Between this and its taking our request it would tell nobody what happens.
      this.#status = { ...this.#status, version: note.version };
      return undefined;
    }
    if (note === undefined) this.#doubt = undefined;
    const { state, lastAt, version } = this.#status;
    const wasAway = state === 'away';
    const since = state === 'delivering' ? this.#status.since : at;
    this.#status = { name: this.#status.name, state: 'delivering', version, since, lastAt: at };
    return wasAway ? Math.max(lastAt, this.#toldUntil) : undefined;
  }

  /** It ended. @param isWedged it stood still. @returns since when nothing was seen */
  ended(now: number, reason: string, isWedged = false): number {
    const { state, since } = this.status(now);
    const { state: connected, since: started, lastAt } = this.#status;
    const from = Math.max(connected === 'starting' ? started : lastAt, this.#toldUntil);
    this.#status = { ...this.#status, state: 'away', since: state === 'away' ? since : now, reason };
    this.#doubt = isWedged ? { status: this.#status, until: now + doubtUs } : undefined;
    this.#toldUntil = now;
    return from;
  }
}
