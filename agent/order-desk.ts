import { commandKeysAt } from '../fingerprint/accepted-keys.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { ProcessRef } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Order, Receipt } from '../fingerprint/order.ts';
import { verifyOrder } from '../fingerprint/order-envelope.ts';
import { printable } from '../fingerprint/printable.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { isForeign, modes } from '../fingerprint/verdict.ts';
import { workloadKey } from '../fingerprint/workload.ts';
import type { Attribution } from './core/attribution.ts';
import type { Counters } from './core/counters.ts';
import { nextStep, type StopAction } from './core/ladder.ts';
import { allowedAgainst, checkOrder, needed, type Stop, type StopMode } from './core/orders.ts';
import type { Watch } from './core/watch.ts';
import type { ArmState, Enforcer, Log, StopRequest, StopResult } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Receipts that are repeated when an order is; orders live a minute, the budgets allow some ten. */
const maxReceipts = 256;
/** When each incident's first event happened and was judged. As many as the watch remembers telling. */
const maxTimed = 1_024;

export interface OrderDeskOptions {
  readonly node: string;
  readonly session: string;
  readonly trust: () => Promise<TrustPolicy | undefined>;
  readonly enforcer: Enforcer;
  /** Absent where nobody can disarm: no node of its own is watched. */
  readonly armState?: ArmState;
  readonly attribution: Attribution;
  readonly watch: Watch;
  /** How long a hold or freeze lasts before it ends by itself. */
  readonly holdUs: number;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
  /** Told before `onReceipt` when something was stopped: the incident is as grave as one can be now. */
  readonly onStopped: (incident: string) => void;
  readonly onReceipt: (receipt: Receipt) => void;
}

