import { createHash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import { type Candidate, placement } from '../../ports/placement.ts';
import type { IncidentChange } from '../../ports.ts';
import { dispositionOf, stateOf } from './incident-words.ts';
import type { Row } from './rows.ts';

export type ReportedRow = Extract<Row, readonly ['incident', ...unknown[]]>;

export interface Placed {
  readonly incident: string;
  readonly change: IncidentChange;
  /** The occurrence itself was not known. */
  readonly isNew: boolean;
}

interface CandidateRecord {
  readonly id: string;
  readonly state: string;
  readonly disposition: string;
  readonly until_ms: number;
  readonly opened_ms: number;
  readonly changed_ms: number;
  readonly shared: number;
}

interface KnownOccurrence {
  readonly incident: string;
  readonly node: string;
  readonly workload: number;
  readonly severity: number;
  readonly count: number;
}

/** By what an incident has grown in one commit. */
interface Growth {
  count: number;
  last: number;
  first: number;
  severity: number;
  /** It is graver, or holds a drift it did not hold before. */
  isNews: boolean;
  /** A new one, or the one it has. */
  lead: string | null;
}

/** Drift keys whose incident is remembered: a bad rollout brings thousands of reports of the same few. */
const maxRemembered = 20_000;

/** Puts occurrences where they belong and keeps what is shown of each incident in step. Runs inside the commit. */
export class IncidentTable {
  readonly #sql: ReturnType<typeof prepare>;
  /** `workload key` → the open incident that holds it, as long as no other does. */
  readonly #open = new Map<string, string>();
  readonly #severity = new Map<string, number>();
  /** Since the commit began. */
  readonly #growth = new Map<string, Growth>();

  constructor(db: Sqlite.Database) {
    this.#sql = prepare(db);
  }

  /** What was remembered came from a transaction that did not happen, or a person has changed it. */
  forget(): void {
    this.#open.clear();
    this.#severity.clear();
    this.#growth.clear();
  }

  /** The latest report of an occurrence holds all of it. Another node's is never overwritten. */
  take(agent: string, workload: number, row: ReportedRow, now: number): Placed {
    return this.#join(agent, workload, row) ?? this.#find(agent, workload, row, now);
  }

  /** What incidents have grown by goes into their rows: to be called at the end of a transaction, in it. */
  flush(): void {
    for (const [incident, { count, last, first, severity, isNews, lead }] of this.#growth)
      this.#sql.grow.run(count, last, first, severity, lead, isNews ? 1 : 0, incident);
    this.#growth.clear();
  }

  /** The usual case by far: a new occurrence of drift with one key, which an open incident holds and nothing older claims. */
  #join(agent: string, workload: number, row: ReportedRow): Placed | undefined {
    const [, , , id, node, last, json, , severity, count, , keys] = row;
    const incident = this.#open.get(`${workload} ${keys}`);
    if (incident === undefined) return undefined;
    // Looked for and written at once: what is known already is not written, and goes the long way.
    const about = [id, agent, node, workload, last, json, incident, severity, count] as const;
    if (this.#sql.insert.run(...about).changes === 0) return undefined;
    return { incident, change: this.#grow(incident, row, count) ? 'graver' : 'grew', isNew: true };
  }

  #find(agent: string, workload: number, row: ReportedRow, now: number): Placed {
    const [, , , id, node, last, json, , severity, count, , joined] = row;
    const known = this.#sql.occurrence.get(id);
    if (known !== undefined && (known.node !== node || known.workload !== workload))
      return { incident: known.incident, change: 'grew', isNew: false };
    const keys = joined.split('\n');
    const { incident, change } = this.#place(known?.incident, workload, row, keys, now);
    if (known === undefined)
      this.#sql.insert.run(id, agent, node, workload, last, json, incident, severity, count);
    else this.#sql.update.run(agent, last, json, incident, severity, count, id);
    const isNew = known === undefined;
    if (change === 'opened') {
      this.#remember(incident, severity);
      this.#learn(workload, keys, incident, true);
      return { incident, change, isNew };
    }
    const before = known?.incident === incident ? known.count : 0;
    const graver = this.#grow(incident, row, Math.max(0, count - before));
    // What somebody is about to decide on is not what they looked at any more.
    if (this.#learn(workload, keys, incident, change === 'reopened')) this.#advance(incident);
    return { incident, change: graver && change === 'grew' ? 'graver' : change, isNew };
  }

  /** Kept until the end of the commit: of a bad rollout's reports hundreds are about one incident. @returns whether it is graver */
  #grow(incident: string, [, , , id, , last, , , severity, , first]: ReportedRow, count: number): boolean {
    const was = this.#severityOf(incident);
    const graver = severity > was;
    this.#remember(incident, graver ? severity : was);
    const grown = this.#growth.get(incident);
    if (grown === undefined) {
      this.#growth.set(incident, { count, last, first, severity, isNews: graver, lead: graver ? id : null });
      return graver;
    }
    grown.count += count;
    grown.last = Math.max(grown.last, last);
    grown.first = Math.min(grown.first, first);
    grown.severity = Math.max(grown.severity, severity);
    if (graver) [grown.lead, grown.isNews] = [id, true];
    return graver;
  }

  #advance(incident: string): void {
    const grown = this.#growth.get(incident);
    if (grown !== undefined) grown.isNews = true;
  }

  #place(
    own: string | undefined,
    workload: number,
    row: ReportedRow,
    keys: readonly string[],
    now: number,
  ): { incident: string; change: IncidentChange } {
    const known = this.#open.get(`${workload} ${keys[0]}`);
    // The usual case: the incident it belongs to is open, and nothing older claims it.
    if (known !== undefined && (own === undefined || own === known))
      return { incident: known, change: 'grew' };
    const others = this.#candidates(workload, keys);
    const mine = own === undefined ? undefined : (others.find((c) => c.id === own) ?? this.#candidate(own));
    const found = placement(mine, others, keys.length, row[5] / 1000, now);
    switch (found.kind) {
      case 'joins':
        return { incident: found.incident, change: 'grew' };
      case 'reopens':
        this.#sql.reopen.run(now, found.incident);
        return { incident: found.incident, change: 'reopened' };
      case 'opens':
        return { incident: this.#begin(workload, row, now), change: 'opened' };
    }
  }

  /** The first occurrence gives its name; when an incident that was closed has that, one is made from both. */
  #begin(workload: number, [, , , id, , last, , , severity, count, first]: ReportedRow, now: number): string {
    const about = [workload, severity, now, now, first, last, count, id] as const;
    if (this.#sql.open.run(id, ...about).changes === 1) return id;
    const name = createHash('sha256').update(`${id}\n${now}`).digest('hex');
    this.#sql.open.run(name, ...about);
    return name;
  }

  #candidates(workload: number, keys: readonly string[]): Candidate[] {
    const [first = ''] = keys;
    const found =
      keys.length === 1
        ? this.#sql.candidatesOfOne.all(workload, first)
        : this.#sql.candidates.all(JSON.stringify(keys), workload);
    return found.map(candidateOf);
  }

  #candidate(id: string): Candidate | undefined {
    const record = this.#sql.candidate.get(id);
    return record === undefined ? undefined : candidateOf(record);
  }

  #severityOf(incident: string): number {
    return this.#severity.get(incident) ?? this.#sql.severity.get(incident) ?? 0;
  }

  #remember(incident: string, severity: number): void {
    if (this.#severity.get(incident) === severity) return;
    if (this.#severity.size >= maxRemembered) {
      // What is not remembered is looked up in the row.
      this.flush();
      this.#severity.clear();
    }
    this.#severity.set(incident, severity);
  }

  /** @returns whether a key is new to it */
  #learn(workload: number, keys: readonly string[], incident: string, isOpen: boolean): boolean {
    let isMore = false;
    for (const key of keys) {
      const name = `${workload} ${key}`;
      if (this.#open.get(name) === incident) continue;
      isMore = this.#sql.hold.run(workload, key, incident).changes === 1 || isMore;
      if (!isOpen && this.#sql.state.get(incident) !== 'open') continue;
      if (this.#open.size >= maxRemembered) this.#open.clear();
      this.#open.set(name, incident);
    }
    return isMore;
  }
}

function candidateOf(record: CandidateRecord): Candidate {
  const disposition = dispositionOf(record.disposition);
  return {
    id: record.id,
    state: stateOf(record.state),
    ...(disposition === undefined ? {} : { disposition }),
    ...(record.until_ms === 0 ? {} : { until: record.until_ms }),
    opened: record.opened_ms,
    changed: record.changed_ms,
    shared: record.shared,
  };
}

/** More incidents than these share a key only when somebody closed it over and over. */
const maxCandidates = 50;

function prepare(db: Sqlite.Database) {
  const columns = 'i.id, i.state, i.disposition, i.until_ms, i.opened_ms, i.changed_ms';
  return {
    occurrence: db.prepare<[id: string], KnownOccurrence>(
      'SELECT incident, node, workload, severity, count FROM occurrences WHERE id = ?',
    ),
    insert: db.prepare(
      `INSERT INTO occurrences (id, agent, node, workload, last_us, report, incident, severity, count)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ),
    update: db.prepare(
      'UPDATE occurrences SET agent = ?, last_us = ?, report = ?, incident = ?, severity = ?, count = ? WHERE id = ?',
    ),
    candidates: db.prepare<[keys: string, workload: number], CandidateRecord>(
      // The order is ours: a workload may have thousands of keys, the occurrence has a few.
      `SELECT ${columns}, count(*) AS shared FROM json_each(?) k
         CROSS JOIN incident_keys h ON h.workload = ? AND h.key = k.value CROSS JOIN incidents i ON i.id = h.incident
       GROUP BY i.id ORDER BY i.opened_ms DESC LIMIT ${maxCandidates}`,
    ),
    candidatesOfOne: db.prepare<[workload: number, key: string], CandidateRecord>(
      `SELECT ${columns}, 1 AS shared FROM incident_keys h CROSS JOIN incidents i ON i.id = h.incident
       WHERE h.workload = ? AND h.key = ? ORDER BY i.opened_ms DESC LIMIT ${maxCandidates}`,
    ),
    candidate: db.prepare<[id: string], CandidateRecord>(
      `SELECT ${columns}, 0 AS shared FROM incidents i WHERE i.id = ?`,
    ),
    severity: db.prepare<[id: string], number>('SELECT severity FROM incidents WHERE id = ?').pluck(),
    state: db.prepare<[id: string], string>('SELECT state FROM incidents WHERE id = ?').pluck(),
    open: db.prepare(
      `INSERT INTO incidents (id, workload, severity, opened_ms, changed_ms, first_us, last_us, count, lead)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING`,
    ),
    reopen: db.prepare(
      `UPDATE incidents SET state = 'open', disposition = '', until_ms = 0, changed_ms = ?, version = version + 1
       WHERE id = ?`,
    ),
    grow: db.prepare(
      `UPDATE incidents SET count = count + ?, last_us = max(last_us, ?), first_us = min(first_us, ?),
         severity = max(severity, ?), lead = coalesce(?, lead), version = version + ? WHERE id = ?`,
    ),
    hold: db.prepare(
      'INSERT INTO incident_keys (workload, key, incident) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ),
  };
}
