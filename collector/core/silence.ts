import { type Canary, isTheCanary } from '../../fingerprint/canary.ts';
import type { Incident } from '../../fingerprint/incident.ts';

/** DESIGN §4: a canary that is not seen within this makes its node blind. */
const withinMs = 10_000;
/** Incidents are told again while they grow, also across a restart: of which canary they are must be known so long. */
const maxRecent = 8;

/** What is kept of one agent's canaries over a restart. */
export interface KeptSilence {
  readonly recent: readonly Canary[];
  /** ms since the Unix epoch; 0 when none was ever seen. */
  readonly lastSeen: number;
  /** ms since the Unix epoch; 0 when it is not blind. */
  readonly blindSince: number;
}

export interface SilenceStatus {
  /** `untested`: the agent announces none. `waiting`: the first is under way. */
  readonly state: 'untested' | 'waiting' | 'seeing' | 'blind';
  readonly lastSeen: number;
  readonly blindSince: number;
}

/**
 * Whether one agent sees anything: it announces each canary, and the incident that follows shows that the way from its
 * kernel to here is open. Times are ms since the Unix epoch, all by the collector's own clock.
 */
export class Silence {
  #recent: readonly Canary[];
  #lastSeen: number;
  #blindSince: number;
  #pending: { readonly nonce: string; readonly since: number } | undefined;
  #periodMs = 0;
  /** When the next was last known to be on time. */
  #heard: number;

  constructor(now: number, kept: KeptSilence = { recent: [], lastSeen: 0, blindSince: 0 }) {
    this.#recent = kept.recent;
    this.#lastSeen = kept.lastSeen;
    this.#blindSince = kept.blindSince;
    this.#heard = now;
  }

  get kept(): KeptSilence {
    return { recent: this.#recent, lastSeen: this.#lastSeen, blindSince: this.#blindSince };
  }

  get status(): SilenceStatus {
    const [lastSeen, blindSince] = [this.#lastSeen, this.#blindSince];
    if (blindSince > 0) return { state: 'blind', lastSeen, blindSince };
    if (lastSeen > 0) return { state: 'seeing', lastSeen, blindSince };
    return { state: this.#periodMs > 0 ? 'waiting' : 'untested', lastSeen, blindSince };
  }

  /** A new stream: what was on its way on the old one is announced again or lost with it. */
  connected(now: number): void {
    this.#pending = undefined;
    this.#heard = now;
  }

  /** How often the agent says it does one; 0: never. */
  every(periodMs: number): void {
    this.#periodMs = periodMs;
  }

  /** @returns false for one that came before: records are sent at least once. */
  announced({ nonce, act }: Canary, periodMs: number, now: number): boolean {
    if (this.#recent.some((canary) => canary.nonce === nonce)) return false;
    this.look(now);
    this.#recent = [...this.#recent.slice(1 - maxRecent), { nonce, act }];
    this.#pending = { nonce, since: now };
    this.#periodMs = periodMs;
    this.#heard = now;
    return true;
  }

  /** @returns the canary that the incident is; undefined: an incident like any other. */
  canaryOf(incident: Incident, now: number): Canary | undefined {
    for (const canary of this.#recent) {
      const is = isTheCanary(canary, incident);
      if (is === 'no') continue;
      if (is === 'whole' && this.#pending?.nonce === canary.nonce) this.#saw(now);
      return canary;
    }
    return undefined;
  }

  /** What time alone has changed. */
  look(now: number): void {
    const pending = this.#pending;
    if (pending !== undefined && now - pending.since > withinMs) this.#missed(pending.since);
    else if (this.#periodMs > 0 && now - this.#heard > 2 * this.#periodMs + withinMs)
      this.#missed(this.#heard);
  }

  #saw(now: number): void {
    this.look(now);
    // Late: what came through at last says nothing of now. The next one will.
    if (this.#pending === undefined) return;
    this.#pending = undefined;
    this.#lastSeen = now;
    this.#blindSince = 0;
  }

  #missed(since: number): void {
    this.#pending = undefined;
    if (this.#blindSince === 0) this.#blindSince = since;
  }
}
