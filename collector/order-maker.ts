import type { Incident } from '../fingerprint/incident.ts';
import { type Workload, workloadKey } from '../fingerprint/workload.ts';
import { auditRecord } from './core/audit-entry.ts';
import { chargeKey } from './core/charges.ts';
import type { Decision } from './core/decide.ts';
import { makeOrder, type Wanted } from './core/make-order.ts';
import type { Ledger } from './ledger.ts';
import type { AuditRecord } from './ports/audit.ts';
import type { AgentLink, DecisionRow, DriftStore, Log, OrderRow, OrderSigner } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Sessions whose last order number is remembered; the clock stands in for a forgotten one. */
const maxRemembered = 10_000;

export interface OrderMakerOptions {
  readonly store: Pick<DriftStore, 'saveDecision'>;
  readonly signer: OrderSigner;
  readonly ledger: Ledger;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** An order, on record and sent. */
export interface Made {
  readonly order: string;
  /** Whether its decision was another one than the last about the incident. */
  readonly isNews: boolean;
}

/** Makes, charges, records and sends orders, whoever wants them; in one row, so that their numbers arrive in order. */
export class OrderMaker {
  readonly #options: OrderMakerOptions;
  readonly #lastSeq = new Map<string, number>();
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: OrderMakerOptions) {
    this.#options = options;
  }

  /** Of orders of an earlier run: a number that was given is not given again. */
  remember(session: string, seq: number): void {
    this.#lastSeq.set(session, Math.max(seq, this.#lastSeq.get(session) ?? 0));
    if (this.#lastSeq.size > maxRemembered) this.#lastSeq.clear();
  }

  /**
   * Charged before anything is awaited. @param decision its reason, and the rule that decided, go on record with it
   * @throws StoreError: then it was not sent, and stays charged: nobody knows whether it is on record
   */
  make(
    incident: Incident,
    wanted: Wanted,
    decision: Pick<Decision, 'rule'> & { readonly reason: string },
    link: AgentLink,
  ): Promise<Made> {
    const { signer, ledger, newId, now } = this.#options;
    const { agent, session } = link.hello;
    const time = now();
    const lastSeq = this.#lastSeq.get(session) ?? 0;
    const order = makeOrder(incident, wanted, { id: newId(), session, lastSeq, now: time });
    this.remember(session, order.seq);
    const row: OrderRow = {
      order,
      envelope: signer.sign(order),
      agent,
      workload: workloadKey(incident.workload),
      charge: chargeKey(incident, agent),
      issuedAt: time,
    };
    ledger.charge(row, incident);
    const sent = this.#tail.then(() => this.#send(row, incident.workload, decision, link));
    this.#tail = sent.catch(() => undefined);
    return sent;
  }

  async #send(
    row: OrderRow,
    workload: Workload,
    { reason, rule }: Pick<Decision, 'rule'> & { readonly reason: string },
    link: AgentLink,
  ): Promise<Made> {
    const { store, tell, log } = this.#options;
    const { order } = row;
    const { incident } = order.target;
    const decision = decisionRow(
      incident,
      { action: order.action, reason, ...(rule === undefined ? {} : { rule }) },
      row.issuedAt,
    );
    const isNews = await store.saveDecision(decision, row, orderRecord(row, link.hello.node));
    link.order(row.envelope);
    log.warn({ node: link.hello.node, incident, action: order.action, reason }, 'order');
    tell({ type: 'order', order: order.id, incident, action: order.action, workload });
    return { order: order.id, isNews };
  }
}

export function decisionRow(
  incident: string,
  { action, reason, rule, would }: Pick<Decision, 'rule' | 'would'> & { action: string; reason: string },
  time: number,
): DecisionRow {
  const by = rule === undefined ? {} : { rule };
  return { time, incident, action, reason, ...by, ...(would === undefined ? {} : { would }) };
}

/** In the commit of the order: nothing is stopped that the audit log does not tell. */
function orderRecord({ order, agent, issuedAt }: OrderRow, node: string): AuditRecord {
  const { id, action, session, seq, reason } = order;
  const { instance, process, incident } = order.target;
  const detail = { order: id, action, agent, node, instance, process, session, seq };
  return auditRecord({ type: 'order', author: 'collector', about: incident, reason, detail }, issuedAt);
}
