import { createHash } from 'node:crypto';
import Sqlite from 'better-sqlite3';
import { freshSchema } from '../../collector/adapters/store-sqlite/schema.ts';
import { severities } from '../../fingerprint/incident.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import { type Drift, nodeName, severity } from './drifts.ts';

/** The rows that the collector leaves behind for one drift: always an occurrence and its decision. */
export interface BareRow {
  readonly id: string;
  readonly agent: string;
  readonly node: string;
  readonly workload: number;
  readonly last: number;
  readonly report: string;
  /** The incident it is rolled up into. */
  readonly incident: string;
  /** Of the first occurrence of an incident: the key of that incident, which has a row of its own. */
  readonly opens: string | undefined;
}

/** As many drifts in a transaction as make it no cheaper (reference: performance §2e); the collector's own limit. */
const driftsPerCommit = 4096;

/** Tables whose rows are the drifts'. */
const drifted = ['occurrences', 'incidents', 'incident_keys', 'decisions', 'workloads'] as const;

/**
 * The least that storing costs: prepared inserts of ready-made rows into the same tables, same indices, same durability
 * (WAL, a sync at each commit), nothing read, parsed, sent, counted or decided.
 */
export class BareLoop {
  readonly #db: Sqlite.Database;
  readonly #insert: (rows: readonly BareRow[]) => void;
  readonly #addWorkload: (workload: Workload) => number;
  readonly #workloads = new Map<string, number>();
  readonly #incidents = new Map<string, string>();

  constructor(file: string) {
    const db = new Sqlite(file);
    db.pragma('locking_mode = EXCLUSIVE');
    db.pragma('journal_mode = WAL');
    db.pragma('synchronous = FULL');
    db.exec(freshSchema());
    this.#db = db;
    this.#insert = insertsInto(db);
    this.#addWorkload = addsWorkloads(db);
  }

  /** Ready-made, before the clock starts. */
  rowOf(node: number, { id, workload, key, time, json }: Drift): BareRow {
    const row = this.#workloadRow(workload);
    const about = `${row} ${key}`;
    const known = this.#incidents.get(about);
    if (known === undefined) this.#incidents.set(about, id);
    return {
      id,
      agent: `agent-${nodeName(node)}`,
      node: nodeName(node),
      workload: row,
      last: time,
      // Flat, as a text that was received is: to put together the pieces of one is no part of storing it.
      report: Buffer.from(json).toString(),
      incident: known ?? id,
      opens: known === undefined ? key : undefined,
    };
  }

  #workloadRow(workload: Workload): number {
    const key = workloadKey(workload);
    const known = this.#workloads.get(key);
    if (known !== undefined) return known;
    const row = this.#addWorkload(workload);
    this.#workloads.set(key, row);
    return row;
  }

  store(rows: readonly BareRow[]): void {
    for (let at = 0; at < rows.length; at += driftsPerCommit)
      this.#insert(rows.slice(at, at + driftsPerCommit));
  }

  close(): void {
    this.#db.close();
  }
}

/** What a database holds of drifts, to see that both hold the same. */
export function rowsIn(file: string): Readonly<Record<string, number>> {
  const db = new Sqlite(file);
  try {
    return Object.fromEntries(
      drifted.map((table) => [
        table,
        db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0,
      ]),
    );
  } finally {
    db.close();
  }
}

function insertsInto(db: Sqlite.Database): (rows: readonly BareRow[]) => void {
  const occurrence = db.prepare(
    `INSERT INTO occurrences (id, agent, node, workload, last_us, report, incident, severity, count)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const decision = db.prepare(
    'INSERT INTO decisions (time_ms, incident, action, reason) VALUES (?, ?, ?, ?)',
  );
  const incident = db.prepare(
    `INSERT INTO incidents (id, workload, severity, opened_ms, changed_ms, first_us, last_us, count, lead)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const key = db.prepare('INSERT INTO incident_keys (workload, key, incident) VALUES (?, ?, ?)');
  const height = severities.indexOf(severity);
  return db.transaction((rows: readonly BareRow[]) => {
    for (const r of rows) {
      const ms = Math.floor(r.last / 1000);
      occurrence.run(r.id, r.agent, r.node, r.workload, r.last, r.report, r.incident, height, 1);
      decision.run(ms, r.id, 'none', 'policy-mode');
      if (r.opens === undefined) continue;
      incident.run(r.incident, r.workload, height, ms, ms, r.last, r.last, 1, r.id);
      key.run(r.workload, r.opens, r.incident);
    }
  });
}

function addsWorkloads(db: Sqlite.Database): (workload: Workload) => number {
  const statement = db.prepare(
    `INSERT INTO workloads (hash, cluster, namespace, owner, container, role, name, digest)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  return (workload) => {
    const { cluster, namespace, owner, container, role, subject } = workload;
    const hash = createHash('sha256').update(workloadKey(workload)).digest('hex');
    const about = [hash, cluster, namespace, owner, container, role, subject.name, subject.digest];
    return Number(statement.run(...about).lastInsertRowid);
  };
}
