import type { FingerprintError } from '../fingerprint/errors.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Action, Order, Receipt, StopAction } from '../fingerprint/order.ts';
import { verifyOrder } from '../fingerprint/order-envelope.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { Disarm, Place } from './arm-watch.ts';
import { readCommand } from './command-reader.ts';
import type { Attribution } from './core/attribution.ts';
import type { Counters } from './core/counters.ts';
import { checkOrder } from './core/orders.ts';
import type { Watch } from './core/watch.ts';
import type { Enforcer, Quarantine } from './ports/enforcer.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';
import type { StopHand } from './stop-hand.ts';

/** Receipts that are repeated when an order is; orders live a minute, the budgets allow some ten. */
const maxReceipts = 256;

export interface OrderDeskOptions {
  readonly node: string;
  readonly session: string;
  readonly trust: () => Promise<TrustPolicy | undefined>;
  readonly hand: StopHand;
  readonly enforcer: Pick<Enforcer, 'holds' | 'resume'>;
  /** Absent where nothing can cut a copy off from the network. */
  readonly quarantine?: Quarantine;
  /** Why nothing is to be stopped there at this moment; undefined: it is armed. */
  readonly disarmed: (place: Place | undefined) => Promise<Disarm | undefined>;
  readonly attribution: Pick<Attribution, 'instance'>;
  readonly watch: Pick<Watch, 'incident' | 'approvalOf'>;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  /** Told before `onReceipt` when something was stopped: the incident is as grave as one can be now. */
  readonly onStopped: (incident: string) => void;
  /** Something is about to be killed; `ends`: the whole copy with it. */
  readonly onKill: (incident: Incident, ends: boolean) => void;
  readonly onReceipt: (receipt: Receipt) => void;
}

/** Obeys signed orders, one after the other, each once; tells what became of them. */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #receipts = new Map<string, Receipt>();
  #lastSeq = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  take(envelope: Uint8Array): Promise<void> {
    this.#tail = this.#tail.then(() => this.#take(envelope)).catch((err: unknown) => this.#broken(err));
    return this.#tail;
  }

  async #take(envelope: Uint8Array): Promise<void> {
    const order = await readCommand(
      this.#options,
      (keys) => verifyOrder(envelope, keys),
      (error) => this.#refused(error),
    );
    if (order === undefined) return;
    const known = this.#receipts.get(order.id);
    const receipt = known ?? (await this.#obey(order));
    if (known === undefined && receipt.result === 'done' && isStop(order.action))
      this.#options.onStopped(receipt.incident);
    this.#keep(order.id, receipt);
    this.#options.log.info({ order: order.id, action: order.action, result: receipt.result }, 'order');
    this.#options.say({ type: 'receipt', receipt });
    this.#options.onReceipt(receipt);
  }

  #refused(error: FingerprintError): void {
    this.#options.counters.add('orders.refused-signature');
    this.#options.log.warn({ code: error.code }, 'order refused');
    this.#options.say({ type: 'order-refused', code: error.code, message: printable(error.message) });
  }

  async #obey(order: Order): Promise<Receipt> {
    const { node, session, enforcer, watch, now, hand } = this.#options;
    const incident = watch.incident(order.target.incident);
    const held = enforcer.holds().some((h) => h.incident === order.target.incident);
    const disarmed = await this.#options.disarmed(incident);
    const check = checkOrder(order, {
      node,
      session,
      lastSeq: this.#lastSeq,
      now: now(),
      incident,
      approval: incident && watch.approvalOf(incident.workload),
      held,
      ...(disarmed === undefined ? {} : { disarmed: disarmed.detail }),
      stops: hand.stops,
    });
    if (order.target.node === node && order.session === session)
      this.#lastSeq = Math.max(this.#lastSeq, order.seq);
    if (!check.go) {
      this.#options.counters.add(`orders.${check.receipt.result}`);
      return check.receipt;
    }
    switch (order.action) {
      case 'resume':
        return await this.#resume(order);
      case 'quarantine':
      case 'release':
        return await this.#network(order, order.action);
      default:
        return await this.#stop(order, order.action, incident);
    }
  }

  async #resume(order: Order): Promise<Receipt> {
    const { incident } = order.target;
    const released = await this.#options.enforcer.resume({ incident });
    const result = released.length > 0 ? 'done' : 'target-gone';
    return { order: order.id, incident, result, action: 'resume', stopped: [] };
  }

  async #network(order: Order, action: 'quarantine' | 'release'): Promise<Receipt> {
    const { attribution, quarantine } = this.#options;
    const receipt = { order: order.id, incident: order.target.incident, action, stopped: [] };
    if (quarantine === undefined)
      return { ...receipt, result: 'unsupported', detail: 'nothing on this node can cut a network off' };
    const instance = attribution.instance(order.target.instance);
    if (instance === undefined) return { ...receipt, result: 'target-gone', detail: ended };
    const done = action === 'release' ? quarantine.release(instance) : quarantine.cut(instance);
    return { ...receipt, ...(await done) };
  }

  async #stop(order: Order, ordered: StopAction, incident: Incident | undefined): Promise<Receipt> {
    const { attribution, hand, onKill } = this.#options;
    const { target } = order;
    const instance = attribution.instance(target.instance);
    const base = { order: order.id, incident: target.incident };
    if (incident === undefined || instance === undefined)
      return { ...base, result: 'target-gone', stopped: [], detail: ended };
    const taken = hand.taken(ordered, incident, target.process);
    const ends = hand.endsCopy(instance, ordered, taken);
    const isSpared = ends && order.mayEnd === false;
    const action = isSpared ? 'hold' : ordered;
    if (action === 'kill' || action === 'kill-subtree') onKill(incident, ends);
    const stopping = { action, incident, target: target.process, instance, counts: true };
    const { detail, ...done } = await hand.stop(stopping);
    const why = [isSpared ? spared : undefined, detail].filter((text) => text !== undefined).join('; ');
    return { ...base, ...done, ...(why === '' ? {} : { detail: why }) };
  }

  #keep(order: string, receipt: Receipt): void {
    this.#receipts.set(order, receipt);
    const [oldest] = this.#receipts.keys();
    if (this.#receipts.size > maxReceipts && oldest !== undefined) this.#receipts.delete(oldest);
  }

  #broken(err: unknown): void {
    this.#options.counters.add('orders.failed');
    this.#options.log.error({ err }, 'order failed');
  }
}

const ended = 'the instance has ended';
const spared = 'held, not killed: the whole copy would end with it, and the order does not allow that';

function isStop(action: Action): boolean {
  return action !== 'resume' && action !== 'release';
}
