import type Sqlite from 'better-sqlite3';
import type { Phase } from '../../../fingerprint/phase.ts';
import type { OccurrenceFilter } from '../../ports.ts';
import { bits } from './bitset.ts';

/** Rows as they lie in the tables. STRICT tables hold the types; JSON is parsed on the other side of the thread. */
export interface AgentRecord {
  readonly id: string;
  readonly node: string;
  readonly cluster: string;
  readonly session: string;
  readonly version: string;
  readonly source: string;
  readonly coverage: string;
  readonly stored: number;
  readonly missing: number;
  readonly refused: number;
  readonly first_seen_ms: number;
  readonly last_seen_ms: number;
}

export interface WorkloadRecord {
  readonly id: number;
  readonly hash: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly owner: string;
  readonly container: string;
  readonly role: string;
  readonly entry: string;
  readonly name: string;
  readonly digest: string;
}

export interface ProvisionalRecord {
  readonly version: number;
  readonly phases: string;
  readonly signed_at_ms: number;
  readonly envelope: Uint8Array;
}

export interface WorkloadCounts {
  readonly instances: number;
  readonly running: number;
  readonly starts: number;
  readonly novelties: number;
  readonly incidents: number;
}

export interface InstanceRecord {
  readonly id: string;
  readonly node: string;
  readonly agent: string;
  readonly pod: string | null;
  readonly started_at_us: number;
  readonly state: string;
  readonly from_start: number;
  readonly coverage: string;
  readonly since_us: number;
  readonly until_us: number;
  readonly events: number;
  readonly lost: number;
  readonly seen: Readonly<Record<Phase, readonly number[]>>;
}

export interface NoveltyRecord {
  readonly ordinal: number;
  readonly behaviour: string;
  readonly time_us: number;
  readonly node: string;
  readonly instance: string;
  readonly phase: string;
}

export interface LearnedRecord {
  readonly workload: WorkloadRecord;
  readonly source: string;
  readonly novelties: readonly NoveltyRecord[];
  readonly instances: readonly InstanceRecord[];
  readonly schedules: readonly ScheduleRecord[];
}

export interface ScheduleRecord {
  readonly timing: string;
  readonly command: string;
}

export interface OrderRecord {
  readonly id: string;
  readonly incident: string;
  readonly agent: string;
  readonly action: string;
  readonly session: string;
  readonly seq: number;
  readonly node: string;
  readonly instance: string;
  readonly pid: number;
  readonly start_us: number;
  readonly reason: string;
  readonly issued_at: string;
  readonly expires_at: string;
  readonly issued_at_ms: number;
  readonly workload: string;
  readonly charge: string;
  readonly envelope: Uint8Array;
}

export interface DecisionRecord {
  readonly time: number;
  readonly incident: string;
  readonly action: string;
  readonly reason: string;
  readonly rule: string;
  readonly would_action: string;
  readonly would_reason: string;
}

export interface OccurrenceRecord {
  readonly agent: string;
  readonly row: string;
  readonly report: string;
  readonly decisions: readonly DecisionRecord[];
  readonly orders: readonly OrderRecord[];
  readonly receipts: readonly string[];
}

type Seen = { readonly seen_start: Uint8Array; readonly seen_steady: Uint8Array };

/** Questions about what is stored. Called rarely: by people, by readiness, at an agent's start. */
export class Reader {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  setting(name: string): string | undefined {
    return this.#db.prepare<[string], string>('SELECT value FROM settings WHERE name = ?').pluck().get(name);
  }

  fingerprints(): Uint8Array[] {
    const sql = 'SELECT envelope FROM fingerprints ORDER BY stored_at_ms, digest';
    return this.#db.prepare<[], Uint8Array>(sql).pluck().all();
  }

  agents(): AgentRecord[] {
    return this.#db.prepare<[], AgentRecord>('SELECT * FROM agents ORDER BY node, id').all();
  }

  workloads(): (WorkloadRecord & WorkloadCounts)[] {
    return this.#db
      .prepare<[], WorkloadRecord & WorkloadCounts>(
        `SELECT w.*,
           (SELECT count(*) FROM instances i WHERE i.workload = w.id) AS instances,
           (SELECT count(*) FROM instances i WHERE i.workload = w.id AND i.state <> 'exited') AS running,
           (SELECT count(*) FROM instances i WHERE i.workload = w.id AND i.from_start = 1) AS starts,
           (SELECT count(*) FROM novelties n WHERE n.workload = w.id) AS novelties,
           (SELECT count(*) FROM incidents x WHERE x.workload = w.id) AS incidents
         FROM workloads w ORDER BY namespace, owner, container, w.id`,
      )
      .all();
  }

