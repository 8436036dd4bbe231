import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import { targetOf } from '../fingerprint/target.ts';
import { braked } from './core/brakes.ts';
import { type Decision, type PolicyDecisions, rehearsed } from './core/decide.ts';
import { FairQueue } from './core/fair-queue.ts';
import { type FollowUp, followUp, isUnderWay, ordersAbout } from './core/follow-up.ts';
import { reasonSentence } from './core/reason-sentence.ts';
import { brakeLimits } from './core/response-policy.ts';
import type { Sightings } from './core/rollout.ts';
import type { Spending } from './core/spending.ts';
import type { HeldOrders } from './held-orders.ts';
import { isActedAlone, type Ledger } from './ledger.ts';
import { decisionRow, type OrderMaker } from './order-maker.ts';
import type { LeaseStore } from './ports/brakes.ts';
import type { AgentLink, DriftStore, Log, OccurrenceRow } from './ports.ts';
import { Rehearsals } from './rehearsals.ts';
import type { StateLine } from './state-line.ts';
import { type SurroundingsOptions, surroundingsOf } from './surroundings.ts';

/**
 * Incidents that wait to be decided on. Beyond it the oldest of the agent with the most are dropped and counted; their next
 * report brings them back.
 */
const maxWaiting = 10_000;
/** Incidents that are looked at again when an agent comes back. */
const maxReconsidered = 1000;

export interface ReactionsOptions extends Omit<SurroundingsOptions, 'sightings' | 'limits'> {
  readonly store: DriftStore;
  readonly leases: Pick<LeaseStore, 'since'>;
  readonly ledger: Ledger;
  readonly orders: OrderMaker;
  readonly held: Pick<HeldOrders, 'note' | 'answer'>;
  readonly sightings: Sightings;
  readonly policy: () => PolicyDecisions;
  readonly linkOf: (agent: string) => AgentLink | undefined;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/**
 * From incident to order, one after the other, agent by agent in turn: every decision sees the orders before it, so no budget is spent twice.
 * An order is sent when it is on record. Decisions that stop nothing go on record with the incident itself.
 */
export class Reactions {
  readonly #options: ReactionsOptions;
  /** A decision takes milliseconds: a thousand forged drifts of one node must not put off a real one by seconds. */
  readonly #waiting = new FairQueue<{ readonly incident: Incident; readonly agent: string }>();
  readonly #rehearsals = new Rehearsals();
  #working: Promise<void> | undefined;
  #dropped = 0;
  #unknown = 0;

  constructor(options: ReactionsOptions) {
    this.#options = options;
  }

  /** What was ordered and lent lately, so that a restart does not forget what was spent. */
  async restore(): Promise<void> {
    const { store, leases, ledger, orders, sightings, policy, now } = this.#options;
    const rows = await store.ordersSince(ledger.reach);
    ledger.restore(rows, await leases.since(ledger.reach));
    for (const { order } of rows) orders.remember(order.session, order.seq);
    const activeAfter = (now() - policy().policy.limits.rolloutMinutes * 60_000) * 1000;
    const recent = await store.occurrences({ activeAfter, limit: maxReconsidered });
    for (const { incident } of recent) sightings.add(incident, incident.last / 1000);
  }

