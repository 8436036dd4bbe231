import { sha256Hex } from '../fingerprint/digest.ts';
import type { Response } from '../fingerprint/response.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import { type Grant, grantsFor, isSettled, leaseLifeMs, type Wish } from './core/leases.ts';
import { isLive, type OutLease } from './core/spending.ts';
import { type WishOptions, wishesFor } from './lease-wishes.ts';
import type { Ledger } from './ledger.ts';
import type { LeaseStore } from './ports/brakes.ts';
import type { StateLine } from './state-line.ts';
import { nameOf, takenOut } from './surroundings.ts';

/** Messages without stops at a look: each costs a signature, and a thousand nodes that come at once must not stop the clock. */
const maxWords = 200;
/** What a workload's agents are told that are not to act on their own any more. */
const noWish: Response = { rules: [], killScope: 'subtree', stopInteractive: false };
/** A lease as it is to be signed: `fingerprint/lease.ts` gives it its form. */
export interface LeaseToSign {
  readonly id: string;
  readonly session: string;
  readonly seq: number;
  readonly node: string;
  /** sha256 of the workload's key, hex. */
  readonly workload: string;
  readonly stops: number;
  readonly ends: number;
  readonly response: Response;
  readonly maxMode: Extract<Mode, 'freeze' | 'kill'>;
  /** ms since the Unix epoch. */
  readonly issuedAt: number;
  readonly expiresAt: number;
}

export interface LeaseSigner {
  sign(lease: LeaseToSign): Uint8Array;
}

export interface LeaseGranterOptions extends WishOptions {
  readonly store: LeaseStore;
  readonly signer: LeaseSigner;
  readonly ledger: Ledger;
  readonly newId: () => string;
  readonly tell: (line: StateLine) => void;
}

/** Hands out leases, so that a stop need not wait for the collector, and takes back into the budgets what was not spent. */
export class LeaseGranter {
  readonly #options: LeaseGranterOptions;
  #looking: Promise<void> | undefined;
  #seq = 0;
  #told = '';
  /** Leases that the last look found to be unspent. */
  #unspent: ReadonlySet<string> = new Set();
  /** What each agent was last told of each workload, by both. */
  readonly #words = new Map<string, { readonly wish: Wish; readonly text: string }>();

  constructor(options: LeaseGranterOptions) {
    this.#options = options;
  }

