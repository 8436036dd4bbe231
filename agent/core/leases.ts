import { causeOf } from '../../fingerprint/cause.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Lease } from '../../fingerprint/lease.ts';
import type { ReceiptResult } from '../../fingerprint/order.ts';
import { furthestReaction, type Response } from '../../fingerprint/response.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { workloadHash } from '../../fingerprint/workload-hash.ts';
import { type Charge, Charges } from './charges.ts';
import { HourlyCap } from './hourly-cap.ts';
import { lifetimeOf } from './lifetime.ts';

/** Ten times the pods of a full node, four times the workloads the watch knows. What is forgotten is asked about. */
const maxLeases = 4_096;
/** A program that is stopped this often within an hour and comes back is held until somebody looks. */
const maxRestops = 20;

/** µs: the machine's clock, which somebody may set, and one that only ever goes on. */
export interface Clocks {
  readonly now: number;
  readonly steady: number;
}

/** For whom a lease must be meant. */
export interface LeaseContext extends Clocks {
  readonly node: string;
  readonly session: string;
}

export type LeaseRefusal = Extract<
  ReceiptResult,
  'refused-node' | 'refused-session' | 'refused-sequence' | 'refused-expired'
>;
export type LeaseCheck =
  | { readonly kind: 'taken' }
  | { readonly kind: 'refused'; readonly code: LeaseRefusal; readonly detail: string };

/** Why a stop is not for a lease to allow. */
export type NotAllowed = 'none' | 'expired' | 'spent' | 'mode' | 'last-copy' | 'rate' | 'restops';
export type Allowance =
  | {
      readonly kind: 'allowed';
      readonly lease: string /** It was charged before. */;
      readonly again: boolean;
    }
  | { readonly kind: 'not'; readonly why: NotAllowed };

/** What somebody is about to do. */
export interface Spending extends Clocks {
  /** It ends the whole copy. */
  readonly ends: boolean;
  /** The node's own limits let nothing more be stopped. */
  readonly crowded: boolean;
  readonly hasEnded: (instance: string) => boolean;
}

export interface LeaseSummary {
  readonly live: number;
  readonly stopsLeft: number;
  readonly endsLeft: number;
}

interface Held {
  readonly lease: Lease;
  /** By which it is over, whichever comes first: a clock that is set back does not make it last. */
  readonly until: Clocks;
  stops: number;
  ends: number;
}

/**
 * The leases of this start of the agent, one for each workload: the newest. What was spent of earlier ones is for the
 * collector to account; here no lease is ever spent more than it grants.
 */
export class LeaseBook {
  /** By the workload's hash, the oldest first. Those that are over stay for what they say of the response. */
  readonly #held = new Map<string, Held>();
  readonly #hashes = new WeakMap<Workload, string>();
  readonly #charges = new Charges();
  readonly #restops = new HourlyCap(maxRestops);
  #lastSeq = -1;

  /** Takes up a lease whose signature was verified, in the order in which orders are looked at. */
  accept(lease: Lease, context: LeaseContext): LeaseCheck {
    const refuse = (code: LeaseRefusal, detail: string): LeaseCheck => ({ kind: 'refused', code, detail });
    if (lease.node !== context.node) return refuse('refused-node', `it is for node ${lease.node}`);
    if (lease.session !== context.session)
      return refuse('refused-session', 'it was made for an earlier stream');
    if (lease.seq <= this.#lastSeq) return refuse('refused-sequence', `number ${lease.seq} has passed`);
    // Unlike an order, not a moment late: what it sets aside is granted to somebody else then.
    const time = lifetimeOf(lease, context.now, 0);
    if (time.kind === 'not-now') return refuse('refused-expired', time.detail);
    this.#lastSeq = lease.seq;
    const left = time.expires - Math.max(context.now, time.issued);
    // The same lease again lasts longer and holds no more: what was spent of it stays spent.
    const before = this.#held.get(lease.workload);
    const same = before?.lease.id === lease.id ? before : undefined;
    this.#held.delete(lease.workload);
    this.#held.set(lease.workload, {
      lease,
      until: { now: time.expires, steady: context.steady + left },
      stops: Math.min(lease.stops, same?.stops ?? lease.stops),
      ends: Math.min(lease.ends, same?.ends ?? lease.ends),
    });
    const [oldest] = this.#held.keys();
    if (this.#held.size > maxLeases && oldest !== undefined) this.#held.delete(oldest);
    return { kind: 'taken' };
  }

