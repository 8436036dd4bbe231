import type { Incident } from '../fingerprint/incident.ts';
import { chargeFor } from './core/charges.ts';
import type { Force, ManualAction } from './core/manual-order.ts';
import { byHandSentence } from './core/reason-sentence.ts';
import type { Spending } from './core/spending.ts';
import type { Ledger } from './ledger.ts';
import {
  type BrakeMet,
  type Clear,
  ManualCheck,
  type ManualCheckOptions,
  type ManualRefused,
  needsForce,
  noOccurrence,
  refused,
} from './manual-check.ts';
import type { OrderMaker } from './order-maker.ts';
import type { AuditLog } from './ports/audit.ts';
import type { AnswerStore, Quarantine, Who } from './ports/brakes.ts';
import type { AgentLink } from './ports.ts';

/** Occurrences one request may name: what a person looked at, not a query. */
export const maxIncidents = 100;

export interface ManualRequest {
  /** The client's own: the same request again is answered as it was, and nothing is done twice. */
  readonly key: string;
  readonly action: ManualAction;
  /** Occurrences, each of one copy. */
  readonly incidents: readonly string[];
  readonly force: readonly Force[];
}

export type ManualOutcome =
  | {
      readonly incident: string;
      readonly result: 'ordered';
      readonly order: string;
      readonly passed: readonly string[];
    }
  | { readonly incident: string; readonly result: 'quarantined' }
  | ManualRefused;

/** What an order would do, and what stands in its way, each after those before it. */
export type ManualPlan =
  | {
      readonly incident: string;
      readonly result: 'would-order';
      readonly about: Incident;
      readonly brakes: readonly BrakeMet[];
    }
  | (ManualRefused & { readonly about?: Incident; readonly brakes: readonly BrakeMet[] });

export type ManualAnswer =
  | { readonly ok: true; readonly outcomes: readonly ManualOutcome[] }
  | {
      readonly ok: false;
      readonly code: 'no-reason' | 'too-many' | 'bad-key' | 'other-request';
      readonly sentence: string;
    };

export interface ManualOrdersOptions extends ManualCheckOptions {
  readonly answers: AnswerStore;
  readonly ledger: Ledger;
  readonly orders: Pick<OrderMaker, 'make'>;
  readonly audit: AuditLog;
  readonly quarantine?: Quarantine;
}

/**
 * What people order. They pass a budget or the last copy by saying so, which is recorded; what nobody approved, and what is
 * protected, they pass not at all, and the agent has its own say besides (agent/core/orders.ts).
 */
