import { createHash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import type { Phase } from '../../../fingerprint/phase.ts';
import type { AuditRecord } from '../../ports/audit.ts';
import type { Ingested } from '../../ports.ts';
import type { AuditTable } from './audit-table.ts';
import { bits, withBits } from './bitset.ts';
import type { IncidentTable, Placed, ReportedRow } from './incident-table.ts';
import type { DecisionRecord, OrderRecord } from './reader.ts';
import type { Row, RowDelivery } from './rows.ts';
import { decisionText, prepareWrites, type Writes } from './statements.ts';

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
  | {
      readonly kind: 'decision';
      readonly decision: DecisionRecord;
      readonly order?: OrderRecord;
      readonly audit?: AuditRecord;
    }
  /** What was folded goes its way; its numbers are places in the delivery. */
  | { readonly kind: 'unfolded'; readonly delivery: RowDelivery }
  | { readonly kind: 'audit'; readonly records: readonly AuditRecord[] };

/** To a delivery what became of it, to a decision whether it was news, to audit entries the place of each. */
export type Answer = Ingested | boolean | readonly number[];

/** Which copy of a workload has shown something, and in which part of its life. */
interface Shown {
  readonly workload: number;
  readonly node: string;
  readonly instance: string;
  readonly agent: string;
  readonly phase: Phase;
}

interface Told extends Placed {
  /** It is on record why nothing was done, and that was news. */
  readonly isDecided: boolean;
}

type OtherRow = Exclude<Row, readonly ['incident', ...unknown[]]>;

/** Turns rows into the tables. One transaction per call; a call that throws has changed nothing. */
export class Writer {
  readonly #db: Sqlite.Database;
  readonly #sql: Writes;
  readonly #incidents: IncidentTable;
  readonly #audit: AuditTable;
  readonly #workloads = new Map<string, number>();
  /** Of the commit under way. */
  #now = 0;

  constructor(db: Sqlite.Database, incidents: IncidentTable, audit: AuditTable) {
    this.#db = db;
    this.#audit = audit;
    this.#sql = prepareWrites(db);
    this.#incidents = incidents;
  }

  /** @returns one answer for each, in order */
  commit(writes: readonly Write[], now: number): Answer[] {
    this.#now = now;
    try {
      return this.#db.transaction(() => {
        const answers = writes.map((w) => this.#apply(w, now));
        this.#incidents.flush();
        return answers;
      })();
    } catch (error) {
      // Row ids that were given in the transaction went with it.
      this.#workloads.clear();
      this.#incidents.forget();
      this.#audit.forget();
      throw error;
    }
  }

  #apply(write: Write, now: number): Answer {
    if (write.kind === 'delivery') return this.#deliver(write.delivery, now);
    if (write.kind === 'unfolded') return this.#unfold(write.delivery, now);
    if (write.kind === 'audit') return write.records.map((record) => this.#audit.add(record));
    const { decision } = write;
    const isNews = this.#sql.lastDecision.get(decision.incident) !== decisionText(decision);
    if (isNews) this.#record(decision);
    // In the commit of its decision: nothing is ordered that is not on record.
    if (write.order !== undefined) this.#sql.order.run(write.order);
    if (write.audit !== undefined) this.#audit.add(write.audit);
    return isNews;
  }

  #deliver(delivery: RowDelivery, now: number): Ingested {
    const before = this.#sql.storedOf.get(delivery.agent) ?? 0;
    const placed: Ingested['placed'][number][] = [];
    const newDecisions: number[] = [];
    let [stored, missing] = [before, 0];
    for (const row of delivery.rows) {
      const seq = row[1];
      // At least once becomes once: what is below the high water was stored by an earlier commit.
      if (seq <= stored) continue;
      missing += this.#jumped(delivery, stored, seq);
      if (row[0] === 'incident') {
        note(row, this.#told(delivery.agent, row, now), { placed, newDecisions });
      } else this.#write(delivery, row, now);
      stored = seq;
    }
    const fresh = (kind: Row[0]) => delivery.rows.filter((row) => row[0] === kind && row[1] > before).length;
    const [refused, folded] = [fresh('refused'), fresh('folded')];
    if (folded > 0) this.#sql.flooded.run(delivery.agent, folded);
    this.#sql.advance.run(stored, missing, refused, now, delivery.agent);
    return { before, stored, missing, placed, newDecisions };
  }

  /** Numbers that no record had. Those that were acknowledged before a restore are counted as that (nodes-table.ts). */
  #jumped({ agent, acked }: RowDelivery, stored: number, seq: number): number {
    if (seq <= Math.max(stored, acked) + 1) return 0;
    const known = this.#sql.ackedBefore.get(agent) ?? 0;
    return Math.max(0, seq - Math.max(stored, acked, known) - 1);
  }

  #unfold(delivery: RowDelivery, now: number): Ingested {
    const placed: Ingested['placed'][number][] = [];
    const newDecisions: number[] = [];
    for (const row of delivery.rows) {
      if (row[0] !== 'incident') continue;
      note(row, this.#told(delivery.agent, row, now), { placed, newDecisions });
    }
    return { before: 0, stored: delivery.rows.at(-1)?.[1] ?? 0, missing: 0, placed, newDecisions };
  }

  #write({ agent, node }: RowDelivery, row: OtherRow, now: number): void {
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
        this.#receipt(agent, row, now);
        return;
      case 'canary':
        return;
      case 'folded':
        this.#fold(agent, row);
        return;
      case 'gap':
        this.#sql.gap.run(agent, row[1], row[2], row[3], row[4], row[5], row[6]);
        return;
      case 'refused':
        this.#sql.refused.run(agent, row[1], row[2], agent);
        return;
    }
  }

  #told(agent: string, row: ReportedRow, now: number): Told {
    if (row[13]) this.#sql.unfold.run(agent, row[3]);
    const placed = this.#incidents.take(agent, this.#workload(row[2]), row, now);
    return { ...placed, isDecided: this.#decidedAgainst(row, placed.isNew, now) };
  }

  #fold(agent: string, row: Extract<Row, readonly ['folded', ...unknown[]]>): void {
    const [, , id, kept, rank, evicts, json] = row;
    if (evicts !== '') this.#sql.unfold.run(agent, evicts);
    if (kept) this.#sql.fold.run(agent, id, rank, json);
  }

  /**
   * On record once, and only as the answer to an order this agent was given: the log never shrinks, and an agent must not
   * be able to fill it with answers to nothing.
   */
  #receipt(agent: string, row: Extract<Row, readonly ['receipt', ...unknown[]]>, now: number): void {
    const [, , order, incident, json, audit] = row;
    const isNews = this.#sql.receipt.run(order, agent, incident, json).changes === 1;
    if (isNews && this.#sql.isOrderOf.get(order, agent) === 1) this.#audit.add({ ...audit, time: now });
  }

  /** @returns whether that is news */
  #decidedAgainst(row: ReportedRow, isNew: boolean, time: number): boolean {
    const [, , , incident, , , , reason, , , , , rule] = row;
    if (reason === '') return false;
    const decision = { time, incident, action: 'none', reason, rule, would_action: '', would_reason: '' };
    if (!isNew && this.#sql.lastDecision.get(incident) === decisionText(decision)) return false;
    this.#record(decision);
    return true;
  }

  #record(decision: DecisionRecord): void {
    const { time, incident, action, reason, rule, would_action, would_reason } = decision;
    this.#sql.decision.run(time, incident, action, reason, rule, would_action, would_reason);
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

/** What nobody waits for need not cross to the other thread. */
function note(
  row: ReportedRow,
  { incident, change, isDecided }: Told,
  { placed, newDecisions }: { placed: Ingested['placed'][number][]; newDecisions: number[] },
): void {
  const [, seq] = row;
  const quiet = row[14];
  if (!quiet || change !== 'grew') placed.push([seq, incident, change]);
  if (!quiet && isDecided) newDecisions.push(seq);
}
