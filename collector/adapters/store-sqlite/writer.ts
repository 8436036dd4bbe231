import { createHash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type { Phase } from '../../../fingerprint/phase.ts';
import type { DecisionRow, Ingested } from '../../ports.ts';
import { bits, withBits } from './bitset.ts';
import type { OrderRecord } from './reader.ts';
import type { Row, RowDelivery } from './rows.ts';
import { prepareWrites, type Writes } from './statements.ts';

/** Workloads one database thread remembers the row id of: 110 on each of 1 000 nodes, mostly the same ones. */
const maxCachedWorkloads = 20_000;
/** Starts of one service beyond these are no more evidence, and one that crashes all day must not fill the disk. */
const maxCopies = 1_000;
/** A crontab of a hundred lines is a rarity; copies that each write another one must not fill the table. */
const maxSchedules = 256;
/** Longest dictionary of a workload on one agent that support bits are followed into (agent: 20 000 entries). */
const maxOrdinals = 200_000;

export type Write =
  | { readonly kind: 'delivery'; readonly delivery: RowDelivery }
  | { readonly kind: 'decision'; readonly decision: DecisionRow; readonly order?: OrderRecord };

/** To a delivery what became of it, to a decision whether it was news. */
export type Answer = Ingested | boolean;

/** Which copy of a workload has shown something, and in which part of its life. */
interface Shown {
  readonly workload: number;
  readonly node: string;
  readonly instance: string;
  readonly agent: string;
  readonly phase: Phase;
}

type IncidentRow = Extract<Row, readonly ['incident', ...unknown[]]>;

/** Turns rows into the tables. One transaction per call; a call that throws has changed nothing. */
export class Writer {
  readonly #db: Sqlite.Database;
  readonly #sql: Writes;
  readonly #workloads = new Map<string, number>();
  /** Of the commit under way. */
  #now = 0;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#sql = prepareWrites(db);
  }

  /** @returns one answer for each, in order */
  commit(writes: readonly Write[], now: number): Answer[] {
    this.#now = now;
    try {
      return this.#db.transaction(() => writes.map((w) => this.#apply(w, now)))();
    } catch (error) {
      // Row ids that were given in the transaction went with it.
      this.#workloads.clear();
      throw error;
    }
  }

  #apply(write: Write, now: number): Answer {
    if (write.kind === 'delivery') return this.#deliver(write.delivery, now);
    const { time, incident, action, reason } = write.decision;
    const isNews = this.#sql.lastDecision.get(incident) !== `${action} ${reason}`;
    if (isNews) this.#sql.decision.run(time, incident, action, reason);
    // In the commit of its decision: nothing is ordered that is not on record.
    if (write.order !== undefined) this.#sql.order.run(write.order);
    return isNews;
  }

  #deliver(delivery: RowDelivery, now: number): Ingested {
    const before = this.#sql.storedOf.get(delivery.agent) ?? 0;
    const newIncidents: number[] = [];
    const newDecisions: number[] = [];
    let [stored, missing, refused] = [before, 0, 0];
    for (const row of delivery.rows) {
      const seq = row[1];
      // At least once becomes once: what is below the high water was stored by an earlier commit.
      if (seq <= stored) continue;
      missing += Math.max(0, seq - Math.max(stored, delivery.acked) - 1);
      if (row[0] === 'incident') {
        const isNew = this.#incident(delivery.agent, row);
        if (isNew) newIncidents.push(seq);
        if (this.#decidedAgainst(row[3], row[7], isNew, now)) newDecisions.push(seq);
      } else this.#write(delivery, row);
      if (row[0] === 'refused') refused += 1;
      stored = seq;
    }
    this.#sql.advance.run(stored, missing, refused, now, delivery.agent);
    return { before, stored, missing, newIncidents, newDecisions };
  }

  #write({ agent, node }: RowDelivery, row: Exclude<Row, readonly ['incident', ...unknown[]]>): void {
    switch (row[0]) {
      case 'novelty':
        this.#novelty(agent, node, row);
        return;
      case 'support':
        this.#support(agent, node, row);
        return;
      case 'instance':
        this.#instance(agent, node, row);
        return;
      case 'receipt':
        this.#sql.receipt.run(row[2], agent, row[3], row[4]);
        return;
      case 'canary':
        return;
      case 'gap':
        this.#sql.gap.run(agent, row[1], row[2], row[3], row[4], row[5], row[6]);
        return;
      case 'refused':
        this.#sql.refused.run(agent, row[1], row[2], agent);
        return;
    }
  }

  /**
   * The latest report of an incident holds all of it. Another node's incident is never overwritten.
   * @returns whether it was not known
   */
  #incident(agent: string, row: IncidentRow): boolean {
    const [, , key, id, node, last, json] = row;
    const workload = this.#workload(key);
    if (this.#sql.incident.run(id, agent, node, workload, last, json).changes === 1) return true;
    this.#sql.incidentAgain.run(agent, last, json, id, node, workload);
    return false;
  }

  /** @returns whether that is news */
  #decidedAgainst(incident: string, reason: string, isNew: boolean, now: number): boolean {
    if (reason === '') return false;
    if (!isNew && this.#sql.lastDecision.get(incident) === `none ${reason}`) return false;
    this.#sql.decision.run(now, incident, 'none', reason);
    return true;
  }

  #instance(agent: string, node: string, row: Extract<Row, readonly ['instance', ...unknown[]]>): void {
    const [, , key, id, pod, startedAt, state, coverage, schedules] = row;
    const fromStart = state === 'started' ? 1 : 0;
    const workload = this.#workload(key);
    if (state === 'started') this.#setAside(workload, node, id, startedAt);
    this.#sql.instance.run(workload, node, id, agent, pod, startedAt, state, coverage, fromStart);
    for (const [timing, command] of schedules) {
      if ((this.#sql.schedules.get(workload) ?? 0) < maxSchedules)
        this.#sql.schedule.run(workload, timing, command);
    }
  }

  /**
   * Off Kubernetes a copy's id is the path of its control group: one that starts again has the same. Each start is
   * evidence of its own, so the one before gets a name that tells it apart.
   */
  #setAside(workload: number, node: string, id: string, startedAt: number): void {
    const before = this.#sql.startOf.get(workload, node, id) ?? 0;
    if (before === 0 || before === startedAt || (this.#sql.copies.get(workload) ?? 0) >= maxCopies) return;
    const name = `${id}~${before}`;
    this.#sql.rename.run(name, workload, node, id);
    this.#sql.renameInNovelties.run(name, workload, node, id);
  }

  #novelty(agent: string, node: string, row: Extract<Row, readonly ['novelty', ...unknown[]]>): void {
    const [, , key, identity, behaviour, time, instance, index, phase] = row;
    const workload = this.#workload(key);
    const next = this.#sql.nextOrdinal.get(workload) ?? 0;
    const ordinal =
      this.#sql.novelty.get(workload, next, identity, behaviour, time, node, instance, phase) ?? next;
    this.#sql.dictionary.run(agent, workload, index, ordinal);
    this.#see({ workload, node, instance, agent, phase }, [ordinal]);
  }

  #support(agent: string, node: string, row: Extract<Row, readonly ['support', ...unknown[]]>): void {
    const [, , key, instance, seen, since, until, events, lost, phase] = row;
    const workload = this.#workload(key);
    const known = new Map(this.#sql.dictionaryOf.all(agent, workload));
    const indices = bits(seen.subarray(0, maxOrdinals / 8));
    const ordinals = indices.map((i) => known.get(i)).filter((o) => o !== undefined);
    this.#see({ workload, node, instance, agent, phase }, ordinals);
    // A bit without a novelty means that the novelty was lost on the way: what this copy did is not fully known.
    const unknown = indices.length - ordinals.length;
    this.#sql.span.run(since, since, until, events, lost + unknown, workload, node, instance);
  }

  #see({ workload, node, instance, agent, phase }: Shown, ordinals: readonly number[]): void {
    this.#sql.meet.run(workload, node, instance, agent);
    const seen = this.#sql.seenBy[phase].get(workload, node, instance) ?? new Uint8Array();
    this.#sql.see[phase].run(withBits(seen, ordinals), workload, node, instance);
  }

  #workload(key: string): number {
    const known = this.#workloads.get(key);
    if (known !== undefined) return known;
    const hash = createHash('sha256').update(key).digest('hex');
    const id =
      this.#sql.workloadId.get(hash) ??
      Number(this.#sql.workload.run(this.#now, hash, ...key.split('\n')).lastInsertRowid);
    if (this.#workloads.size >= maxCachedWorkloads) this.#workloads.clear();
    this.#workloads.set(key, id);
    return id;
  }
}
