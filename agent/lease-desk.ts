import type { FingerprintError } from '../fingerprint/errors.ts';
import type { ProcessRef } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import { verifyLease } from '../fingerprint/lease-envelope.ts';
import type { Receipt, StopAction } from '../fingerprint/order.ts';
import { printable } from '../fingerprint/printable.ts';
import { targetOf } from '../fingerprint/target.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type Mode, minMode } from '../fingerprint/verdict.ts';
import type { Disarm, Place } from './arm-watch.ts';
import { readCommand } from './command-reader.ts';
import type { Attribution } from './core/attribution.ts';
import type { Counters } from './core/counters.ts';
import { HourlyCap } from './core/hourly-cap.ts';
import type { InstanceRecord } from './core/instances.ts';
import { type Clocks, LeaseBook, type LeaseSummary, type NotAllowed } from './core/leases.ts';
import { allowedAgainst, isForeignTarget } from './core/orders.ts';
import { rateProblem } from './core/stop-rates.ts';
import type { Watch } from './core/watch.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';
import type { StopHand, Timing } from './stop-hand.ts';

/** A program that is held this often within an hour is running in circles: a person has been told often enough. */
const maxHolds = 20;
/** Incidents that were named in a receipt: four times as many as can be open. */
const maxNamed = 4_096;

export interface LeaseDeskOptions {
  readonly node: string;
  readonly session: string;
  readonly trust: () => Promise<TrustPolicy | undefined>;
  readonly hand: StopHand;
  readonly attribution: Pick<Attribution, 'instance'>;
  readonly watch: Pick<Watch, 'approvalOf'>;
  /** Why nothing is to be stopped there at this moment; undefined: it is armed. Never waits: a stop is under way. */
  readonly disarmed: (place: Place) => Disarm | undefined;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** µs, of a clock that nobody sets. */
  readonly steady: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  /** Told before `onReceipt` when something was stopped. */
  readonly onStopped: (incident: string) => void;
  readonly onReceipt: (receipt: Receipt) => void;
}

/** What is done about an incident without asking, and by whose leave. */
interface Decision {
  readonly action: StopAction;
  /** It is covered by this lease; absent: a hold that needs none. */
  readonly lease?: string;
  /** The same was stopped before, and came back. */
  readonly again: boolean;
  /** Why it is no more than a hold. */
  readonly detail?: string;
}

/**
 * Stops at once what a lease of the collector covers, before anything is written or sent. What none covers is held where
 * the site wished for a stop and a person approved one; the report of the incident asks the collector for the rest.
 */