  /** What was last said of a workload, by a lease that may be over or spent; undefined: nothing. */
  lastOf(workload: Workload): { readonly lease: string; readonly response: Response } | undefined {
    const lease = this.#of(workload)?.lease;
    return lease === undefined ? undefined : { lease: lease.id, response: lease.response };
  }

  /** How far the site wishes to go about an incident, as it last said; undefined when it never did. */
  wish(incident: Incident): Mode | undefined {
    const response = this.#of(incident.workload)?.lease.response;
    return response === undefined ? undefined : furthestReaction(incident, response).mode;
  }

  /** Whether a kill is covered, and charges it. What was charged before is not charged again. */
  spend(incident: Incident, { ends, crowded, hasEnded, ...clocks }: Spending): Allowance {
    const held = this.#coverOf(incident, clocks);
    if (typeof held === 'string') return { kind: 'not', why: held };
    const cause = causeOf(incident);
    const before = this.#charges.find(cause, incident.instance, clocks.steady, hasEnded);
    const why = before === undefined ? firstProblem(held, ends, crowded) : endProblem(held, ends, before);
    if (why !== undefined) return { kind: 'not', why };
    if (before !== undefined && !this.#restops.take(cause, clocks.steady))
      return { kind: 'not', why: 'restops' };
    if (before === undefined) held.stops -= 1;
    if (ends && before?.ends !== true) held.ends -= 1;
    this.#charge(before, { cause, ends }, incident, clocks);
    return { kind: 'allowed', lease: held.lease.id, again: before !== undefined };
  }

  #coverOf(incident: Incident, clocks: Clocks): Held | NotAllowed {
    const held = this.#of(incident.workload);
    if (held === undefined) return 'none';
    if (!isLive(held, clocks)) return 'expired';
    // Also for what was charged: it takes back whatever the leases before it allowed.
    if (held.lease.stops === 0) return 'spent';
    return held.lease.maxMode === 'kill' && this.wish(incident) === 'kill' ? held : 'mode';
  }

  /** An order had it killed: the collector has charged it. */
  ordered(incident: Incident, ends: boolean, clocks: Clocks): void {
    const cause = causeOf(incident);
    const before = this.#charges.find(cause, incident.instance, clocks.steady, () => false);
    this.#charge(before, { cause, ends }, incident, clocks);
  }

  #charge(
    before: Charge | undefined,
    { cause, ends }: Pick<Charge, 'cause' | 'ends'>,
    { instance }: Incident,
    { now, steady }: Clocks,
  ): void {
    if (before === undefined)
      this.#charges.add({ cause, instance: instance.id, stoppedAt: now, ends, at: steady });
    else Object.assign(before, { instance: instance.id, stoppedAt: now, ends: before.ends || ends });
  }

  summary(clocks: Clocks): LeaseSummary {
    const live = [...this.#held.values()].filter((held) => isLive(held, clocks));
    const sum = (of: (held: Held) => number): number => live.reduce((all, held) => all + of(held), 0);
    return { live: live.length, stopsLeft: sum((h) => h.stops), endsLeft: sum((h) => h.ends) };
  }

  #of(workload: Workload): Held | undefined {
    // Nearly always: no collector grants any.
    if (this.#held.size === 0) return undefined;
    let hash = this.#hashes.get(workload);
    if (hash === undefined) {
      hash = workloadHash(workload);
      this.#hashes.set(workload, hash);
    }
    return this.#held.get(hash);
  }
}

function isLive({ until }: Held, { now, steady }: Clocks): boolean {
  return now < until.now && steady < until.steady;
}

function firstProblem(held: Held, ends: boolean, crowded: boolean): NotAllowed | undefined {
  if (crowded) return 'rate';
  if (held.stops === 0) return 'spent';
  return ends && held.ends === 0 ? 'last-copy' : undefined;
}

/** What was stopped before may be stopped again; whether a copy can be spared, the newest lease says. */
function endProblem(held: Held, ends: boolean, before: Charge): NotAllowed | undefined {
  const left = before.ends ? held.lease.ends : held.ends;
  return ends && left === 0 ? 'last-copy' : undefined;
}
