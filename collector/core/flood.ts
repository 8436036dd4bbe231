import { type Severity, severities } from '../../fingerprint/incident.ts';

export interface FloodLimits {
  /** Incident records of one agent, for as long as it likes. */
  readonly perSecond: number;
  /** And at once: a break-in of a thousand processes is no flood. */
  readonly burst: number;
}

/** Incidents of one flood whose last state is kept: at 4 KB each some 4 MB of disk for a node that lies all day. */
export const maxFolded = 1_000;

/** What is left of the burst before this much: the graver, the later it is folded. */
const reserve: Readonly<Record<Severity, number>> = { low: 0.5, medium: 0.5, high: 0.2, critical: 0 };

/** One agent's allowance. A token is a record; they come back by time alone. */
export class Allowance {
  readonly #limits: FloodLimits;
  #tokens: number;
  #at: number;

  constructor(limits: FloodLimits, now: number) {
    this.#limits = limits;
    this.#tokens = limits.burst;
    this.#at = now;
  }

  /** @returns whether it may go its way; what may not costs nothing */
  take(severity: Severity, now: number): boolean {
    this.#refill(now);
    if (this.#tokens - 1 < this.#limits.burst * reserve[severity]) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Enough is there again for whatever comes: the flood is over. */
  isCalm(now: number): boolean {
    this.#refill(now);
    return this.#tokens > this.#limits.burst * (reserve.low + 0.1);
  }

  #refill(now: number): void {
    const { perSecond, burst } = this.#limits;
    this.#tokens = Math.min(burst, this.#tokens + (Math.max(0, now - this.#at) / 1000) * perSecond);
    this.#at = now;
  }
}

/** What becomes of the state of an incident that is folded. */
export type Kept =
  | { readonly kept: false }
  /** `evicts`: one that is less grave gives it its place. */
  | { readonly kept: true; readonly rank: number; readonly evicts?: string };

export function rankOf(severity: Severity): number {
  return severities.indexOf(severity);
}

/** Which incidents of one agent are folded. One id has one place, however often it is told. */
export class Folded {
  readonly #byRank = new Map<number, Set<string>>();
  readonly #ranks = new Map<string, number>();

  get size(): number {
    return this.#ranks.size;
  }

  has(id: string): boolean {
    return this.#ranks.has(id);
  }

  add(id: string, rank: number): Kept {
    if (this.has(id)) {
      this.remove(id);
      this.#put(id, rank);
      return { kept: true, rank };
    }
    if (this.size < maxFolded) {
      this.#put(id, rank);
      return { kept: true, rank };
    }
    const lesser = this.#lesserThan(rank);
    if (lesser === undefined) return { kept: false };
    this.remove(lesser);
    this.#put(id, rank);
    return { kept: true, rank, evicts: lesser };
  }

  remove(id: string): void {
    const rank = this.#ranks.get(id);
    if (rank === undefined) return;
    this.#ranks.delete(id);
    this.#of(rank).delete(id);
  }

  #put(id: string, rank: number): void {
    this.#ranks.set(id, rank);
    this.#of(rank).add(id);
  }

  #of(rank: number): Set<string> {
    const known = this.#byRank.get(rank) ?? new Set();
    this.#byRank.set(rank, known);
    return known;
  }

  #lesserThan(rank: number): string | undefined {
    for (let lower = 0; lower < rank; lower++) {
      const [id] = this.#of(lower);
      if (id !== undefined) return id;
    }
    return undefined;
  }
}
