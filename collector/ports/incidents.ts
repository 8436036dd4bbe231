import type { Drift, Incident, Severity } from '../../fingerprint/incident.ts';
import type { Subject, Workload } from '../../fingerprint/workload.ts';
import type { Act, ActRefused, IncidentState, ReviewAct } from '../core/review.ts';
import type { OccurrenceRow } from '../ports.ts';
import type { AuditRecord } from './audit.ts';

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
  /**
   * Grows with every act of a person, every reopening and every drift that is new to it: what somebody decided on who had
   * seen less is refused, or whoever waits for a harmless act to be looked at could add a grave one before it is closed.
   */
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
  readonly seen: readonly OccurrenceRow[];
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
  /** Beginning of its id or of that of one of its occurrences, hex: orders and receipts name those. */
  readonly idPrefix?: string;
  /** Digest of what was signed: only those that somebody decided on by it. */
  readonly document?: string;
  /** µs since the Unix epoch. */
  readonly activeAfter?: number;
  /** What comes after this row, in the order newest activity first. */
  readonly after?: { readonly last: number; readonly id: string };
  readonly limit: number;
}

/** What else would fall silent if the drifts of an incident were granted. */
export interface Silenced {
  readonly id: string;
  readonly severity: Severity;
  readonly sentence: string;
  /** The image that it runs from, where another digest drifts alike. */
  readonly subject: Subject;
  readonly count: number;
  /** Drifts of it that would go on. */
  readonly left: number;
}

/** What all occurrences of an incident showed. */
export interface ShownDrifts {
  /** Each once, gravest first. */
  readonly drifts: readonly Drift[];
  /** Drifts that are only counted: too many were there to keep each. */
  readonly left: number;
}

export interface ReviewRequest extends Act {
  readonly reason: string;
  /** The version the person has seen. */
  readonly version: number;
}

export interface NotSigned {
  readonly code: 'document-unknown';
  readonly sentence: string;
}

export type ReviewAnswer =
  | { readonly kind: 'taken'; readonly incident: IncidentDetail }
  | { readonly kind: 'unknown' }
  /** Somebody else was quicker, or it was reopened or grew meanwhile. */
  | { readonly kind: 'changed'; readonly version: number }
  | { readonly kind: 'refused'; readonly refused: ActRefused | NotSigned };

export interface IncidentStore {
  /** Newest activity first. */
  list(query: IncidentQuery): Promise<readonly IncidentSummary[]>;
  get(id: string): Promise<IncidentDetail | undefined>;
  driftsOf(id: string): Promise<ShownDrifts>;
  /** Open incidents, of this digest and others of the same owner and container, that share drifts with it. */
  silencedBy(id: string): Promise<readonly Silenced[]>;
  /** Takes away some of the occurrences that were last active before (µs since the Unix epoch), with all about them. */
  retire(activeBefore: number): Promise<{ readonly occurrences: number; readonly isDone: boolean }>;
  /**
   * Puts an act on record and the incident into its next state, if it still has the version that was decided on.
   * @param audit in the same commit: nothing is decided that the log does not tell
   * @returns the version it has now, and whether the act was taken
   */
  review(
    record: ReviewRecord,
    next: IncidentState,
    audit: AuditRecord,
  ): Promise<{ taken: boolean; version: number } | undefined>;
}
