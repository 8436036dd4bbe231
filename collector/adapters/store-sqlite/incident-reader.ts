import type Sqlite from 'better-sqlite3';
import type { AuditRecord } from '../../ports/audit.ts';
import type { IncidentQuery } from '../../ports/incidents.ts';
import type { AuditTable } from './audit-table.ts';
import { heightOf } from './incident-words.ts';
import type { WorkloadRecord } from './reader.ts';

export interface SummaryRecord extends Omit<WorkloadRecord, 'id'> {
  readonly id: string;
  readonly state: string;
  readonly disposition: string;
  readonly until_ms: number;
  readonly claimed_by: string;
  readonly version: number;
  readonly severity: number;
  readonly opened_ms: number;
  readonly changed_ms: number;
  readonly first_us: number;
  readonly last_us: number;
  readonly count: number;
  readonly occurrences: number;
  readonly nodes: number;
  /** JSON of the report that is shown. */
  readonly report: string;
}

export interface ReviewRow {
  readonly incident: string;
  readonly version: number;
  readonly act: string;
  readonly author: string;
  readonly reason: string;
  readonly time_ms: number;
  readonly until_ms: number;
  readonly document: string;
  /** JSON of the state before. */
  readonly before: string;
}

export interface SilencedRow {
  readonly id: string;
  readonly severity: number;
  readonly count: number;
  /** Keys of it that the one it would fall silent with has not. */
  readonly left: number;
  /** JSON of the report that is shown. */
  readonly report: string;
}

export interface NextState {
  readonly state: string;
  readonly disposition: string;
  readonly until_ms: number;
  readonly claimed_by: string;
}

const summary = `i.id, i.state, i.disposition, i.until_ms, i.claimed_by, i.version, i.severity, i.opened_ms, i.changed_ms,
  i.first_us, i.last_us, i.count,
  (SELECT count(*) FROM occurrences o WHERE o.incident = i.id) AS occurrences,
  (SELECT count(DISTINCT o.node) FROM occurrences o WHERE o.incident = i.id) AS nodes,
  w.hash, w.cluster, w.namespace, w.owner, w.container, w.role, w.entry, w.name, w.digest,
  l.report`;
const from = 'FROM incidents i JOIN workloads w ON w.id = i.workload JOIN occurrences l ON l.id = i.lead';

/** Occurrences of one incident that are looked through for drifts no other showed. Copies drift alike: usually one is enough. */
const maxLookedThrough = 500;
/** A person who is to grant more than these in one act does not read them. */
const maxDriftsShown = 500;

/** Questions about incidents, and the one write that people make. */
export class IncidentReader {
  readonly #db: Sqlite.Database;
  readonly #audit: AuditTable;
  readonly #changed: () => void;

  /** @param changed told when a person changed an incident: what ingest remembers of it is old */
  constructor(db: Sqlite.Database, audit: AuditTable, changed: () => void) {
    this.#db = db;
    this.#audit = audit;
    this.#changed = changed;
  }

  list(query: IncidentQuery): SummaryRecord[] {
    const { after, minSeverity, clusters, namespaces } = query;
    return this.#db
      .prepare<[object], SummaryRecord>(
        `SELECT ${summary} ${from}
         WHERE (@state IS NULL OR i.state = @state) AND i.severity >= @severity AND (@hash IS NULL OR w.hash = @hash)
           AND (@clusters IS NULL OR w.cluster IN (SELECT value FROM json_each(@clusters)))
           AND (@namespaces IS NULL OR w.namespace IN (SELECT value FROM json_each(@namespaces)))
           AND i.last_us > @activeAfter
           AND (@prefix IS NULL OR (i.id >= @prefix AND i.id < @prefixEnd)
             OR i.id IN (SELECT incident FROM occurrences WHERE id >= @prefix AND id < @prefixEnd))
           AND (@document IS NULL OR i.id IN (SELECT incident FROM reviews WHERE document = @document))
           AND (@last IS NULL OR i.last_us < @last OR (i.last_us = @last AND i.id > @afterId))
         ORDER BY i.last_us DESC, i.id LIMIT @limit`,
      )
      .all({
        state: query.state ?? null,
        severity: minSeverity === undefined ? 0 : heightOf(minSeverity),
        hash: query.hash ?? null,
        clusters: clusters === undefined ? null : JSON.stringify(clusters),
        namespaces: namespaces === undefined ? null : JSON.stringify(namespaces),
        activeAfter: query.activeAfter ?? -1,
        prefix: query.idPrefix ?? null,
        // Ids are hex: `g` comes after every continuation of the prefix.
        prefixEnd: `${query.idPrefix ?? ''}g`,
        document: query.document ?? null,
        last: after?.last ?? null,
        afterId: after?.id ?? null,
        limit: query.limit,
      });
  }

