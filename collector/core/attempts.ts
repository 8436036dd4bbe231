/** Peers that are told apart; whoever has more addresses than that meets the limit for all together. */
const maxPeers = 4096;

/**
 * How often something may be tried in a span of time, by one peer and by all: each attempt is charged before it is
 * looked at, so that many at once gain nothing, and given back when it was honest.
 */
export class Attempts {
  readonly #limits: { readonly perPeer: number; readonly overall: number; readonly windowMs: number };
  readonly #peers = new Map<string, number>();
  #overall = 0;
  #since = 0;

  constructor(limits: { readonly perPeer: number; readonly overall: number; readonly windowMs: number }) {
    this.#limits = limits;
  }

  /** @returns false when it is one too many */
  charge(peer: string, now: number): boolean {
    // Also when the clock was set back: a window of the future would never end.
    if (now - this.#since >= this.#limits.windowMs || now < this.#since) {
      this.#peers.clear();
      this.#overall = 0;
      this.#since = now;
    }
    const tried = this.#peers.get(peer) ?? 0;
    if (tried >= this.#limits.perPeer || this.#overall >= this.#limits.overall) return false;
    this.#overall += 1;
    if (tried > 0 || this.#peers.size < maxPeers) this.#peers.set(peer, tried + 1);
    return true;
  }

  giveBack(peer: string): void {
    this.#overall = Math.max(0, this.#overall - 1);
    const tried = this.#peers.get(peer);
    if (tried !== undefined) this.#peers.set(peer, Math.max(0, tried - 1));
  }
}
