import type { Incident } from '../fingerprint/incident.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { BrakeLimits } from './core/brake-limits.ts';
import { brakesOn } from './core/brakes.ts';
import {
  type Force,
  forceOf,
  type ManualAction,
  type ManualRefusal,
  manualRefusal,
} from './core/manual-order.ts';
import { byHandSentence, recordedSentence } from './core/reason-sentence.ts';
import type { Ledger } from './ledger.ts';
import type { OrderMaker } from './order-maker.ts';
import type { AuditLog } from './ports/audit.ts';
import type { AnswerStore, Quarantine, Who } from './ports/brakes.ts';
import type { AgentLink, DriftStore } from './ports.ts';
import { type SurroundingsOptions, surroundingsOf } from './surroundings.ts';

/** Occurrences one request may name: what a person looked at, not a query. */
const maxIncidents = 100;

export interface ManualRequest {
  /** The client's own: the same request again is answered as it was, and nothing is done twice. */
  readonly key: string;
  readonly action: ManualAction;
  /** Occurrences, each of one copy. */
  readonly incidents: readonly string[];
  readonly force: readonly Force[];
}

export type ManualCode =
  | ManualRefusal
  | 'unknown-incident'
  | 'unknown-instance'
  | 'agent-away'
  | 'needs-force'
  | 'no-enforcer';

export type ManualOutcome =
  | {
      readonly incident: string;
      readonly result: 'ordered';
      readonly order: string;
      readonly passed: readonly string[];
    }
  | { readonly incident: string; readonly result: 'quarantined' }
  | {
      readonly incident: string;
      readonly result: 'refused';
      readonly code: ManualCode;
      readonly sentence: string;
      /** The word that would pass it. */
      readonly force?: Force;
    };

export type ManualAnswer =
  | { readonly ok: true; readonly outcomes: readonly ManualOutcome[] }
  | {
      readonly ok: false;
      readonly code: 'no-reason' | 'too-many' | 'bad-key' | 'other-request';
      readonly sentence: string;
    };

export interface ManualOrdersOptions extends Omit<SurroundingsOptions, 'limits'> {
  readonly store: Pick<DriftStore, 'incidents'>;
  readonly answers: AnswerStore;
  readonly ledger: Ledger;
  readonly orders: Pick<OrderMaker, 'make'>;
  readonly limits: () => BrakeLimits;
  readonly isProtected: (workload: Workload) => boolean;
  readonly linkOf: (agent: string) => AgentLink | undefined;
  readonly audit: AuditLog;
  readonly quarantine?: Quarantine;
}

/**
 * What people order. They pass a budget or the last copy by saying so, which is recorded; what nobody approved, and what is
 * protected, they pass not at all, and the agent has its own say besides (agent/core/orders.ts).
 */
export class ManualOrders {
  readonly #options: ManualOrdersOptions;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(options: ManualOrdersOptions) {
    this.#options = options;
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

  async #order(id: string, { action, force }: ManualRequest, who: Who): Promise<ManualOutcome> {
    const { store, linkOf } = this.#options;
    const [row] = await store.incidents({ id, limit: 1 });
    if (row === undefined) return refused(id, 'unknown-incident', 'there is no such occurrence');
    if (action === 'quarantine') return await this.#quarantine(row.incident, who);
    const link = linkOf(row.agent);
    if (link === undefined)
      return refused(id, 'agent-away', 'its agent is not connected; try again when it is back');
    if (action === 'resume') return await this.#make(row.incident, action, [], link, who);
    const refusal = manualRefusal(row.incident, action, this.#options.isProtected(row.incident.workload));
    if (refusal !== undefined) return refused(id, refusal, refusalSentences[refusal]);
    return await this.#stop(row.incident, action, force, link, who);
  }

  async #stop(
    incident: Incident,
    action: Exclude<ManualAction, 'resume' | 'quarantine'>,
    force: readonly Force[],
    link: AgentLink,
    who: Who,
  ): Promise<ManualOutcome> {
    const { ledger, now } = this.#options;
    const limits = this.#options.limits();
    const options = { ...this.#options, limits };
    const around = await surroundingsOf(incident, link, () => ledger.spending, options);
    if (!around.isKnown)
      return refused(incident.id, 'unknown-instance', recordedSentence('none', 'unknown-instance'));
    const brakes = brakesOn(action, incident, { ...around, hasActed: true }, ledger.spending, limits, now());
    const needed = brakes.map(({ reason }) => ({ reason, force: forceOf(reason) }));
    const missing = needed.find((n) => n.force !== undefined && !force.includes(n.force));
    if (missing?.force !== undefined) {
      const why = recordedSentence('none', missing.reason);
      const sentence = `${why}; to do it nonetheless, repeat it with force "${missing.force}"`;
      return { ...refused(incident.id, 'needs-force', sentence), force: missing.force };
    }
    return await this.#make(
      incident,
      action,
      brakes.map((b) => b.reason),
      link,
      who,
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

  async #quarantine({ id, instance }: Incident, who: Who): Promise<ManualOutcome> {
    const { quarantine } = this.#options;
    if (quarantine === undefined)
      return refused(
        id,
        'no-enforcer',
        'nothing here can keep a copy away from the network yet; hold it instead',
      );
    await quarantine.quarantine({ incident: id, node: instance.node, instance: instance.id, ...who });
    return { incident: id, result: 'quarantined' };
  }
}

const refusalSentences: Readonly<Record<ManualRefusal, string>> = {
  'protected-namespace': 'its namespace is protected: nothing is ever stopped there',
  'no-approval': 'no approved fingerprint covers this workload; approve one for freeze or kill first',
  provisional: 'its fingerprint was learned and nobody has approved it yet',
  'approval-mode': 'the approval of its fingerprint does not go so far; approve it for more first',
  'known-program': 'that process is a known program: it may be held or frozen, not killed',
};

function again(kept: string, asked: string): ManualAnswer {
  // Written by this class alone, in the form that it is read in.
  const { asked: before, answer } = JSON.parse(kept) as { asked: string; answer: ManualAnswer };
  if (before === asked) return answer;
  return refusedWhole(
    'other-request',
    'the key was used for another request; every request has a key of its own',
  );
}

function refused(
  incident: string,
  code: ManualCode,
  sentence: string,
): Extract<ManualOutcome, { result: 'refused' }> {
  return { incident, result: 'refused', code, sentence };
}

function refusedWhole(code: Extract<ManualAnswer, { ok: false }>['code'], sentence: string): ManualAnswer {
  return { ok: false, code, sentence };
}
