import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt, StopAction } from '../fingerprint/order.ts';
import { targetOf } from '../fingerprint/target.ts';
import { workloadKey } from '../fingerprint/workload.ts';
import { auditRecord } from './core/audit-entry.ts';
import { braked, type Charge, chargeKey } from './core/brakes.ts';
import { type Decision, type PolicyDecisions, rehearsed } from './core/decide.ts';
import { followUp, isUnderWay, ordersAbout } from './core/follow-up.ts';
import { makeOrder } from './core/make-order.ts';
import { reasonSentence } from './core/reason-sentence.ts';
import { brakeLimits, longestWindowMs } from './core/response-policy.ts';
import type { AuditRecord } from './ports/audit.ts';
import type { AgentLink, DecisionRow, DriftStore, Log, OrderRow, OrderSigner } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Incidents that wait to be decided on. Beyond it the oldest are dropped and counted; their next report brings them back. */
const maxWaiting = 10_000;
/** Sessions whose last order number is remembered; the clock stands in for a forgotten one. */
const maxRemembered = 10_000;
/** Rehearsed stops that are remembered: more than any budget counts; beyond it the oldest is forgotten. */
const maxRehearsed = 10_000;
/** Incidents that are looked at again when an agent comes back. */
const maxReconsidered = 1000;

export interface ReactionsOptions {
  readonly store: DriftStore;
  readonly signer: OrderSigner;
  readonly policy: () => PolicyDecisions;
  readonly linkOf: (agent: string) => AgentLink | undefined;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** What may become an order: something is to be done, and it is not a rehearsal. */
type Orderable = Omit<Decision, 'dryRun'> & {
  readonly action: StopAction;
  readonly dryRun?: never;
};

/**
 * From incident to order, one after the other: every decision sees the orders before it, so no budget is spent twice.
 * An order is sent when it is on record. Decisions that stop nothing go on record with the incident itself.
 */
export class Reactions {
  readonly #options: ReactionsOptions;
  readonly #waiting = new Map<string, { readonly incident: Incident; readonly agent: string }>();
  readonly #lastSeq = new Map<string, number>();
  #charges: Charge[] = [];
  /** Of rules that are only rehearsed, by cause: they brake one another, and never what is done. */
  readonly #rehearsed = new Map<string, Charge>();
  #working: Promise<void> | undefined;
  #dropped = 0;

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  /** Orders of the last window, so that a restart does not forget what was spent. */
  async restore(): Promise<void> {
    const { store, policy, now } = this.#options;
    const rows = await store.ordersSince(now() - longestWindowMs(policy().policy));
    // Of a clock that was ahead: it brakes for one window like any other, not until then and one window more.
    this.#charges = rows.map(chargeOf).map((charge) => ({ ...charge, at: Math.min(charge.at, now()) }));
    for (const { order } of rows) this.#remember(order.session, order.seq);
  }

  /** Incidents that were given up because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Incidents that wait to be decided on. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** What is wished for an incident, before brakes and earlier orders. */
  wish(incident: Incident): Decision {
    return this.#options.policy().decide(incident, this.#options.now());
  }

  /** The incident is stored, and something is to be stopped. */
  incident(incident: Incident, agent: string): void {
    this.#add(incident, agent);
  }

  receipt(receipt: Receipt, agent: string): void {
    // The incident may have grown while the order was under way, or the refusal may be a passing one.
    void this.#again({ id: receipt.incident }, agent);
  }

  /** What was ordered and not answered is sent again; what was never handled is decided on again. */
  agentCame(link: AgentLink): void {
    const { now } = this.#options;
    const { maxAgeMinutes } = this.#options.policy().policy;
    const activeAfter = (now() - maxAgeMinutes * 60_000) * 1000;
    void this.#resend(link);
    void this.#again({ agent: link.hello.agent, activeAfter }, link.hello.agent);
  }

  /** Resolves when all that was told so far has been decided on. */
  async settled(): Promise<void> {
    await this.#working;
  }

  async #again(which: { id?: string; agent?: string; activeAfter?: number }, agent: string): Promise<void> {
    try {
      const rows = await this.#options.store.incidents({ ...which, limit: maxReconsidered });
      for (const { incident, agent: reporter } of rows) {
        // A receipt that names another node's incident has no say in it.
        if (reporter !== agent) continue;
        this.#add(incident, agent);
      }
    } catch (err) {
      this.#options.log.error({ err }, 'incidents could not be looked at again');
    }
  }

