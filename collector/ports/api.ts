import type { Place, Role, Scope, TokenRow } from './access.ts';
import type { AgentService, BackupService, ClusterService } from './api-agents.ts';
import type { AuditService } from './api-audit.ts';
import type { IncidentService } from './api-incidents.ts';
import type { NotifyService } from './api-notify.ts';
import type { ResponsePolicyService } from './api-response-policy.ts';
import type { StopServices } from './api-stops.ts';

/**
 * What the HTTP API can ask of the collector: one interface per resource. Answers are plain JSON; times in ms since the
 * Unix epoch unless said. Whoever asks comes along: what lies outside their scope is not in the answer.
 */

/** Somebody who is known: a token's holder, or whoever may open the unix socket. */
export interface Caller {
  /** The author of what they change: the token's name, or `local:<user>`. */
  readonly name: string;
  /** Unique over all callers, for what is counted or remembered by caller. */
  readonly key: string;
  readonly role: Role;
  readonly scope: Scope;
  may(least: Role): boolean;
  sees(place: Place): boolean;
  /** Whether nothing is kept from them: what belongs to no namespace is for these alone. */
  readonly seesAll: boolean;
}

/** By whom and why something is changed. */
export interface Change {
  readonly author: string;
  readonly reason: string;
}

export type TokenInfo = Omit<TokenRow, 'hash'>;

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly scope: Scope;
  /** ms since the Unix epoch; absent: in 90 days. */
  readonly expiresAt?: number;
}

/** A token is told once, to whoever made it. */
export interface MadeToken {
  readonly token: string;
  readonly info: TokenInfo;
}

export interface AccessService {
  /** The caller that a token stands for; undefined when it is none, over or revoked. */
  authenticate(token: string): Promise<Caller | undefined>;
  tokens(): Promise<readonly TokenInfo[]>;
  /** @throws AccessError */
  createToken(wanted: NewToken, change: Change): Promise<MadeToken>;
  /** @returns false when there is none that could be revoked */
  revokeToken(id: string, change: Change): Promise<boolean>;
  /** @returns undefined when that is not the bootstrap token, or was used */
  bootstrap(token: string, name: string): Promise<MadeToken | undefined>;
}

/** Why no token is made: the sentence is for whoever asked. */
export class AccessError extends Error {
  readonly code: 'too-many' | 'name-taken' | 'expires';
  constructor(code: AccessError['code'], message: string) {
    super(message);
    this.name = 'AccessError';
    this.code = code;
  }
}

/** A place in a list, for the next page. */
export interface After {
  readonly time: number;
  readonly id: string;
}

export interface Page<T> {
  readonly items: readonly T[];
  /** Absent on the last page. */
  readonly next?: After;
}

export interface StatusService {
  status(caller: Caller): Promise<object>;
  /** Whether the store answers. */
  ready(): Promise<boolean>;
}

export interface WorkloadService {
  workloads(caller: Caller, page: { readonly limit: number; readonly after?: After }): Promise<Page<object>>;
  /** @returns undefined when no workload that the caller sees has this hash */
  workload(caller: Caller, hash: string): Promise<object | undefined>;
  baseline(caller: Caller, hash: string): Promise<object | undefined>;
}

export interface DocumentService {
  /** @throws FingerprintError when it is no signed document, or none that the trust policy lets through */
  addDocument(envelope: Uint8Array, author: string): Promise<object>;
}

/** One change of state, as it is sent: serialised once, whoever listens. */
export interface FeedEvent {
  /** `<boot>-<n>`. */
  readonly id: string;
  readonly type: string;
  readonly json: string;
}

export interface Feed {
  /**
   * What came after the event `lastId`, then everything, until the returned function is called. When `lastId` is not
   * known any more the first is an event of type `reset`: what the listener knows is too old to go on from.
   */
  follow(caller: Caller, lastId: string | undefined, listener: (event: FeedEvent) => void): () => void;
}

export interface ApiServices {
  readonly access: AccessService;
  readonly status: StatusService;
  readonly workloads: WorkloadService;
  readonly incidents: IncidentService;
  readonly documents: DocumentService;
  readonly agents: AgentService;
  readonly clusters: ClusterService;
  readonly backups: BackupService;
  readonly responsePolicy: ResponsePolicyService;
  readonly audit: AuditService;
  readonly notify: NotifyService;
  readonly feed: Feed;
  readonly stops: StopServices;
}

/** Told of every answer, for log and metrics. */
export interface Answered {
  readonly method: string;
  /** The route's pattern, never the path that was asked for; `none` where no route fits. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
  readonly who: string;
  readonly id: string;
  /** It went on without end: its time says nothing. */
  readonly isStream: boolean;
}