  /** To be called every few seconds and after whatever changes the answer; while one look is under way others join it. */
  look(): Promise<void> {
    this.#looking ??= this.#look()
      .catch((err: unknown) => this.#options.log.error({ err }, 'leases could not be handed out'))
      .finally(() => {
        this.#looking = undefined;
      });
    return this.#looking;
  }

  async #look(): Promise<void> {
    await this.#settle();
    const wishes = await wishesFor(this.#options, takenOut(this.#options.ledger.spending));
    const { ledger, limits, now, newId, store } = this.#options;
    // From here to `lend` nothing is awaited: no order takes what is just given away.
    const time = now();
    const grants = grantsFor(ledger.spending, wishes, limits(), time);
    const leases = grants.map((grant) => this.#leaseOf(grant, newId));
    ledger.lend(leases);
    if (leases.length > 0) await store.save(leases);
    for (const [i, grant] of grants.entries()) {
      const lease = leases[i];
      if (lease !== undefined) this.#send(grant.wish, lease);
    }
    this.#keepInformed(wishes, time);
    this.#tell(time);
  }

  /** What is known to be unspent goes back, on record first: a lease that was settled is never counted again. */
  async #settle(): Promise<void> {
    const { ledger, present, store, now } = this.#options;
    const told = ledger.spending.leases
      .filter((lease) => !lease.settled && lease.expiresAt < now())
      .filter((lease) => {
        const agent = present.get(lease.agent);
        if (agent?.beat === undefined) return false;
        const { time, spool } = agent.beat;
        const { session } = agent.link.hello;
        return isSettled(lease, { session, time, waiting: spool.records, dropped: spool.dropped });
      })
      .map((lease) => ({ ...lease, settled: true }));
    // At the second look: a receipt that came with the last beat may still be on its way into the ledger.
    const settled = told.filter((lease) => this.#unspent.has(lease.id));
    this.#unspent = new Set(told.map((lease) => lease.id));
    if (settled.length === 0) return;
    await store.save(settled);
    // Receipts that came meanwhile have changed what was spent.
    const ids = new Set(settled.map((lease) => lease.id));
    ledger.lend(ledger.spending.leases.filter((l) => ids.has(l.id)).map((l) => ({ ...l, settled: true })));
  }

  #leaseOf({ wish, renews, stops, ends, issuedAt, expiresAt }: Grant, newId: () => string): OutLease {
    if (renews !== undefined) return { ...renews, issuedAt, expiresAt };
    const { agent, session, workload } = wish;
    const dropped = this.#options.present.get(agent)?.beat?.spool.dropped;
    return {
      id: newId(),
      agent,
      session,
      workload,
      stops,
      ends,
      spent: 0,
      since: issuedAt,
      issuedAt,
      expiresAt,
      settled: false,
      ...(dropped === undefined ? {} : { dropped }),
    };
  }

  /**
   * An agent without stops of its own is told what the site wishes all the same: it holds at once, and asks. And what may be
   * stopped no more is taken back, as far as the agent hears of it; for the budgets it stays out until its time is over.
   */
  #keepInformed(wishes: readonly Wish[], now: number): void {
    const { ledger, newId } = this.#options;
    const live = new Set(
      ledger.spending.leases.filter((l) => isLive(l, now)).map((l) => nameOf(l.agent, l.workload)),
    );
    const wanted = new Map(wishes.map((wish) => [nameOf(wish.agent, wish.workload), wish]));
    const over = [...this.#words].filter(([name]) => !wanted.has(name));
    const news = [...wanted].filter(
      ([name, w]) => !live.has(name) && this.#words.get(name)?.text !== wordsOf(w),
    );
    const words = { stops: 0, ends: 0, issuedAt: now, expiresAt: now + leaseLifeMs };
    for (const [name, { wish }] of over.slice(0, maxWords)) {
      this.#send({ ...wish, response: noWish }, { ...words, id: newId() });
      this.#words.delete(name);
    }
    for (const [, wish] of news.slice(0, maxWords)) this.#send(wish, { ...words, id: newId() });
  }

  #send(
    wish: Wish,
    {
      id,
      stops,
      ends,
      issuedAt,
      expiresAt,
    }: Pick<OutLease, 'id' | 'stops' | 'ends' | 'issuedAt' | 'expiresAt'>,
  ): void {
    const { present, signer, leaseOf } = this.#options;
    const { agent, session, workload, response, maxMode } = wish;
    const hello = present.get(agent)?.link.hello;
    // Gone meanwhile, or begun anew: then it is out for nothing until its time is over.
    if (hello?.session !== session) return;
    this.#words.set(nameOf(agent, workload), { wish, text: wordsOf(wish) });
    this.#seq = Math.max(this.#seq + 1, issuedAt);
    const about = {
      id,
      session,
      seq: this.#seq,
      node: hello.node,
      workload: sha256Hex(Buffer.from(workload)),
    };
    leaseOf(agent)?.(signer.sign({ ...about, stops, ends, response, maxMode, issuedAt, expiresAt }));
  }

  #tell(now: number): void {
    const live = this.#options.ledger.spending.leases.filter((lease) => isLive(lease, now));
    const agents = new Set(live.map((lease) => lease.agent)).size;
    const stops = live.reduce((sum, lease) => sum + lease.stops - lease.spent, 0);
    if (this.#told === `${agents} ${stops}`) return;
    this.#told = `${agents} ${stops}`;
    this.#options.tell({ type: 'leases', agents, stops });
  }
}

/** By which it is seen that an agent has to be told anew: a new start of it knows nothing. */
function wordsOf({ session, response, maxMode }: Wish): string {
  return JSON.stringify([session, response, maxMode]);
}
