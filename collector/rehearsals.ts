import type { Incident } from '../fingerprint/incident.ts';
import type { Action } from '../fingerprint/order.ts';
import { type Charge, chargeFor, chargeKey } from './core/charges.ts';

/** Rehearsed stops that brake one another. A rehearsal that is forgotten shows one stop more than there would be. */
const maxRehearsed = 10_000;

/** What rules that are only rehearsed would have stopped: they brake one another, and never what is done. */
export class Rehearsals {
  /** By cause: one charges once. */
  readonly #charges = new Map<string, Charge>();

  get charges(): readonly Charge[] {
    return [...this.#charges.values()];
  }

  add(incident: Incident, action: Action, agent: string, at: number): void {
    const key = chargeKey(incident, agent);
    this.#charges.delete(key);
    if (this.#charges.size >= maxRehearsed) {
      const oldest = this.#charges.keys().next();
      if (oldest.done !== true) this.#charges.delete(oldest.value);
    }
    this.#charges.set(key, chargeFor(incident, { id: `rehearsed:${key}`, action, agent, at }));
  }
}
