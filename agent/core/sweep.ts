import type { Event } from '../../fingerprint/event.ts';

/** A sweep of a crowded node: 4 000 processes with a few sockets and mappings each. */
const maxHeld = 32_768;

/**
 * Holds what a sweep of the present state finds until it pauses, and gives the processes first, oldest first: parents
 * before children, a container's first process before what came in later. Pids wrap; start times do not.
 */
export class Sweep {
  #held: Event[] = [];

  get size(): number {
    return this.#held.length;
  }

  /** @returns false when it is full and must be taken. */
  add(event: Event): boolean {
    this.#held.push(event);
    return this.#held.length < maxHeld;
  }

  take(): readonly Event[] {
    const held = this.#held;
    this.#held = [];
    const processes = held.filter((e) => e.kind === 'exec').sort((a, b) => a.process.start - b.process.start);
    return [...processes, ...held.filter((e) => e.kind !== 'exec')];
  }
}
