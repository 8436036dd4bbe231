import type { Severity } from '../../fingerprint/incident.ts';
import type { After, Caller, Page } from './api.ts';
import type { IncidentState, ReviewAnswer, ReviewRequest } from './incidents.ts';

export type { ReviewAct, ReviewAnswer } from './incidents.ts';
export { reviewActs } from './incidents.ts';

/** Which incidents somebody wants to see; what is absent leaves nothing out. */
export interface IncidentsWanted {
  readonly state?: IncidentState['state'];
  readonly minSeverity?: Severity;
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  /** Of a workload. */
  readonly hash?: string;
  /** ms since the Unix epoch: active since then. */
  readonly since?: number;
  readonly idPrefix?: string;
  readonly document?: string;
  /** Here `time` is that of the last activity, µs since the Unix epoch. */
  readonly after?: After;
  readonly limit: number;
}

/** What lies outside the caller's scope is unknown to all of these. */
export interface IncidentService {
  /** Newest activity first. */
  incidents(caller: Caller, wanted: IncidentsWanted): Promise<Page<object>>;
  incident(caller: Caller, id: string): Promise<({ readonly version: number } & object) | undefined>;
  /** What granting all that it showed would grant, and what else would fall silent by it. */
  preview(caller: Caller, id: string): Promise<object | undefined>;
  /** The author is the caller. */
  review(caller: Caller, id: string, request: Omit<ReviewRequest, 'author'>): Promise<Reviewed>;
  occurrence(caller: Caller, id: string): Promise<object | undefined>;
}

export type Reviewed =
  | { readonly kind: 'taken'; readonly version: number; readonly incident: object }
  | Exclude<ReviewAnswer, { kind: 'taken' }>;
