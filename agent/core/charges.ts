import type { Instance } from '../../fingerprint/workload.ts';

/** As long as a collector remembers what it charged (DESIGN §11). */
const windowUs = 600_000_000;
/** More than any budget lets a node stop in ten minutes; one that is forgotten is charged anew. */
const maxCharges = 4_096;

/** One cause that a budget was charged for, at one copy. */
export interface Charge {
  readonly cause: string;
  /** The copy it is about now: after a restart its successor. */
  instance: string;
  /** When that was stopped last, µs since the epoch. */
  stoppedAt: number;
  /** It was charged for the end of a whole copy too. */
  ends: boolean;
  /** When it was charged: µs, of a clock that nobody sets. */
  readonly at: number;
}

/** What was charged in the last ten minutes. */
export class Charges {
  readonly #charges = new Set<Charge>();

  /**
   * What was charged for this cause at this copy, or at one that has ended before this one began: then it is the restart.
   * A copy that drifts the same way beside it is one more stop: a hundred of them must not pass for one.
   */
  find(
    cause: string,
    { id, startedAt }: Instance,
    steady: number,
    hasEnded: (instance: string) => boolean,
  ): Charge | undefined {
    const same = [...this.#charges].filter((c) => c.cause === cause && c.at > steady - windowUs);
    return (
      same.find((c) => c.instance === id) ?? same.find((c) => c.stoppedAt < startedAt && hasEnded(c.instance))
    );
  }

  add(charge: Charge): void {
    for (const old of this.#charges) {
      if (old.at > charge.at - windowUs && this.#charges.size < maxCharges) break;
      this.#charges.delete(old);
    }
    this.#charges.add(charge);
  }
}
