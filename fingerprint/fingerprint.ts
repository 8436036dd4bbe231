import type { Root } from './behaviour.ts';
import type { Access, BehaviourKind, Origin, Privilege, Transport } from './event.ts';
import type { Subject } from './workload.ts';

/** What one program does to files. One entry per path (and `to`); access is a sorted set. */
export const fileActs = ['read', 'write', 'create', 'map', 'load', 'link', 'delete', 'rename'] as const;
export type FileAct = Access | 'load' | 'link' | 'delete' | 'rename';

export interface FileEntry {
  readonly path: string;
  readonly access: readonly FileAct[];
  /** Target of a link, new name of a rename. */
  readonly to?: string;
  /** Only with `load`. */
  readonly origin?: Origin;
}

export type NetworkEntry =
  | { readonly do: 'connect'; readonly transport: Transport; readonly peer: string; readonly port: number }
  | { readonly do: 'listen'; readonly transport: Transport; readonly port: number }
  | { readonly do: 'resolve'; readonly name: string };

export interface PrivilegeEntry {
  readonly privilege: Privilege;
  readonly detail?: string;
}

/**
 * A node is an executed image in a context: (root, exe of the parent program, exe). The parent's exe is part of the
 * identity so that what `sh` may do below cron is not granted to `sh` below nginx. `parents` names the nodes it may be
 * started from; a node started from outside has the single parent `#<root>`.
 */
export interface Program {
  /** `p0`, `p1` … assigned after sorting by (root, parent exe, exe): the same behaviour has the same ids anywhere. */
  readonly id: string;
  readonly root: Root;
  /** Executable of the program that starts it; absent when it is started from outside. All of `parents` run it. */
  readonly parent?: string;
  /** May be empty: known only as the starter of another, its own start was never seen. */
  readonly parents: readonly string[];
  readonly exe: string;
  /** Origins the executable itself was seen with. */
  readonly origins: readonly Origin[];
  /** Whole argument vectors, argv[0] included. */
  readonly args: readonly (readonly string[])[];
  /** Environment hooks seen set at exec. */
  readonly env: readonly string[];
  readonly files: readonly FileEntry[];
  readonly network: readonly NetworkEntry[];
  readonly privileges: readonly PrivilegeEntry[];
}

export interface BehaviourSet {
  readonly programs: readonly Program[];
}

/** Which tables gave the strings their form; a fingerprint is judged by its own rules. */
export interface RuleVersion {
  readonly normaliser: number;
  readonly generaliser: number;
  readonly sensitive: number;
}

/** How it was learned. Never part of the behaviour digest. Times RFC 3339. */
export interface Observation {
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly source: string;
  readonly events: number;
  readonly lost: number;
  /** Keyed ids of the instances that were seen, the smallest 64 kept so that merging is idempotent. */
  readonly instances: readonly string[];
}

/** Learned, mergeable, unsigned. */
export interface Baseline {
  readonly format: 'whorl-baseline/v1';
  readonly subject: Subject;
  readonly rules: RuleVersion;
  /** Kinds that were watched throughout: only these are judged. Absent is not empty. Sorted. */
  readonly coverage: readonly BehaviourKind[];
  readonly behaviour: BehaviourSet;
  readonly observation: Observation;
}

/** A baseline that was fixed and signed: the payload of an envelope, after parsing. */
export interface Fingerprint {
  readonly subject: Subject;
  readonly rules: RuleVersion;
  readonly coverage: readonly BehaviourKind[];
  readonly behaviour: BehaviourSet;
  readonly observation: Observation;
  readonly stream: string;
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly supersedes?: string;
}