  get(id: string): SummaryRecord | undefined {
    return this.#db.prepare<[string], SummaryRecord>(`SELECT ${summary} ${from} WHERE i.id = ?`).get(id);
  }

  /** Ids of its occurrences, gravest first. */
  occurrencesOf(id: string, limit: number): string[] {
    const sql =
      'SELECT id FROM occurrences WHERE incident = ? ORDER BY severity DESC, last_us DESC, id LIMIT ?';
    return this.#db.prepare<[string, number], string>(sql).pluck().all(id, limit);
  }

  /** Reports in which every drift that is kept of it stands at least once, and how many drift keys it holds. */
  showing(id: string): { reports: string[]; keys: number } {
    const keys =
      this.#db
        .prepare<[string], number>('SELECT count(*) FROM incident_keys WHERE incident = ?')
        .pluck()
        .get(id) ?? 0;
    const shown = new Set<string>();
    const reports: string[] = [];
    for (const { report, held } of this.#reportsOf(id)) {
      const known = shown.size;
      for (const key of held.split('\n')) shown.add(key);
      if (shown.size > known) reports.push(report);
      if (shown.size >= Math.min(keys, maxDriftsShown)) break;
    }
    return { reports, keys };
  }

  #reportsOf(id: string): IterableIterator<{ report: string; held: string }> {
    return this.#db
      .prepare<[string], { report: string; held: string }>(
        `SELECT report, (SELECT coalesce(group_concat(json_extract(d.value, '$.key'), char(10)), '')
             FROM json_each(o.report, '$.incident.drifts') d) AS held
         FROM occurrences o WHERE incident = ? ORDER BY severity DESC, last_us DESC, id LIMIT ${maxLookedThrough}`,
      )
      .iterate(id);
  }

  historyOf(id: string): ReviewRow[] {
    return this.#db
      .prepare<[string], ReviewRow>('SELECT * FROM reviews WHERE incident = ? ORDER BY version')
      .all(id);
  }

  /** Open incidents of the same owner and container that share keys with it; `left`: keys of theirs that it has not. */
  silencedBy(id: string): SilencedRow[] {
    return this.#db
      .prepare<[{ id: string }], SilencedRow>(
        `WITH about AS (SELECT w.* FROM incidents i JOIN workloads w ON w.id = i.workload WHERE i.id = @id)
         SELECT i.id, i.severity, i.count, l.report,
           (SELECT count(*) FROM incident_keys k WHERE k.incident = i.id
              AND k.key NOT IN (SELECT key FROM incident_keys WHERE incident = @id)) AS left
         FROM incidents i JOIN workloads w ON w.id = i.workload JOIN occurrences l ON l.id = i.lead
           JOIN about a ON a.cluster = w.cluster AND a.namespace = w.namespace AND a.owner = w.owner
             AND a.container = w.container
         WHERE i.state = 'open' AND i.id <> @id
           AND EXISTS (SELECT 1 FROM incident_keys k WHERE k.incident = i.id
              AND k.key IN (SELECT key FROM incident_keys WHERE incident = @id))
         ORDER BY i.last_us DESC LIMIT 500`,
      )
      .all({ id });
  }

  /** @returns undefined when there is no such incident */
  review(
    row: ReviewRow,
    next: NextState,
    audit: AuditRecord,
  ): { taken: boolean; version: number } | undefined {
    try {
      return this.#db.transaction(() => this.#review(row, next, audit))();
    } catch (error) {
      this.#audit.forget();
      throw error;
    }
  }

  #review(
    row: ReviewRow,
    next: NextState,
    audit: AuditRecord,
  ): { taken: boolean; version: number } | undefined {
    const version = this.#db
      .prepare<[string], number>('SELECT version FROM incidents WHERE id = ?')
      .pluck()
      .get(row.incident);
    if (version === undefined) return undefined;
    if (version !== row.version - 1) return { taken: false, version };
    this.#db
      .prepare(
        `INSERT INTO reviews (incident, version, act, author, reason, time_ms, until_ms, document, before)
           VALUES (@incident, @version, @act, @author, @reason, @time_ms, @until_ms, @document, @before)`,
      )
      .run(row);
    this.#db
      .prepare(
        `UPDATE incidents SET state = @state, disposition = @disposition, until_ms = @until_ms,
             claimed_by = @claimed_by, version = @version, changed_ms = max(changed_ms, @time) WHERE id = @id`,
      )
      .run({ ...next, version: row.version, time: row.time_ms, id: row.incident });
    this.#audit.add(audit);
    this.#changed();
    return { taken: true, version: row.version };
  }
}
