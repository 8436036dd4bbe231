import { type Drift, severities } from '../../../fingerprint/incident.ts';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import type { AuditRecord } from '../../ports/audit.ts';
import type {
  IncidentDetail,
  IncidentQuery,
  IncidentState,
  IncidentStore,
  IncidentSummary,
  ReviewRecord,
  ShownDrifts,
  Silenced,
} from '../../ports/incidents.ts';
import { StoreError } from '../../ports.ts';
import { incidentOf, occurrenceRow, workloadOf } from './domain.ts';
import type { NextState, ReviewRow, SilencedRow, SummaryRecord } from './incident-reader.ts';
import { dispositionOf, reviewActOf, severityOf, stateOf } from './incident-words.ts';
import type { DatabaseThread } from './thread.ts';

/** Occurrences shown of one incident: whoever needs all of five hundred wants the export. */
const maxSeen = 50;

/** The main thread's end of the incidents' tables. */
export class SqliteIncidents implements IncidentStore {
  readonly #thread: DatabaseThread;

  constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  async list(query: IncidentQuery): Promise<readonly IncidentSummary[]> {
    return (await this.#thread.call('incidentList', query)).map(summaryOf);
  }

  async get(id: string): Promise<IncidentDetail | undefined> {
    const found = await this.#thread.call('incidentDetail', id, maxSeen);
    if (found === undefined) return undefined;
    const { summary, seen, history } = found;
    return {
      ...summaryOf(summary),
      seen: seen.map(occurrenceRow),
      more: Math.max(0, summary.occurrences - seen.length),
      history: history.map(reviewOf),
    };
  }

  async silencedBy(id: string): Promise<readonly Silenced[]> {
    return (await this.#thread.call('incidentsSilencedBy', id)).map(silencedOf);
  }

  async driftsOf(id: string): Promise<ShownDrifts> {
    const { reports, keys } = await this.#thread.call('incidentShowing', id);
    const seen = reports.map(incidentOf);
    const drifts = [...new Map(seen.flatMap((i) => i.drifts).map((d) => [d.key, d])).values()];
    // A drift that an occurrence only counts may be one that another shows: at least the larger of the two is missing.
    const left = Math.max(0, keys - drifts.length, ...seen.map((i) => i.more));
    return { drifts: drifts.sort(gravestFirst), left };
  }

  retire(activeBefore: number): Promise<{ readonly occurrences: number; readonly isDone: boolean }> {
    return this.#thread.call('incidentsRetire', activeBefore);
  }

  review(
    record: ReviewRecord,
    next: IncidentState,
    audit: AuditRecord,
  ): Promise<{ taken: boolean; version: number } | undefined> {
    return this.#thread.call('incidentReview', reviewRow(record), nextState(next), audit);
  }
}

function summaryOf(record: SummaryRecord): IncidentSummary {
  return {
    id: record.id,
    hash: record.hash,
    workload: workloadOf(record),
    ...stateIn(record),
    version: record.version,
    severity: severityOf(record.severity),
    opened: record.opened_ms,
    changed: record.changed_ms,
    first: record.first_us,
    last: record.last_us,
    count: record.count,
    occurrences: record.occurrences,
    nodes: record.nodes,
    lead: incidentOf(record.report),
  };
}

function silencedOf({ id, severity, count, left, report }: SilencedRow): Silenced {
  const { sentence, workload } = incidentOf(report);
  return { id, severity: severityOf(severity), sentence, subject: workload.subject, count, left };
}

function gravestFirst(a: Drift, b: Drift): number {
  return severities.indexOf(b.severity) - severities.indexOf(a.severity) || (a.key < b.key ? -1 : 1);
}

function stateIn(record: NextState): IncidentState {
  const disposition = dispositionOf(record.disposition);
  return {
    state: stateOf(record.state),
    ...(disposition === undefined ? {} : { disposition }),
    ...(record.until_ms === 0 ? {} : { until: record.until_ms }),
    ...(record.claimed_by === '' ? {} : { claimedBy: record.claimed_by }),
  };
}

function nextState({ state, disposition, until, claimedBy }: IncidentState): NextState {
  return { state, disposition: disposition ?? '', until_ms: until ?? 0, claimed_by: claimedBy ?? '' };
}

function reviewRow(record: ReviewRecord): ReviewRow {
  const { incident, version, act, author, reason, time, until, document, before } = record;
  return {
    incident,
    version,
    act,
    author,
    reason,
    time_ms: time,
    until_ms: until ?? 0,
    document: document ?? '',
    before: JSON.stringify(nextState(before)),
  };
}

function reviewOf(row: ReviewRow): ReviewRecord {
  return {
    incident: row.incident,
    version: row.version,
    act: reviewActOf(row.act),
    author: row.author,
    reason: row.reason,
    time: row.time_ms,
    ...(row.until_ms === 0 ? {} : { until: row.until_ms }),
    ...(row.document === '' ? {} : { document: row.document }),
    before: stateIn(stateRow(row.before)),
  };
}

function stateRow(json: string): NextState {
  const value = Object(parseJson(Buffer.from(json)));
  const text = (name: string): string => {
    const found: unknown = Reflect.get(value, name);
    if (typeof found === 'string') return found;
    throw new StoreError(
      'not-a-database',
      'the database holds no state where one was stored before a review',
    );
  };
  return {
    state: text('state'),
    disposition: text('disposition'),
    until_ms: Number(Reflect.get(value, 'until_ms')) || 0,
    claimed_by: text('claimed_by'),
  };
}
