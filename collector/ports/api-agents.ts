import type { Caller, Page } from './api.ts';
import type { BackupAnswer } from './backups.ts';

/** What the HTTP API can ask about agents: who they are, who may become one, who may not. */

/** An agent as people name it: its cluster, and its node's UID or name. */
export interface AgentName {
  readonly cluster: string;
  readonly agent: string;
}

export interface WantedJoinToken {
  readonly cluster?: string;
  readonly node?: string;
  readonly minutes?: number;
  /** Whether it lets in a machine under the name of one that has a certificate. */
  readonly replaces?: boolean;
}

/** Told once, to whoever made it. */
export interface MadeJoinToken {
  readonly id: string;
  readonly token: string;
  /** ms since the Unix epoch. */
  readonly expiresAt: number;
  /** Where the collector listens for agents, as its configuration says: a machine elsewhere may call it otherwise. */
  readonly listen: string;
}

/** Whoever asks sees whole clusters, or nothing of them: a node runs copies of every namespace. */
export interface AgentService {
  agents(
    caller: Caller,
    page: { readonly limit: number; readonly after?: { readonly id: string } },
  ): Promise<Page<object>>;
  /** @returns undefined when the caller sees no such agent */
  agent(caller: Caller, name: AgentName): Promise<object | undefined>;
  /** Also one that was never heard of. @returns undefined when its cluster is not the caller's. @throws IdentityError */
  revoke(caller: Caller, name: AgentName, reason: string): Promise<object | undefined>;
  /** @returns undefined when its cluster is not the caller's. @throws IdentityError when it is not shut out */
  letIn(caller: Caller, name: AgentName, reason: string): Promise<object | undefined>;
  /** @returns undefined when the token would let in more than the caller sees. @throws IdentityError */
  makeJoinToken(caller: Caller, wanted: WantedJoinToken, reason: string): Promise<MadeJoinToken | undefined>;
}

export interface ClusterInfo {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  readonly accounts: readonly string[];
  /** sha256 of the issuer's keys as they were given, hex. */
  readonly jwks: string;
  readonly author: string;
  /** ms since the Unix epoch. */
  readonly addedAt: number;
}

export interface NewCluster {
  readonly name: string;
  readonly issuer: string;
  readonly audience: string;
  readonly accounts: readonly string[];
  /** A JWKS, as the cluster tells it at /openid/v1/jwks. */
  readonly jwks: string;
}

interface By {
  readonly author: string;
  readonly reason: string;
}

export interface ClusterService {
  clusters(): Promise<readonly ClusterInfo[]>;
  /** Again: with other keys. @throws IdentityError */
  add(cluster: NewCluster, by: By): Promise<void>;
  /** @throws IdentityError */
  remove(name: string, by: By): Promise<void>;
}

export interface BackupService {
  /** @param out absolute, on the collector's machine. @throws BackupError */
  make(out: string, withKeys: boolean, by: By): Promise<BackupAnswer>;
}
