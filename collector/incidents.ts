import { auditRecord } from './core/audit-entry.ts';
import { type IncidentState, reviewed } from './core/review.ts';
import type { AuditRecord } from './ports/audit.ts';
import type {
  IncidentDetail,
  IncidentQuery,
  IncidentStore,
  IncidentSummary,
  NotSigned,
  ReviewAnswer,
  ReviewRecord,
  ReviewRequest,
  ShownDrifts,
  Silenced,
} from './ports/incidents.ts';
import type { StateLine } from './state-line.ts';

export interface IncidentsOptions {
  readonly store: IncidentStore;
  /** Whether the collector hands out what has this digest, and it is about this workload. */
  readonly isSigned: (digest: string, incident: IncidentSummary) => boolean;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly tell: (line: StateLine) => void;
}

/** What people read and decide about: the rows of drift, and what was done with them. */
export class Incidents {
  readonly #options: IncidentsOptions;

  constructor(options: IncidentsOptions) {
    this.#options = options;
  }

  list(query: IncidentQuery): Promise<readonly IncidentSummary[]> {
    return this.#options.store.list(query);
  }

  get(id: string): Promise<IncidentDetail | undefined> {
    return this.#options.store.get(id);
  }

  /** What granting all its drifts would silence besides itself. */
  silencedBy(id: string): Promise<readonly Silenced[]> {
    return this.#options.store.silencedBy(id);
  }

  /** What granting all its drifts would grant. */
  driftsOf(id: string): Promise<ShownDrifts> {
    return this.#options.store.driftsOf(id);
  }

  async review(id: string, request: ReviewRequest): Promise<ReviewAnswer> {
    const { store, now, isSigned } = this.#options;
    const found = await store.get(id);
    if (found === undefined) return { kind: 'unknown' };
    if (found.version !== request.version) return { kind: 'changed', version: found.version };
    const before = stateOf(found);
    const next = reviewed(before, request, undoneBy(found.history), now());
    if ('code' in next) return { kind: 'refused', refused: next };
    if (request.document !== undefined && !isSigned(request.document, found))
      return { kind: 'refused', refused: notSigned };
    const record: ReviewRecord = {
      incident: id,
      version: found.version + 1,
      act: request.act,
      author: request.author,
      reason: request.reason,
      time: now(),
      ...(request.until === undefined ? {} : { until: request.until }),
      ...(request.document === undefined ? {} : { document: request.document }),
      before,
    };
    const stored = await store.review(record, next, auditOf(record, next));
    if (stored === undefined) return { kind: 'unknown' };
    if (!stored.taken) return { kind: 'changed', version: stored.version };
    const { act, author, reason } = record;
    this.#options.tell({ type: 'review', incident: id, act, author, reason, workload: found.workload });
    return { kind: 'taken', incident: (await store.get(id)) ?? found };
  }
}

/** On record with what it was before and after, so that the log alone tells how an incident came to be silent. */
function auditOf(record: ReviewRecord, after: IncidentState): AuditRecord {
  const { incident, act, author, reason, time, version, before, until, document } = record;
  const detail = {
    act,
    version,
    before,
    after,
    ...(until === undefined ? {} : { until }),
    ...(document === undefined ? {} : { document }),
  };
  const type = act === 'undone' ? 'undo' : 'disposition';
  return auditRecord({ type, author, about: incident, reason, detail }, time);
}

const notSigned: NotSigned = {
  code: 'document-unknown',
  sentence:
    'the collector hands out no signed document of this digest that is about this workload; push it first (whorl accept … --push)',
};

function stateOf({ state, disposition, until, claimedBy }: IncidentState): IncidentState {
  return {
    state,
    ...(disposition === undefined ? {} : { disposition }),
    ...(until === undefined ? {} : { until }),
    ...(claimedBy === undefined ? {} : { claimedBy }),
  };
}

/** The state before the last act that was not undone itself. What is undone twice in a row goes back two steps. */
function undoneBy(history: readonly ReviewRecord[]): IncidentState | undefined {
  const standing: ReviewRecord[] = [];
  for (const record of history) {
    if (record.act === 'undone') standing.pop();
    else if (record.act !== 'note') standing.push(record);
  }
  return standing.at(-1)?.before;
}