/** Obeys signed orders, one after the other, each once; tells what became of them. */
export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #receipts = new Map<string, Receipt>();
  readonly #timed = new Map<string, { readonly eventTime: number; readonly judgedAt: number }>();
  #stops: Stop[] = [];
  #lastSeq = 0;
  #tail: Promise<void> = Promise.resolve();

  constructor(options: OrderDeskOptions) {
    this.#options = options;
  }

  /** Remembers when the incident's first event happened in the kernel and when it was judged. */
  judged(incident: Incident, eventTime: number, judgedAt: number): void {
    keep(this.#timed, incident.id, { eventTime, judgedAt }, maxTimed);
  }

  take(envelope: Uint8Array): Promise<void> {
    this.#tail = this.#tail.then(() => this.#take(envelope)).catch((err: unknown) => this.#broken(err));
    return this.#tail;
  }

  async #take(envelope: Uint8Array): Promise<void> {
    const order = await this.#read(envelope);
    if (order === undefined) return;
    const known = this.#receipts.get(order.id);
    const receipt = known ?? (await this.#obey(order));
    if (known === undefined && receipt.result === 'done' && order.action !== 'resume')
      this.#options.onStopped(receipt.incident);
    keep(this.#receipts, order.id, receipt, maxReceipts);
    this.#options.log.info({ order: order.id, action: order.action, result: receipt.result }, 'order');
    this.#options.say({ type: 'receipt', receipt });
    this.#options.onReceipt(receipt);
  }

  /** An order nobody trusted signed gets no receipt: its very id is a stranger's word. */
  async #read(envelope: Uint8Array): Promise<Order | undefined> {
    try {
      const policy = await this.#options.trust();
      const keys = policy === undefined ? [] : commandKeysAt(policy, Math.floor(this.#options.now() / 1000));
      return verifyOrder(envelope, keys);
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      this.#options.counters.add('orders.refused-signature');
      this.#options.log.warn({ code: error.code }, 'order refused');
      this.#options.say({ type: 'order-refused', code: error.code, message: printable(error.message) });
      return undefined;
    }
  }

  async #obey(order: Order): Promise<Receipt> {
    const { node, session, enforcer, watch, now } = this.#options;
    const incident = watch.incident(order.target.incident);
    const held = enforcer.holds().some((h) => h.incident === order.target.incident);
    const disarmed = await this.#options.armState?.disarmed(now());
    const check = checkOrder(order, {
      node,
      session,
      lastSeq: this.#lastSeq,
      now: now(),
      incident,
      approval: incident && watch.approvalOf(incident.workload),
      held,
      ...(disarmed === undefined ? {} : { disarmed: printable(disarmed.reason) }),
      stops: this.#stops,
    });
    if (order.target.node === node && order.session === session)
      this.#lastSeq = Math.max(this.#lastSeq, order.seq);
    if (!check.go) {
      this.#options.counters.add(`orders.${check.receipt.result}`);
      return check.receipt;
    }
    return order.action === 'resume'
      ? await this.#resume(order)
      : await this.#stop(order, order.action, incident);
  }

  async #resume(order: Order): Promise<Receipt> {
    const { incident } = order.target;
    const released = await this.#options.enforcer.resume({ incident });
    const result = released.length > 0 ? 'done' : 'target-gone';
    return { order: order.id, incident, result, action: 'resume', stopped: [] };
  }

  async #stop(order: Order, action: StopAction, incident: Incident | undefined): Promise<Receipt> {
    const { attribution, now, holdUs } = this.#options;
    const { target } = order;
    const instance = attribution.instance(target.instance);
    const base = { order: order.id, incident: target.incident };
    if (incident === undefined || instance === undefined)
      return { ...base, result: 'target-gone', stopped: [], detail: 'the instance has ended' };
    this.#charge(incident, needed[action]);
    const exclusive = attribution.isExclusive(instance);
    const deadline = now() + holdUs;
    const mayStop = (process: ProcessRef): boolean => this.#mayStop(process, incident, needed[action]);
    const foreign = [target.process, ...foreignProcesses(incident).filter(mayStop)];
    const done = await this.#climb(action, exclusive, (step) => ({
      action: step,
      incident,
      cgroupPath: instance.cgroupPath,
      culprit: target.process,
      // Grows while a fork storm is chased: the fork events go on coming in.
      get subtree() {
        return distinct(foreign.flatMap((p) => attribution.subtree(p)));
      },
      exclusive,
      deadline,
    }));
    const { result, stopped, stoppedAt, evidence, detail } = done;
    return {
      ...base,
      result,
      action: done.action,
      stopped,
      ...this.#durations(incident.id, stoppedAt),
      ...(evidence === undefined ? {} : { evidence }),
      ...(detail === undefined ? {} : { detail }),
    };
  }

  #mayStop(process: ProcessRef, incident: Incident, needs: StopMode): boolean {
    const allowed = allowedAgainst(process, incident, this.#options.watch.approvalOf(incident.workload));
    return allowed !== undefined && modes.indexOf(allowed) >= modes.indexOf(needs);
  }

  /** One incident charges each budget once, however many orders it takes. */
  #charge(incident: Incident, mode: StopMode): void {
    if (this.#stops.some((s) => s.incident === incident.id && s.mode === mode)) return;
    const workload = workloadKey(incident.workload);
    const stop = { at: this.#options.now(), incident: incident.id, workload, mode };
    this.#stops = [...this.#stops.slice(-maxReceipts), stop];
  }

  /** What the order names; when that fails, something milder: a subtree that cannot be killed is better held. */
  async #climb(
    wanted: StopAction,
    exclusive: boolean,
    request: (action: StopAction) => StopRequest,
  ): Promise<StopResult> {
    const tried: StopResult[] = [];
    for (;;) {
      const step = nextStep({ wanted, ceiling: wanted, exclusive, tried });
      if (step.kind === 'end') return tried.at(-1) ?? { result: 'failed', action: wanted, stopped: [] };
      tried.push(await this.#options.enforcer.act(request(step.action)));
    }
  }

  #durations(incident: string, stoppedAt: number | undefined): Partial<Receipt> {
    const timed = this.#timed.get(incident);
    if (timed === undefined) return {};
    const { eventTime, judgedAt } = timed;
    return {
      eventToVerdictUs: Math.max(0, judgedAt - eventTime),
      ...(stoppedAt === undefined ? {} : { eventToStoppedUs: Math.max(0, stoppedAt - eventTime) }),
    };
  }

  #broken(err: unknown): void {
    this.#options.counters.add('orders.failed');
    this.#options.log.error({ err }, 'order failed');
  }
}

/**
 * What one stop takes along beside the process that is named: every other one of foreign code that its incident tells
 * of. What a person started by exec or attach is stopped by an order that names it, never beside another (DESIGN §7).
 */
function foreignProcesses(incident: Incident): readonly ProcessRef[] {
  return incident.drifts
    .filter((d) => d.kind === 'exec' && d.root !== 'interactive' && isForeign(d.because))
    .map((d) => d.process);
}

function distinct(processes: readonly ProcessRef[]): readonly ProcessRef[] {
  return [...new Map(processes.map((p) => [`${p.pid}:${p.start}`, p])).values()];
}

function keep<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  if (!map.has(key) && map.size >= max) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
