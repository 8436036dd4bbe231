import { type Act, type ActRefused, type IncidentState, reviewed } from './core/review.ts';
import type {
  IncidentDetail,
  IncidentQuery,
  IncidentStore,
  IncidentSummary,
  ReviewRecord,
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

export interface ReviewRequest extends Act {
  readonly reason: string;
  /** The version the person has seen. */
  readonly version: number;
}

export type ReviewAnswer =
  | { readonly kind: 'taken'; readonly incident: IncidentDetail }
  | { readonly kind: 'unknown' }
  /** Somebody else was quicker, or it was reopened meanwhile. */
  | { readonly kind: 'changed'; readonly version: number }
  | { readonly kind: 'refused'; readonly refused: ActRefused | NotSigned };

export interface NotSigned {
  readonly code: 'document-unknown';
  readonly sentence: string;
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
    const stored = await store.review(record, next);
    if (stored === undefined) return { kind: 'unknown' };
    if (!stored.taken) return { kind: 'changed', version: stored.version };
    const { act, author, reason } = record;
    this.#options.tell({ type: 'review', incident: id, act, author, reason, workload: found.workload });
    return { kind: 'taken', incident: (await store.get(id)) ?? found };
  }
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
