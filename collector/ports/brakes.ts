import type { Workload } from '../../fingerprint/workload.ts';
import type { Disarm } from '../core/disarm.ts';
import type { HeldOrder, HeldState } from '../core/held-order.ts';
import type { NodeState } from '../core/settling.ts';
import type { OutLease } from '../core/spending.ts';

export { brakeReasons } from '../core/brake-limits.ts';
export type { Disarm, DisarmScope } from '../core/disarm.ts';
export { type HeldOrder, type HeldState, heldStates } from '../core/held-order.ts';
export type { NodeState } from '../core/settling.ts';
export type { OutLease } from '../core/spending.ts';

/** Running copies, as agents told of them last. */
export interface Copies {
  /** Of anything, by the agent that is asked about. */
  readonly onNode: number;
  /** Of the workload, of each agent: the copies' ids. */
  readonly ofWorkload: readonly { readonly agent: string; readonly instance: string }[];
  /** Of its owner in the cluster, at whatever digest. */
  readonly ofOwner: number;
  /** Whether an agent of its node ever told of this copy. */
  readonly isKnown: boolean;
  /** ms since the Unix epoch: when this digest of the owner was first told of; 0: long ago. */
  readonly firstSeen: number;
}

export interface CopiesStore {
  around(agent: string, workload: Workload, instance: string): Promise<Copies>;
  /** Running copies that each agent has of some workloads, by hash, and of anything. */
  held(hashes: readonly string[]): Promise<readonly LeaseCopies[]>;
}

export interface LeaseCopies {
  readonly hash: string;
  readonly agent: string;
  readonly instances: readonly string[];
  readonly onNode: number;
  readonly ofOwner: number;
  /** As in `Copies`. */
  readonly firstSeen: number;
}

export interface LeaseStore {
  /** On record before it is sent: a collector that starts again knows what is out. */
  save(leases: readonly Omit<OutLease, 'dropped'>[]): Promise<void>;
  /** Those that were over after this; `spent` is counted from the receipts. */
  since(expiresAfter: number): Promise<readonly OutLease[]>;
}

export interface HeldOrderStore {
  save(order: HeldOrder): Promise<void>;
  of(id: string): Promise<HeldOrder | undefined>;
  /** Newest first. */
  list(state: HeldState | undefined, limit: number): Promise<readonly HeldOrder[]>;
  /** What ended before this is forgotten. */
  forget(endedBefore: number): Promise<void>;
}

export interface DisarmStore {
  /** The same id again ends or changes it. */
  save(disarm: Disarm): Promise<void>;
  /** Those that last beyond this. */
  until(after: number): Promise<readonly Disarm[]>;
}

export interface NodeStateStore {
  /** Of this agent; else the latest of any agent of the node. */
  of(agent: string, cluster: string, node: string): Promise<NodeState | undefined>;
  save(agent: string, cluster: string, node: string, state: NodeState, now: number): Promise<void>;
}

/** What was answered to a request that may come again. */
export interface AnswerStore {
  of(key: string): Promise<string | undefined>;
  save(key: string, answer: string, now: number): Promise<void>;
}

export interface BrakeStore {
  readonly copies: CopiesStore;
  readonly leases: LeaseStore;
  readonly heldOrders: HeldOrderStore;
  readonly disarms: DisarmStore;
  readonly nodes: NodeStateStore;
  readonly answers: AnswerStore;
}

/** Keeps a copy away from the network. Nothing here does it yet where it is absent: the Kubernetes enforcer will. */
export interface Quarantine {
  quarantine(about: {
    readonly incident: string;
    readonly node: string;
    readonly instance: string;
    readonly author: string;
    readonly reason: string;
  }): Promise<void>;
}

/** Who asks for something, and why: every change by a person carries both. */
export interface Who {
  readonly author: string;
  readonly reason: string;
}
