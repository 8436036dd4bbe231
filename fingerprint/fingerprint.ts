import type { Root } from './behaviour.ts';
import type { CoverageWord } from './coverage.ts';
import type { Access, Origin, Privilege, Transport } from './event.ts';
import type { Phase } from './phase.ts';
import type { Subject, Workload } from './workload.ts';

/** What one program does to files. One entry per path (and `to`); access is a sorted set. */
export const fileActs = ['read', 'write', 'create', 'map', 'load', 'link', 'delete', 'rename'] as const;
export type FileAct = Access | 'load' | 'link' | 'delete' | 'rename';

export interface FileEntry {
  readonly path: string;
  readonly access: readonly FileAct[];
  /** Target of a link, new name of a rename. */
  readonly to?: string;
  /**
   * With `load` where the bytes came from, judged exactly. With anything else only `volume`: the evidence by which names
   * become a data directory; never compared, because another site may mount another thing there.
   */
  readonly origin?: Origin;
}

export type NetworkEntry =
  | {
      readonly do: 'connect';
      readonly transport: Transport;
      /** A name, a socket path, an address nothing named, or `{site:NAME}`. */
      readonly peer: string;
      readonly port: number;
      /** The public name was seen to answer an address inside; without it such an answer is drift (`rebinding`). */
      readonly inward?: true;
    }
  | { readonly do: 'listen'; readonly transport: Transport; readonly port: number }
  | { readonly do: 'resolve'; readonly name: string; readonly inward?: true };

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
  readonly inherited?: Inherited;
  /** Test steps that ran while it was recorded, sorted. Absent: it was not recorded under test. */
  readonly ran?: readonly string[];
  /** By the id of an entry or program (grants.ts): the test steps that showed it first, sorted; of many the first three. */
  readonly steps?: Steps;
}

export type Steps = Readonly<Record<string, readonly string[]>>;

/** What was taken over from the digest before and has not been seen of this one yet. */
export interface Inherited {
  /** `sha256:HEX` of the image it was learned from. */
  readonly from: string;
  /** `root|parent|exe` of the programs, sorted. */
  readonly programs: readonly string[];
}

/** Whose copies it was learned from: it judges only there. Absent: whoever runs the image (a vendor's fingerprint). */
export type Scope = Omit<Workload, 'subject'>;

/** A place the vendor leaves to the site: `{site:NAME}` as a peer or name, `{volume:NAME}` at the start of a path. */
export interface SiteParameter {
  readonly kind: 'site' | 'volume';
  /** A lower-case word: letters, digits, `-`; at most 40. */
  readonly name: string;
  /** For the person who binds it. */
  readonly what: string;
}

/** What a workload must have been seen doing for its baseline to stand for it (DESIGN §5 d). */
export const exerciseModes = ['start', 'load', 'reload', 'rotate', 'backup', 'failover', 'shutdown'] as const;
export type ExerciseMode = (typeof exerciseModes)[number];

export interface Exercise {
  readonly mode: ExerciseMode;
  /** All of these must stand in the behaviour, or the mode counts as not exercised. */
  readonly expects: readonly Expectation[];
}

export type Expectation =
  | { readonly do: 'exec'; readonly exe: string; readonly args?: readonly string[] }
  | { readonly do: 'open'; readonly path: string; readonly access: Access }
  | { readonly do: 'connect'; readonly peer: string; readonly port?: number }
  | { readonly do: 'listen'; readonly transport: Transport; readonly port: number }
  | { readonly do: 'resolve'; readonly name: string };

/** What a baseline and a fingerprint have in common: all that was learned, and what is to be known about it. */
interface Known {
  readonly subject: Subject;
  readonly rules: RuleVersion;
  /** What was watched throughout: only this is judged. Absent is not empty. In canonical form. */
  readonly coverage: readonly CoverageWord[];
  /** Phases of life that were learned; only these are judged. Absent: both. */
  readonly phases?: readonly Phase[];
  readonly scope?: Scope;
  readonly parameters?: readonly SiteParameter[];
  readonly representativeness?: readonly Exercise[];
  /** Tombstones: what a person removed, in the form of a behaviour. A program without entries stands for all of it. */
  readonly removed?: BehaviourSet;
  readonly behaviour: BehaviourSet;
  readonly observation: Observation;
}

/** Learned, mergeable, unsigned. */
export interface Baseline extends Known {
  readonly format: 'whorl-baseline/v1';
}

/** A baseline that was fixed and signed: the payload of an envelope, after parsing. */
export interface Fingerprint extends Known {
  readonly stream: string;
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  readonly supersedes?: string;
}
