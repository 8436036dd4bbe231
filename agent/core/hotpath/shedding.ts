import type { EventOf } from '../../../fingerprint/event.ts';

/** The loop has no time left: what comes in faster than it is judged waits in the source, and stops it. */
const busyAbove = 0.9;
const calmBelow = 0.7;
/** New acts of one copy per look at the load (ten a second), to begin with: 2 000 a second are more than any service shows. */
const firstAllowance = 200;
/** Never none: who floods must not hide all that it does besides. */
const leastAllowance = 5;
/** What a copy may always show that is not among those that show most: a service that starts up, five times over. */
const quietAllowance = 50;
const noNeedAbove = 10_000;

interface Loss {
  lost: number;
  readonly since: number;
  until: number;
}

/**
 * Decides what is let go when more is new than there is time to look at. A source that is not read stops its whole node,
 * so the choice is ours, and counted: only acts that change nothing in who is who, and only of copies that show more new
 * acts than others; so who floods blinds us to itself and to nobody else. Time comes from the records.
 */
export class Shedding {
  #allowance = Number.POSITIVE_INFINITY;
  /** Control group → new acts since the last look at the load. Bounded by the records of a tenth of a second. */
  #looked = new Map<number, number>();
  /** Those that showed as much as the average of all, or more, until the last look at the load. */
  #loud = new Set<number>();
  #losses = new Map<number, Loss>();

  get isOn(): boolean {
    return this.#allowance !== Number.POSITIVE_INFINITY;
  }

  /** @param utilisation how much of the time since the last call the event loop was busy, 0 to 1; ten times a second */
  heard(utilisation: number): void {
    this.#loud = loudOf(this.#looked);
    this.#looked = new Map();
    if (utilisation > busyAbove) {
      this.#allowance = this.isOn ? Math.max(leastAllowance, this.#allowance / 2) : firstAllowance;
    } else if (this.isOn && utilisation < calmBelow) {
      this.#allowance *= 2;
      if (this.#allowance > noNeedAbove) this.#allowance = Number.POSITIVE_INFINITY;
    }
  }

  /** @returns true when this new act of the copy in that control group must be let go; it is counted here */
  drops(cgroup: number, time: number): boolean {
    if (!this.isOn) return false;
    const looked = (this.#looked.get(cgroup) ?? 0) + 1;
    this.#looked.set(cgroup, looked);
    if (looked <= this.#allowanceOf(cgroup)) return false;
    const loss = this.#losses.get(cgroup);
    if (loss === undefined) this.#losses.set(cgroup, { lost: 1, since: time, until: time });
    else {
      loss.lost += 1;
      loss.until = Math.max(loss.until, time);
    }
    return true;
  }

  #allowanceOf(cgroup: number): number {
    return this.#loud.has(cgroup) ? this.#allowance : Math.max(this.#allowance, quietAllowance);
  }

  /** What was let go since this was asked last, one gap for each copy. */
  losses(): (EventOf<'gap'> & { readonly cgroup: number })[] {
    const losses = [...this.#losses];
    this.#losses = new Map();
    return losses.map(([cgroup, { lost, since, until }]) => ({
      kind: 'gap',
      time: until,
      process: { pid: 0, start: 0 },
      cgroup,
      since,
      until,
      lost,
      reason: 'more than could be judged',
    }));
  }
}

function loudOf(looked: ReadonlyMap<number, number>): Set<number> {
  const average = [...looked.values()].reduce((sum, n) => sum + n, 0) / looked.size;
  return new Set([...looked].filter(([, n]) => n > quietAllowance && n >= average).map(([cgroup]) => cgroup));
}
