import type { Incident } from '../fingerprint/incident.ts';
import type { Decision } from './core/decide.ts';
import { strength } from './core/follow-up.ts';
import { type HeldOrder, type HeldState, isHeldBack } from './core/held-order.ts';
import { byHandSentence, reasonSentence } from './core/reason-sentence.ts';
import type { OrderMaker } from './order-maker.ts';
import type { AuditLog } from './ports/audit.ts';
import type { HeldOrderStore, Who } from './ports/brakes.ts';
import type { AgentLink, DriftStore, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Held orders that wait for a person at once. Nobody reads more; those beyond are counted, and their decisions are on record. */
const maxWaiting = 10_000;
/** Incidents about which a person said no. A forgotten one may be asked about again. */
const maxCancelled = 10_000;
const keptMs = 30 * 86_400_000;

export interface HeldOrdersOptions {
  readonly store: HeldOrderStore;
  readonly drifts: Pick<DriftStore, 'occurrences'>;
  readonly orders: Pick<OrderMaker, 'make'>;
  /** What policy and approval allow at this moment. */
  readonly wish: (incident: Incident) => Decision;
  readonly linkOf: (agent: string) => AgentLink | undefined;
  readonly audit: AuditLog;
  /** How long agents hold before they let go by themselves. */
  readonly holdMs: number;
  readonly newId: () => string;
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

export type HeldAnswer =
  | { readonly ok: true; readonly held: HeldOrder; readonly order?: string }
  | {
      readonly ok: false;
      readonly code: 'unknown' | 'not-waiting' | 'no-reason' | 'agent-away' | 'no-longer-allowed';
      readonly sentence: string;
    };

/**
 * Stops that a brake held back, for a person to release or to cancel. None is released because its budget frees up: who was
 * not asked when it mattered is asked still.
 */
export class HeldOrders {
  readonly #options: HeldOrdersOptions;
  /** By incident. */
  readonly #waiting = new Map<string, HeldOrder>();
  readonly #cancelled = new Set<string>();
  /** Being ended by somebody: the second of two who are quick is told so. */
  readonly #ending = new Set<string>();
  #notListed = 0;

  constructor(options: HeldOrdersOptions) {
    this.#options = options;
  }

  async restore(): Promise<void> {
    const { store } = this.#options;
    for (const held of await store.list('waiting', maxWaiting)) this.#waiting.set(held.incident, held);
    for (const { incident } of await store.list('cancelled', maxCancelled)) this.#cancelled.add(incident);
  }

  /** Those that are not listed because too many waited. */
  get notListed(): number {
    return this.#notListed;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a person is asked about it, or has said no. */
  answer(incident: string): 'waiting' | 'cancelled' | undefined {
    if (this.#waiting.has(incident)) return 'waiting';
    return this.#cancelled.has(incident) ? 'cancelled' : undefined;
  }

  /** Notes what a brake held back. @throws StoreError */
  async note(incident: Incident, agent: string, wished: Decision, decision: Decision): Promise<void> {
    if (wished.action === 'none' || !isHeldBack(wished, decision) || this.#cancelled.has(incident.id)) return;
    const { newId, now, holdMs, store, tell } = this.#options;
    const before = this.#waiting.get(incident.id);
    if (before !== undefined && before.wanted === wished.action && before.done === decision.action) return;
    if (before === undefined && this.#waiting.size >= maxWaiting) {
      this.#notListed += 1;
      return;
    }
    const held: HeldOrder = {
      id: before?.id ?? newId(),
      incident: incident.id,
      agent,
      wanted: wished.action,
      done: decision.action,
      reason: decision.reason,
      sentence: reasonSentence(decision),
      since: before?.since ?? now(),
      expires: now() + holdMs,
      state: 'waiting',
    };
    this.#waiting.set(incident.id, held);
    await store.save(held);
    tell({ type: 'held-order', held });
  }

  list(state: HeldState | undefined, limit: number): Promise<readonly HeldOrder[]> {
    return this.#options.store.list(state, limit);
  }

  /** Does what was wanted, past the brakes; never past approval, policy or a protected namespace. @throws StoreError */
  release(id: string, who: Who): Promise<HeldAnswer> {
    return this.#end(id, who, async (held, incident, link) => {
      const wished = this.#options.wish(incident);
      const { wanted } = held;
      if (wished.action === 'none' || strength[wished.action] < strength[wanted])
        return refused('no-longer-allowed', `it is not allowed any more: ${reasonSentence(wished)}`);
      const sentence = byHandSentence(wanted, 'released', who);
      const { order } = await this.#options.orders.make(
        incident,
        { action: wanted, sentence },
        { reason: 'released' },
        link,
      );
      await this.#ended(held, 'released', who);
      return { ok: true, held, order };
    });
  }

  /** Lets what is held go on, and leaves it alone from now on. @throws StoreError */
  cancel(id: string, who: Who): Promise<HeldAnswer> {
    return this.#end(id, who, async (held, incident, link) => {
      if (held.done === 'none') {
        await this.#ended(held, 'cancelled', who);
        return { ok: true, held };
      }
      const sentence = byHandSentence('resume', 'cancelled', who);
      const wanted = { action: 'resume', sentence } as const;
      const { order } = await this.#options.orders.make(incident, wanted, { reason: 'cancelled' }, link);
      await this.#ended(held, 'cancelled', who);
      return { ok: true, held, order };
    });
  }

  /** Ends those whose hold has ended by itself. To be called every few seconds. @throws StoreError */
  async look(): Promise<void> {
    const { now, store } = this.#options;
    const over = [...this.#waiting.values()].filter((h) => h.expires <= now() && !this.#ending.has(h.id));
    for (const held of over)
      await this.#ended(held, 'expired', { author: 'collector', reason: 'nobody decided in time' });
    if (over.length > 0) await store.forget(now() - keptMs);
  }

  async #end(
    id: string,
    who: Who,
    work: (held: HeldOrder, incident: Incident, link: AgentLink) => Promise<HeldAnswer>,
  ): Promise<HeldAnswer> {
    const { store, drifts, linkOf } = this.#options;
    if (who.reason.trim() === '') return refused('no-reason', 'say why');
    const held = await store.of(id);
    if (held === undefined) return refused('unknown', 'there is no such held order');
    if (this.#waiting.get(held.incident)?.id !== id || this.#ending.has(id))
      return refused(
        'not-waiting',
        `it is ${held.state === 'waiting' ? 'being ended by somebody' : held.state} already`,
      );
    this.#ending.add(id);
    try {
      const [row] = await drifts.occurrences({ id: held.incident, limit: 1 });
      if (row === undefined) return refused('unknown', 'its incident is not on record any more');
      const link = linkOf(held.agent);
      if (link === undefined)
        return refused('agent-away', 'its agent is not connected; try again when it is back');
      return await work(held, row.incident, link);
    } finally {
      this.#ending.delete(id);
    }
  }

  async #ended(held: HeldOrder, state: Exclude<HeldState, 'waiting'>, who: Who): Promise<void> {
    const { store, audit, now, tell } = this.#options;
    const ended: HeldOrder = { ...held, state, ended: { at: now(), ...who } };
    this.#waiting.delete(held.incident);
    if (state === 'cancelled') this.#rememberNo(held.incident);
    await store.save(ended);
    const type = state === 'released' ? 'held-order-released' : 'held-order-cancelled';
    if (state !== 'expired')
      await audit.record({
        type,
        author: who.author,
        about: held.incident,
        reason: who.reason,
        detail: ended,
      });
    tell({ type: 'held-order', held: ended });
  }

  #rememberNo(incident: string): void {
    if (this.#cancelled.size >= maxCancelled) {
      const oldest = this.#cancelled.values().next();
      if (oldest.done !== true) this.#cancelled.delete(oldest.value);
    }
    this.#cancelled.add(incident);
  }
}

function refused(code: Extract<HeldAnswer, { ok: false }>['code'], sentence: string): HeldAnswer {
  return { ok: false, code, sentence };
}