export class ManualOrders {
  readonly #options: ManualOrdersOptions;
  readonly #check: ManualCheck;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ManualOrdersOptions) {
    this.#options = options;
    this.#check = new ManualCheck(options);
  }

  /** One request after the other: the second of two with one key finds the answer to the first. @throws StoreError */
  request(request: ManualRequest, who: Who): Promise<ManualAnswer> {
    const answer = this.#tail.then(() => this.#answer(request, who));
    this.#tail = answer.catch(() => undefined);
    return answer;
  }

  async #answer(request: ManualRequest, who: Who): Promise<ManualAnswer> {
    const { answers, now, audit } = this.#options;
    const { key, action, force } = request;
    if (who.reason.trim() === '') return refusedWhole('no-reason', 'say why');
    if (!/^[\x21-\x7e]{8,128}$/.test(key))
      return refusedWhole('bad-key', 'the key of a request is 8 to 128 printable characters');
    const incidents = [...new Set(request.incidents)];
    if (incidents.length > maxIncidents)
      return refusedWhole('too-many', `name at most ${maxIncidents} occurrences at a time`);
    const asked = JSON.stringify([who.author, action, incidents, force]);
    const kept = await answers.of(key);
    if (kept !== undefined) return again(kept, asked);
    const outcomes: ManualOutcome[] = [];
    for (const id of incidents) outcomes.push(await this.#order(id, request, who));
    const answer = { ok: true, outcomes } as const;
    await audit.record({ type: 'manual-order', ...who, detail: { action, force, outcomes } });
    await answers.save(key, JSON.stringify({ asked, answer }), now());
    return answer;
  }

  /** What the same request would do at this moment. Nothing is ordered, charged or recorded. @throws StoreError */
  async plan({ action, incidents, force }: Omit<ManualRequest, 'key'>): Promise<readonly ManualPlan[]> {
    const { ledger, now } = this.#options;
    let { spending } = ledger;
    const plans: ManualPlan[] = [];
    for (const id of new Set(incidents)) {
      if (action === 'quarantine') {
        plans.push(await this.#planQuarantine(id));
        continue;
      }
      const looked = await this.#check.look(id, action, () => spending);
      const plan = this.#planned(id, looked, { action, force }, spending);
      plans.push(plan);
      if (plan.result !== 'would-order' || looked.result !== 'clear') continue;
      const { agent } = looked.link.hello;
      const charge = chargeFor(plan.about, { id: `plan:${id}`, action, agent, at: now() });
      spending = { ...spending, charges: [...spending.charges, charge] };
    }
    return plans;
  }

  async #planQuarantine(id: string): Promise<ManualPlan> {
    const [row] = await this.#options.store.occurrences({ id, limit: 1 });
    const about = row === undefined ? {} : { about: row.incident };
    if (this.#options.quarantine === undefined) return { ...noEnforcer(id), ...about, brakes: [] };
    if (row === undefined) return { ...refused(id, 'unknown-incident', noOccurrence), brakes: [] };
    return { incident: id, result: 'would-order', about: row.incident, brakes: [] };
  }

  #planned(
    id: string,
    looked: Clear | ManualRefused,
    {
      action,
      force,
    }: { readonly action: Exclude<ManualAction, 'quarantine'>; readonly force: readonly Force[] },
    spending: Spending,
  ): ManualPlan {
    if (looked.result === 'refused') return { ...looked, brakes: [] };
    const about = looked.row.incident;
    const brakes = action === 'resume' ? [] : this.#check.brakes(looked, action, spending);
    const refusal = needsForce(about, brakes, force);
    return refusal === undefined
      ? { incident: id, result: 'would-order', about, brakes }
      : { ...refusal, about, brakes };
  }

  async #order(id: string, { action, force }: ManualRequest, who: Who): Promise<ManualOutcome> {
    const { ledger } = this.#options;
    if (action === 'quarantine') return await this.#quarantine(id, who);
    const looked = await this.#check.look(id, action, () => ledger.spending);
    if (looked.result === 'refused') return looked;
    const { row, link } = looked;
    const brakes = action === 'resume' ? [] : this.#check.brakes(looked, action, ledger.spending);
    const passed = brakes.map(({ reason }) => reason);
    return (
      needsForce(row.incident, brakes, force) ?? (await this.#make(row.incident, action, passed, link, who))
    );
  }

  async #make(
    incident: Incident,
    action: Exclude<ManualAction, 'quarantine'>,
    passed: readonly string[],
    link: AgentLink,
    who: Who,
  ): Promise<ManualOutcome> {
    const past = passed.length === 0 ? '' : `, past ${passed.join(' and ')}`;
    const sentence = `${byHandSentence(action, 'by-hand', who)}${past}`;
    const { order } = await this.#options.orders.make(
      incident,
      { action, sentence },
      { reason: 'by-hand' },
      link,
    );
    return { incident: incident.id, result: 'ordered', order, passed };
  }

  async #quarantine(id: string, who: Who): Promise<ManualOutcome> {
    const { quarantine, store } = this.#options;
    const [row] = await store.occurrences({ id, limit: 1 });
    if (row === undefined) return refused(id, 'unknown-incident', noOccurrence);
    if (quarantine === undefined) return noEnforcer(id);
    const { node, id: instance } = row.incident.instance;
    await quarantine.quarantine({ incident: id, node, instance, ...who });
    return { incident: id, result: 'quarantined' };
  }
}

function noEnforcer(id: string): ManualRefused {
  const sentence = 'nothing here can keep a copy away from the network yet; hold it instead';
  return refused(id, 'no-enforcer', sentence);
}

function again(kept: string, asked: string): ManualAnswer {
  // Written by this class alone, in the form that it is read in.
  const { asked: before, answer } = JSON.parse(kept) as { asked: string; answer: ManualAnswer };
  if (before === asked) return answer;
  return refusedWhole(
    'other-request',
    'the key was used for another request; every request has a key of its own',
  );
}

function refusedWhole(code: Extract<ManualAnswer, { ok: false }>['code'], sentence: string): ManualAnswer {
  return { ok: false, code, sentence };
}
