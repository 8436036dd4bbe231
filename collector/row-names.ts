import type { Change } from './core/change.ts';

/** Occurrences whose incident is remembered: those that anything is still heard of. */
const maxRemembered = 20_000;

/** Agents speak of occurrences, people are told of incidents: twenty copies that drift alike are one story. */
export class RowNames {
  readonly #rows = new Map<string, string>();

  remember(occurrence: string, row: string): void {
    this.#rows.delete(occurrence);
    if (this.#rows.size >= maxRemembered) {
      const oldest = this.#rows.keys().next();
      if (oldest.done !== true) this.#rows.delete(oldest.value);
    }
    this.#rows.set(occurrence, row);
  }

  /** A change of an occurrence as one of its incident. One that is not known gave its incident the name. */
  named(change: Change): Change {
    switch (change.of) {
      case 'held':
        return { ...change, incident: this.#rows.get(change.incident) ?? change.incident };
      case 'receipt': {
        const { receipt } = change;
        return {
          of: 'receipt',
          receipt: { ...receipt, incident: this.#rows.get(receipt.incident) ?? receipt.incident },
        };
      }
      default:
        return change;
    }
  }
}