  learned(hash: string): LearnedRecord | undefined {
    const workload = this.#db
      .prepare<[string], WorkloadRecord>('SELECT * FROM workloads WHERE hash = ?')
      .get(hash);
    if (workload === undefined) return undefined;
    const novelties = this.#db
      .prepare<[number], NoveltyRecord>('SELECT * FROM novelties WHERE workload = ? ORDER BY ordinal')
      .all(workload.id);
    const instances = this.#db
      .prepare<[number], Omit<InstanceRecord, 'seen'> & Seen>(
        'SELECT * FROM instances WHERE workload = ? ORDER BY node, id',
      )
      .all(workload.id)
      .map(({ seen_start, seen_steady, ...row }) => ({
        ...row,
        seen: { start: bits(seen_start), steady: bits(seen_steady) },
      }));
    const schedules = this.#db
      .prepare<[number], ScheduleRecord>('SELECT timing, command FROM schedules WHERE workload = ?')
      .all(workload.id);
    return { workload, source: this.#sourceOf(workload.id), novelties, instances, schedules };
  }

  /** Rows get their ids in the order they came in: a digest that came later is no predecessor, though both run. */
  predecessor(hash: string): string | undefined {
    const sql = `SELECT p.hash FROM workloads w JOIN workloads p USING (cluster, namespace, owner, container, role, entry, name)
       JOIN instances i ON i.workload = p.id
       WHERE w.hash = ? AND p.id < w.id AND p.digest <> w.digest
       ORDER BY max(i.until_us, i.started_at_us) DESC, p.id DESC LIMIT 1`;
    return this.#db.prepare<[string], string>(sql).pluck().get(hash);
  }

  provisional(hash: string): ProvisionalRecord | undefined {
    const sql = 'SELECT p.* FROM provisional p JOIN workloads w ON w.id = p.workload WHERE w.hash = ?';
    return this.#db.prepare<[string], ProvisionalRecord>(sql).get(hash);
  }

  provisionals(): string[] {
    const sql = 'SELECT w.hash FROM provisional p JOIN workloads w ON w.id = p.workload';
    return this.#db.prepare<[], string>(sql).pluck().all();
  }

  provisionalsOf(agent: string): Uint8Array[] {
    const sql = `SELECT p.envelope FROM provisional p
       WHERE p.workload IN (SELECT workload FROM instances WHERE agent = ? AND state <> 'exited')`;
    return this.#db.prepare<[string], Uint8Array>(sql).pluck().all(agent);
  }

  agentsOf(hash: string): string[] {
    const sql = `SELECT DISTINCT i.agent FROM instances i JOIN workloads w ON w.id = i.workload
       WHERE w.hash = ? AND i.state <> 'exited'`;
    return this.#db.prepare<[string], string>(sql).pluck().all(hash);
  }

  #sourceOf(workload: number): string {
    const sql =
      'SELECT DISTINCT a.source FROM instances i JOIN agents a ON a.id = i.agent WHERE i.workload = ? ORDER BY 1';
    return this.#db.prepare<[number], string>(sql).pluck().all(workload).join('+');
  }

  occurrences(filter: OccurrenceFilter): OccurrenceRecord[] {
    const { id = null, agent = null, activeAfter = -1, before, idPrefix, scope, limit } = filter;
    return this.#db
      .prepare<
        [Record<string, string | number | null>],
        { id: string; agent: string; report: string; incident: string }
      >(
        `SELECT i.id, i.agent, i.report, i.incident FROM occurrences i JOIN workloads w ON w.id = i.workload
         WHERE (@id IS NULL OR i.id = @id) AND (@agent IS NULL OR agent = @agent) AND last_us > @activeAfter
           AND (@last IS NULL OR last_us < @last OR (last_us = @last AND i.id > @lastId))
           AND (@prefix IS NULL OR (i.id >= @prefix AND i.id < @prefix || char(0x10ffff)))
           AND (@clusters = '[]' OR w.cluster IN (SELECT value FROM json_each(@clusters)))
           AND (@namespaces = '[]' OR w.namespace IN (SELECT value FROM json_each(@namespaces)))
         ORDER BY last_us DESC, i.id LIMIT @limit`,
      )
      .all({
        id,
        agent,
        activeAfter,
        last: before?.last ?? null,
        lastId: before?.id ?? null,
        prefix: idPrefix ?? null,
        clusters: JSON.stringify(scope?.clusters ?? []),
        namespaces: JSON.stringify(scope?.namespaces ?? []),
        limit,
      })
      .map(({ id, incident, ...row }) => ({ ...row, row: incident, ...this.#handling(id) }));
  }

  #handling(incident: string): Omit<OccurrenceRecord, 'agent' | 'report' | 'row'> {
    return {
      decisions: this.#db
        .prepare<[string], DecisionRecord>(
          `SELECT time_ms AS time, incident, action, reason, rule, would_action, would_reason FROM decisions
           WHERE incident = ? ORDER BY time_ms DESC LIMIT 20`,
        )
        .all(incident),
      orders: this.#db
        .prepare<[string], OrderRecord>('SELECT * FROM orders WHERE incident = ? ORDER BY issued_at_ms, seq')
        .all(incident),
      receipts: this.#db
        .prepare<[string], string>(
          // What an agent did before anybody ordered anything has no order, and comes first.
          `SELECT r.report FROM receipts r LEFT JOIN orders o ON o.id = r.order_id AND o.agent = r.agent
           WHERE r.incident = ? ORDER BY o.issued_at_ms, o.seq, r.order_id`,
        )
        .pluck()
        .all(incident),
    };
  }

  ordersSince(issuedAfterMs: number): (OrderRecord & { receipt: string | null })[] {
    return this.#db
      .prepare<[number], OrderRecord & { receipt: string | null }>(
        `SELECT o.*, (SELECT report FROM receipts r WHERE r.order_id = o.id AND r.agent = o.agent) AS receipt
         FROM orders o WHERE o.issued_at_ms > ? ORDER BY o.issued_at_ms DESC, o.seq DESC`,
      )
      .all(issuedAfterMs);
  }
}
