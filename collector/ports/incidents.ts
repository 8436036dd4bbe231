import type { Incident, Severity } from '../../fingerprint/incident.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { IncidentState, ReviewAct } from '../core/review.ts';
import type { IncidentRow } from '../ports.ts';

export type { Disposition, IncidentState, ReviewAct } from '../core/review.ts';
export { dispositions, reviewActs } from '../core/review.ts';

/**
 * What a person reads: one row for everything that drifted in the same way in one workload, on however many copies
 * (DESIGN §2.6). What one agent tells of one copy is an *occurrence* of it.
 */

export interface IncidentSummary extends IncidentState {
  readonly id: string;
  /** sha256 of the workload key, hex. */
  readonly hash: string;
  readonly workload: Workload;
  /** Grows with every act of a person and every reopening: what somebody decided on who had seen less is refused. */
  readonly version: number;
  readonly severity: Severity;
  /** ms since the Unix epoch. */
  readonly opened: number;
  readonly changed: number;
  /** µs since the Unix epoch. */
  readonly first: number;
  readonly last: number;
  /** Times that something drifted, copies and nodes it was seen on. */
  readonly count: number;
  readonly occurrences: number;
  readonly nodes: number;
  /** The gravest occurrence: its sentence, kinds, drifts and process are shown. */
  readonly lead: Incident;
}

export interface ReviewRecord {
  readonly incident: string;
  /** The version it made. */
  readonly version: number;
  readonly act: ReviewAct;
  readonly author: string;
  readonly reason: string;
  /** ms since the Unix epoch. */
  readonly time: number;
  readonly until?: number;
  /** Digest of what was signed, for approvals. */
  readonly document?: string;
  /** What it was before, so that it can be undone. */
  readonly before: IncidentState;
}

export interface IncidentDetail extends IncidentSummary {
  /** Gravest first; `more` did not fit. */
  readonly seen: readonly IncidentRow[];
  readonly more: number;
  /** Oldest first. */
  readonly history: readonly ReviewRecord[];
}

export interface IncidentQuery {
  readonly state?: IncidentState['state'];
  readonly minSeverity?: Severity;
  /** Absent: all. */
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Of a workload. */
  readonly hash?: string;
  /** Beginning of an id, hex. */
  readonly idPrefix?: string;
  /** µs since the Unix epoch. */
  readonly activeAfter?: number;
  /** What comes after this row, in the order newest activity first. */
  readonly after?: { readonly last: number; readonly id: string };
  readonly limit: number;
}

/** What else would fall silent if the drifts of an incident were granted. */
export interface Silenced {
  readonly id: string;
  readonly count: number;
  /** Drifts of it that would go on. */
  readonly left: number;
}

export interface IncidentStore {
  /** Newest activity first. */
  list(query: IncidentQuery): Promise<readonly IncidentSummary[]>;
  get(id: string): Promise<IncidentDetail | undefined>;
  /** Open incidents, of this digest and others of the same owner and container, that share drifts with it. */
  silencedBy(id: string): Promise<readonly Silenced[]>;
  /** Takes away some of the occurrences that were last active before (µs since the Unix epoch), with all about them. */
  retire(activeBefore: number): Promise<{ readonly occurrences: number; readonly isDone: boolean }>;
  /**
   * Puts an act on record and the incident into its next state, if it still has the version that was decided on.
   * @returns the version it has now, and whether the act was taken
   */
  review(record: ReviewRecord, next: IncidentState): Promise<{ taken: boolean; version: number } | undefined>;
}