export class LeaseDesk {
  readonly #options: LeaseDeskOptions;
  readonly #book = new LeaseBook();
  readonly #holds = new HourlyCap(maxHolds);
  readonly #refusals = new HourlyCap(1);
  readonly #named = new Set<string>();
  #count = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: LeaseDeskOptions) {
    this.#options = options;
  }

  /** Looks at leases in the order in which they came. */
  take(envelope: Uint8Array): Promise<void> {
    this.#tail = this.#tail.then(() => this.#take(envelope)).catch((err: unknown) => this.#broken(err));
    return this.#tail;
  }

  summary(): LeaseSummary {
    return this.#book.summary(this.#clocks());
  }

  /** An order is about to kill: what comes back of it was paid for. */
  ordered(incident: Incident, ends: boolean): void {
    this.#book.ordered(incident, ends, this.#clocks());
  }

  /** An incident is new, or has another process to be stopped. What is done about it has begun when this returns. */
  judged(incident: Incident, timing: Timing): void {
    const { attribution, hand } = this.#options;
    const mode = this.#mode(incident);
    if (mode !== 'freeze' && mode !== 'kill') return;
    const target = targetOf(incident);
    const before = hand.targetsOf(incident.id);
    const instance = attribution.instance(incident.instance.id);
    if (instance === undefined || before?.has(target) === true) return;
    const disarmed = this.#options.disarmed(incident);
    if (disarmed !== undefined) {
      this.#leave(incident, disarmed);
      return;
    }
    const decision = this.#decide(mode, incident, target, instance, before !== undefined);
    if (decision === undefined) return;
    const { action, again } = decision;
    const stop = hand.stop({ action, incident, target, instance, timing, counts: !again });
    void stop.then((done) => this.#tell(incident, decision, done)).catch((err: unknown) => this.#broken(err));
  }

  /** Somebody said that nothing is to be stopped there. Told once of each incident: the collector waits for a word. */
  #leave(incident: Incident, { detail }: Disarm): void {
    const { counters, steady, log, say, onReceipt } = this.#options;
    counters.add('leases.not.disarmed');
    if (!this.#refusals.take(incident.id, steady())) return;
    const receipt: Receipt = {
      order: this.#name(incident),
      incident: incident.id,
      cause: 'lease',
      result: 'refused-protected',
      stopped: [],
      detail,
    };
    log.warn({ incident: incident.id, reason: detail }, 'not stopped: disarmed');
    say({ type: 'receipt', receipt });
    onReceipt(receipt);
  }

  /** As far as the site wishes, and a person approved against this very process, then and now. */
  #mode(incident: Incident): Mode | undefined {
    const wish = this.#book.wish(incident);
    if (wish === undefined) return undefined;
    const approval = this.#options.watch.approvalOf(incident.workload);
    const allowed = allowedAgainst(targetOf(incident), incident, approval);
    return allowed === undefined ? undefined : minMode(wish, allowed);
  }

  #decide(
    mode: Mode,
    incident: Incident,
    target: ProcessRef,
    instance: InstanceRecord,
    isBack: boolean,
  ): Decision | undefined {
    const { hand, counters } = this.#options;
    const clocks = this.#clocks();
    if (mode !== 'kill' || !isForeignTarget(target, incident)) return this.#hold(incident, clocks, isBack);
    const action =
      this.#book.lastOf(incident.workload)?.response.killScope === 'container' ? 'kill' : 'kill-subtree';
    const allowance = this.#book.spend(incident, {
      ...clocks,
      ends: hand.endsCopy(instance, action, action === 'kill' ? [] : hand.taken(action, incident, target)),
      crowded: rateProblem(incident, 'kill', hand.stops, clocks.now) !== undefined,
      hasEnded: (id) => this.#hasEnded(id),
    });
    if (allowance.kind === 'allowed') {
      counters.add(allowance.again ? 'leases.restops' : 'leases.spent');
      return { action, lease: allowance.lease, again: allowance.again };
    }
    counters.add(`leases.not.${allowance.why}`);
    return this.#hold(incident, clocks, isBack, held[allowance.why]);
  }

  #hold(incident: Incident, clocks: Clocks, again: boolean, detail?: string): Decision | undefined {
    const { hand, counters } = this.#options;
    const isCrowded = rateProblem(incident, 'freeze', hand.stops, clocks.now) !== undefined;
    if (!isCrowded && this.#holds.take(incident.id, clocks.steady))
      return { action: 'hold', again, ...(detail === undefined ? {} : { detail }) };
    counters.add('leases.not-held');
    return undefined;
  }

  #hasEnded(instance: string): boolean {
    const state = this.#options.attribution.instance(instance)?.state;
    return state === undefined || state === 'exited';
  }

  #tell(
    incident: Incident,
    decision: Decision,
    { detail, ...done }: Omit<Receipt, 'order' | 'incident'>,
  ): void {
    const { onStopped, onReceipt, say, log } = this.#options;
    const why = [decision.detail, detail].filter((text) => text !== undefined).join('; ');
    const receipt: Receipt = {
      order: this.#name(incident, decision.lease),
      incident: incident.id,
      cause: decision.again ? 'restop' : 'lease',
      ...(decision.lease === undefined ? {} : { lease: decision.lease }),
      ...done,
      ...(why === '' ? {} : { detail: why }),
    };
    if (receipt.result === 'done') onStopped(incident.id);
    log.info(
      { incident: incident.id, lease: decision.lease, action: done.action, result: done.result },
      'stop',
    );
    say({ type: 'receipt', receipt });
    onReceipt(receipt);
  }

  /** Never the same twice in a session, since a receipt is stored under it once. */
  #name({ id, workload }: Incident, lease = this.#book.lastOf(workload)?.lease ?? 'none'): string {
    const name = `lease:${lease}:${id}`;
    this.#count += 1;
    const isFirst = !this.#named.has(id);
    this.#named.add(id);
    const [oldest] = this.#named;
    if (this.#named.size > maxNamed && oldest !== undefined) this.#named.delete(oldest);
    return isFirst ? name : `${name}:${this.#count}`;
  }

  async #take(envelope: Uint8Array): Promise<void> {
    const { node, session, counters, log, say } = this.#options;
    const refused = (error: FingerprintError): void => {
      counters.add('leases.refused-signature');
      log.warn({ code: error.code }, 'lease refused');
      say({ type: 'lease-refused', code: error.code, message: printable(error.message) });
    };
    const lease = await readCommand(this.#options, (keys) => verifyLease(envelope, keys), refused);
    if (lease === undefined) return;
    const check = this.#book.accept(lease, { node, session, ...this.#clocks() });
    if (check.kind === 'taken') return;
    counters.add(`leases.${check.code}`);
    log.warn({ lease: lease.id, code: check.code }, 'lease refused');
    say({ type: 'lease-refused', code: check.code, message: printable(check.detail) });
  }

  #clocks(): Clocks {
    return { now: this.#options.now(), steady: this.#options.steady() };
  }

  #broken(err: unknown): void {
    this.#options.counters.add('leases.failed');
    this.#options.log.error({ err }, 'stop under a lease failed');
  }
}

/** For the person who is asked. */
const held: Readonly<Record<NotAllowed, string>> = {
  none: 'held until the collector decides: no kill lease covers this workload',
  expired: 'held until the collector decides: the kill lease is over',
  spent: 'held until the collector decides: the kill lease has nothing left',
  mode: 'held until the collector decides: the kill lease goes no further',
  'last-copy': 'held until the collector decides: the whole copy would end with it',
  rate: 'held: so many were killed on this node in ten minutes that more would be an outage',
  restops: 'held: it was killed twenty times within the hour and came back each time',
};