  /** Incidents that were given up because too many waited. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Incidents that wait to be decided on. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Reactions refused because the agent had never told of the copy. */
  get unknownInstances(): number {
    return this.#unknown;
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
    const { ledger } = this.#options;
    ledger.answered(receipt, agent);
    // The incident may have grown while the order was under way, or the refusal may be a passing one.
    void this.#again({ id: receipt.incident }, agent, isActedAlone(receipt) ? receipt : undefined);
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

  async #again(
    which: { id?: string; agent?: string; activeAfter?: number },
    agent: string,
    alone?: Receipt,
  ): Promise<void> {
    try {
      const rows = await this.#options.store.occurrences({ ...which, limit: maxReconsidered });
      for (const { incident, agent: reporter } of rows) {
        // A receipt that names another node's incident has no say in it.
        if (reporter !== agent) continue;
        // Until now the lease counted whole, so nothing was given away meanwhile.
        if (alone !== undefined) this.#options.ledger.acted(alone, incident, agent);
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
    const { sightings, now } = this.#options;
    // Seen before its turn comes: of a hundred copies that drift at once the first is no less a rollout's.
    sightings.add(incident, now());
    this.#waiting.put(agent, incident.id, { incident, agent });
    if (this.#waiting.size > maxWaiting) {
      this.#waiting.drop();
      this.#dropped += 1;
    }
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    for (let next = this.#waiting.take(); next !== undefined; next = this.#waiting.take()) {
      const { incident, agent } = next;
      try {
        await this.#react(incident, agent);
      } catch (err) {
        this.#options.log.error({ incident: incident.id, err }, 'reaction failed');
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
    // An agent that is away is given orders when it is back: they are bound to the session it will then have.
    const link = this.#options.linkOf(agent);
    if (link === undefined) return;
    if (wished.dryRun === true) await this.#rehearse(incident, wished, link);
    else await this.#stop(incident, wished, link);
  }

  /** Braked as if all that is done and all that is rehearsed had been ordered; nothing is. */
  async #rehearse(incident: Incident, wished: Decision, link: AgentLink): Promise<void> {
    const { ledger, now } = this.#options;
    const { charges, leases } = ledger.spending;
    const spending = { charges: [...charges, ...this.#rehearsals.charges], leases };
    const decision = await this.#braked(incident, wished, link, { hasActed: false, spending });
    if (decision.action !== 'none') this.#rehearsals.add(incident, decision.action, link.hello.agent, now());
    await this.#record(incident, rehearsed(decision));
  }

  async #stop(incident: Incident, wished: Decision, link: AgentLink): Promise<void> {
    const { store, now, held, orders } = this.#options;
    const { agent, session } = link.hello;
    const [row] = await store.occurrences({ id: incident.id, limit: 1 });
    const alone = (row?.receipts ?? []).filter(isActedAlone);
    const target = targetOf(incident);
    if (alone.some((r) => r.result === 'done' && r.action !== 'hold' && r.stopped.includes(target.pid)))
      return;
    const about = ordersAbout(target, givenOrders(row));
    // What was ordered is nobody's question any more, whatever the brakes have come to say since.
    if (wished.action === 'none' || isOrdered(followUp(wished.action, about, session, now()))) return;
    const decision = asAnswered(
      await this.#braked(incident, wished, link, { hasActed: alone.length > 0 }),
      held.answer(incident.id),
    );
    await held.note(incident, agent, wished, decision);
    const { action } = decision;
    if (action === 'none' || followUp(action, about, session, now()) !== 'order') {
      await this.#record(incident, decision);
      return;
    }
    const wanted = { action, sentence: reasonSentence(decision) };
    const { isNews } = await orders.make(incident, wanted, decision, link);
    if (isNews) this.tellDecision(incident.id, decision);
  }

  async #braked(
    incident: Incident,
    wished: Decision,
    link: AgentLink,
    { hasActed, spending }: { readonly hasActed: boolean; readonly spending?: Spending },
  ): Promise<Decision> {
    const { ledger, policy, now } = this.#options;
    const limits = brakeLimits(policy().limitsOf(wished));
    const spent = () => spending ?? ledger.spending;
    const { isKnown, ...around } = await surroundingsOf(incident, link, spent, { ...this.#options, limits });
    // A certificate of one node must not have anything stopped, or asked about, in the name of a copy it never had.
    if (!isKnown) {
      this.#unknown += 1;
      return { ...wished, action: 'none', reason: 'unknown-instance' };
    }
    return braked(wished, incident, { ...around, hasActed }, spent(), limits, now());
  }

  /** Recorded, and told when it is news. */
  async #record(incident: Incident, decision: Decision): Promise<void> {
    const { store, now } = this.#options;
    if (await store.saveDecision(decisionRow(incident.id, decision, now())))
      this.tellDecision(incident.id, decision);
  }

  tellDecision(incident: string, decision: Decision): void {
    const { action, reason, mode, rule, would } = decision;
    const sentence = reasonSentence(decision);
    const by = rule === undefined ? {} : { rule };
    const instead = would === undefined ? {} : { would };
    this.#options.tell({ type: 'decision', incident, action, mode, reason, ...by, ...instead, sentence });
  }
}

/** What a person is asked about goes no further by itself than it has; what a person said no to is left alone. */
function asAnswered(decision: Decision, answer: ReturnType<HeldOrders['answer']>): Decision {
  if (answer === undefined || decision.action === 'none') return decision;
  const { mode } = decision;
  if (answer === 'cancelled') return { action: 'none', reason: 'brake-asked', mode };
  return decision.action === 'hold' ? decision : { action: 'hold', reason: 'brake-asked', mode };
}

/** The order, or one that goes further, is under way or was answered. */
function isOrdered(next: FollowUp): boolean {
  return next === 'await-receipt' || next === 'handled';
}

function givenOrders(row: OccurrenceRow | undefined) {
  return (row?.orders ?? []).map((order) => {
    const receipt = row?.receipts.find((r) => r.order === order.id);
    return receipt === undefined ? { order } : { order, receipt };
  });
}
