import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import {
  type Charge,
  chargeFor,
  chargeKey,
  isGivenBack,
  isStop,
  orderReachMs,
  skewMs,
  takesOut,
} from './core/charges.ts';
import { leaseLifeMs } from './core/leases.ts';
import type { OutLease, Spending } from './core/spending.ts';
import type { OrderRow } from './ports.ts';

export interface LedgerOptions {
  /** The longest over which anything is counted. */
  readonly windowMs: () => number;
  readonly now: () => number;
}

/**
 * All that counts against the budgets: what was ordered, what agents spent by themselves, and what they still may. Changed
 * at once, before anything is awaited, so that no two who ask at the same time are given the same stop.
 */
export class Ledger {
  readonly #options: LedgerOptions;
  #charges: readonly Charge[] = [];
  #leases: readonly OutLease[] = [];

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /**
   * What the clock says to be in the future was set back since: it counts as of now, or it would brake until then.
   *
   * @param orders since `reach`; @param leases that were over since then: whether they were spent is asked anew
   */
  restore(orders: readonly OrderRow[], leases: readonly OutLease[]): void {
    const now = this.#options.now();
    this.#charges = [
      ...orders.filter(({ receipt }) => receipt === undefined || !isGivenBack(receipt.result)).map(chargeOf),
      ...leases.filter((lease) => lease.settled).flatMap(spentOf),
    ].map((charge) => ({ ...charge, at: Math.min(charge.at, now + orderReachMs) }));
    // What came back of those that are out may not have been looked at: all of each counts until it is over.
    this.#leases = leases.map((lease) => (lease.settled ? lease : { ...notAhead(lease, now), spent: 0 }));
  }

  /** ms since the Unix epoch: what is older counts no more. */
  get reach(): number {
    return this.#options.now() - this.#options.windowMs() - orderReachMs;
  }

  get spending(): Spending {
    this.#forget();
    return { charges: this.#charges, leases: this.#leases };
  }

  charge(row: OrderRow, incident: Incident): void {
    this.#charges = [...this.#charges, { ...chargeOf(row), takesOut: takesOut(incident, row.order.action) }];
  }

  lend(leases: readonly OutLease[]): void {
    const ids = new Set(leases.map((lease) => lease.id));
    this.#leases = [...this.#leases.filter((lease) => !ids.has(lease.id)), ...leases];
  }

  /** An order was carried out, or was not. */
  answered(receipt: Receipt, agent: string): void {
    const { now } = this.#options;
    this.#charges = this.#charges.flatMap((charge) => {
      if (charge.id !== receipt.order || charge.agent !== agent) return [charge];
      return isGivenBack(receipt.result) ? [] : [{ ...charge, at: Math.min(charge.at, now()) }];
    });
  }

  /**
   * An agent did something that no order told it to: it spent a lease, or held what none covered. What it tried in vain goes
   * on counting until the lease is settled: only the agent knows whether it may try again.
   */
  acted(receipt: Receipt, incident: Incident, agent: string): void {
    const { order: id, action, result } = receipt;
    if (action === undefined || isGivenBack(result) || this.#charges.some((c) => c.id === id)) return;
    const key = chargeKey(incident, agent);
    // The same cause again costs the agent nothing, and so its lease holds as much as before.
    const isFirst = !this.#charges.some((c) => c.key === key && isStop(c.action));
    const charge = chargeFor(incident, { id, action, agent, at: this.#options.now() });
    this.#charges = [...this.#charges, charge];
    if (isStop(action) && isFirst) this.#spend(leaseOf(receipt), agent);
  }

  #spend(id: string | undefined, agent: string): void {
    this.#leases = this.#leases.map((lease) =>
      lease.id === id && lease.agent === agent ? { ...lease, spent: lease.spent + 1 } : lease,
    );
  }

  #forget(): void {
    const { windowMs, now } = this.#options;
    const oldest = now() - windowMs();
    this.#charges = this.#charges.filter((c) => c.at > oldest);
    this.#leases = this.#leases.filter((lease) => lease.expiresAt + skewMs > oldest);
  }
}

/** What agents do by themselves is called `lease:ID:INCIDENT`, and once more with a number. */
const actedAlone = /^lease:([^:]*):/;

/** Whether it answers no order. */
export function isActedAlone({ order }: Pick<Receipt, 'order'>): boolean {
  return actedAlone.test(order);
}

function leaseOf({ order }: Receipt): string | undefined {
  return actedAlone.exec(order)?.[1];
}

function notAhead(lease: OutLease, now: number): OutLease {
  const { since, issuedAt, expiresAt } = lease;
  return {
    ...lease,
    since: Math.min(since, now),
    issuedAt: Math.min(issuedAt, now),
    expiresAt: Math.min(expiresAt, now + leaseLifeMs),
  };
}

/** Whether it took a copy out is not on record: it is taken for granted, for as long as it counts. */
function chargeOf({ order, agent, workload, charge, issuedAt }: OrderRow): Charge {
  const { id, action, target } = order;
  const at = issuedAt + orderReachMs;
  return {
    id,
    key: charge,
    at,
    action,
    workload,
    agent,
    instance: target.instance,
    takesOut: action !== 'resume',
  };
}

function spentOf(lease: OutLease): Charge[] {
  const { agent, workload, expiresAt, ends } = lease;
  return Array.from({ length: lease.spent }, (_, i) => ({
    id: `${lease.id}/${i}`,
    key: `${lease.id}/${i}`,
    at: expiresAt + skewMs,
    action: 'kill-subtree',
    workload,
    agent,
    instance: '',
    takesOut: ends > 0,
  }));
}