  async #resend(link: AgentLink): Promise<void> {
    const { store, now, log } = this.#options;
    try {
      const rows = await store.ordersSince(now() - 60_000);
      const due = rows.filter(
        (row) => row.agent === link.hello.agent && isUnderWay(row, link.hello.session, now()),
      );
      for (const { envelope } of due.sort((a, b) => a.order.seq - b.order.seq)) link.order(envelope);
    } catch (err) {
      log.error({ err }, 'orders could not be sent again');
    }
  }

  #add(incident: Incident, agent: string): void {
    if (this.#waiting.size >= maxWaiting) this.#dropOldest();
    this.#waiting.set(incident.id, { incident, agent });
    this.#working ??= this.#work();
  }

  #dropOldest(): void {
    const oldest = this.#waiting.keys().next();
    if (oldest.done === true) return;
    this.#waiting.delete(oldest.value);
    this.#dropped += 1;
  }

  async #work(): Promise<void> {
    for (const [id, { incident, agent }] of this.#waiting) {
      this.#waiting.delete(id);
      try {
        await this.#react(incident, agent);
      } catch (err) {
        this.#options.log.error({ incident: id, err }, 'reaction failed');
      }
    }
    this.#working = undefined;
  }

  async #react(incident: Incident, agent: string): Promise<void> {
    const wished = this.wish(incident);
    if (wished.action === 'none') {
      await this.#record(incident, wished);
      return;
    }
    if (wished.dryRun === true) {
      await this.#rehearse(incident, wished, agent);
      return;
    }
    // An agent that is away is given orders when it is back: they are bound to the session it will then have.
    const link = this.#options.linkOf(agent);
    if (link !== undefined) await this.#stop(incident, wished, link);
  }

  /** Braked as if all that is done and all that is rehearsed had been ordered; nothing is. */
  async #rehearse(incident: Incident, wished: Decision, agent: string): Promise<void> {
    const { store, now, policy } = this.#options;
    const around = { agent, ...(await store.running(agent, incident.workload)) };
    const limits = brakeLimits(policy().limitsOf(wished));
    const charges = [...this.#charges, ...this.#rehearsed.values()];
    const decision = braked(wished, incident, around, charges, limits, now());
    const { action } = decision;
    if (action !== 'none') {
      const { workload } = incident;
      const key = chargeKey(incident, agent);
      this.#rehearsed.delete(key);
      this.#rehearsed.set(key, {
        key,
        at: now(),
        action,
        workload: workloadKey(workload),
        cluster: workload.cluster,
        agent,
      });
      const oldest = this.#rehearsed.keys().next();
      if (this.#rehearsed.size > maxRehearsed && oldest.done !== true) this.#rehearsed.delete(oldest.value);
    }
    await this.#record(incident, rehearsed(decision));
  }

  async #stop(incident: Incident, wished: Decision, link: AgentLink): Promise<void> {
    const { store, now, policy } = this.#options;
    const limits = brakeLimits(policy().limitsOf(wished));
    const { agent, session } = link.hello;
    const around = { agent, ...(await store.running(agent, incident.workload)) };
    const decision = braked(wished, incident, around, this.#charges, limits, now());
    const [row] = await store.incidents({ id: incident.id, limit: 1 });
    const given = (row?.orders ?? []).map((order) => {
      const receipt = row?.receipts.find((r) => r.order === order.id);
      return receipt === undefined ? { order } : { order, receipt };
    });
    const { action } = decision;
    if (
      action === 'none' ||
      followUp(action, ordersAbout(targetOf(incident), given), session, now()) !== 'order'
    ) {
      await this.#record(incident, decision);
      return;
    }
    const { dryRun, ...orderable } = decision;
    if (dryRun === undefined) await this.#order(incident, { ...orderable, action }, link);
  }

  async #order(incident: Incident, decision: Orderable, link: AgentLink): Promise<void> {
    const { store, signer, newId, now, tell, log } = this.#options;
    const { agent, session, node } = link.hello;
    const time = now();
    const lastSeq = this.#lastSeq.get(session) ?? 0;
    const order = makeOrder(incident, decision, { id: newId(), session, lastSeq, now: time });
    this.#remember(session, order.seq);
    const row: OrderRow = {
      order,
      envelope: signer.sign(order),
      agent,
      workload: workloadKey(incident.workload),
      charge: chargeKey(incident, agent),
      issuedAt: time,
    };
    // Charged before it is on record: a failure to record must not give the budget back.
    this.#charge(chargeOf(row), time);
    const isNews = await store.saveDecision(rowOf(incident, decision, time), row, orderRecord(row, node));
    link.order(row.envelope);
    log.warn({ node, incident: incident.id, action: order.action, reason: decision.reason }, 'order');
    if (isNews) this.tellDecision(incident.id, decision);
    tell({ type: 'order', order: order.id, incident: incident.id, action: order.action });
  }

  #charge(charge: Charge, now: number): void {
    const since = now - longestWindowMs(this.#options.policy().policy);
    this.#charges = [...this.#charges.filter((c) => c.at > since), charge];
  }

  #remember(session: string, seq: number): void {
    this.#lastSeq.set(session, Math.max(seq, this.#lastSeq.get(session) ?? 0));
    if (this.#lastSeq.size > maxRemembered) this.#lastSeq.clear();
  }

  /** Recorded, and told when it is news. */
  async #record(incident: Incident, decision: Decision): Promise<void> {
    const { store, now } = this.#options;
    if (await store.saveDecision(rowOf(incident, decision, now()))) this.tellDecision(incident.id, decision);
  }

  tellDecision(incident: string, decision: Decision): void {
    const { action, reason, mode, rule, would } = decision;
    const sentence = reasonSentence(decision);
    const by = rule === undefined ? {} : { rule };
    const instead = would === undefined ? {} : { would };
    this.#options.tell({ type: 'decision', incident, action, mode, reason, ...by, ...instead, sentence });
  }
}

function rowOf(incident: Incident, { action, reason, rule, would }: Decision, time: number): DecisionRow {
  const by = rule === undefined ? {} : { rule };
  return { time, incident: incident.id, action, reason, ...by, ...(would === undefined ? {} : { would }) };
}

/** In the commit of the order: nothing is stopped that the audit log does not tell. */
function orderRecord({ order, agent, issuedAt }: OrderRow, node: string): AuditRecord {
  const { id, action, session, seq, reason } = order;
  const { instance, process, incident } = order.target;
  const detail = { order: id, action, agent, node, instance, process, session, seq };
  return auditRecord({ type: 'order', author: 'collector', about: incident, reason, detail }, issuedAt);
}

function chargeOf({ order, agent, workload, charge, issuedAt }: OrderRow): Charge {
  const cluster = workload.split('\n')[0] ?? '';
  return { key: charge, at: issuedAt, action: order.action, workload, cluster, agent };
}
