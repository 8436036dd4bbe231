import type { Actor } from './behaviour.ts';
import type { Act } from './behaviour-json.ts';
import type { BehaviourKind, Origin, ProcessRef } from './event.ts';
import type { DriftReason, Mode } from './verdict.ts';
import type { Instance, Workload } from './workload.ts';

export const severities = ['low', 'medium', 'high', 'critical'] as const;
export type Severity = (typeof severities)[number];

/** One behaviour outside the fingerprint, with its evidence. Strings are generalised and free of secrets. */
export interface Drift extends Actor {
  /** Stable over nodes, pods and restarts (DESIGN §2.5). */
  readonly key: string;
  readonly kind: BehaviourKind;
  readonly because: DriftReason;
  /** The normalised subject: path, peer:port, name, privilege, or the argument vector joined for people. */
  readonly subject: string;
  /**
   * What was done, exactly, so that a person can grant this and nothing else; `subject` is for reading, shortened and
   * escaped. Absent where it is too long to keep.
   */
  readonly act?: Act;
  readonly origin?: Origin;
  readonly sha256?: string;
  readonly nearest?: string;
  readonly severity: Severity;
  readonly count: number;
  /** µs since the Unix epoch. */
  readonly first: number;
  readonly last: number;
  /** The process that did it first: what enforcement must re-check. */
  readonly process: ProcessRef;
  readonly found?: true;
  /** Who entered from outside, where known. */
  readonly caller?: string;
}

/** What was approved, for the sentence: who signed which version, and how far a reaction may go. */
export interface Approval {
  readonly fingerprint: string;
  readonly version: number;
  readonly signedBy: string;
  readonly maxMode: Mode;
  /**
   * The most for drift that is never learnable, where it is more than `maxMode`: an approval of an earlier digest of the
   * repository was carried over to one whose difference nobody has reviewed.
   */
  readonly neverLearnableMode?: Mode;
  /** Owners of the keys that approved for the site, and until when; absent: nobody did. */
  readonly approvedBy?: string;
  readonly approvedUntil?: string;
  /** It is about an earlier digest: no fingerprint is in force for this one, and `version` is 0. */
  readonly carried?: true;
  /** Signed by the collector's learner key alone: nobody has looked at it yet, so drift is one step less grave. */
  readonly provisional?: true;
}

/** Drifts of one workload that share a lineage or begin together on one instance. The thing a person reads. */
export interface Incident {
  /** Stable: sha256 over workload key, instance and the first drift's key; hex. */
  readonly id: string;
  readonly workload: Workload;
  readonly instance: Instance;
  readonly severity: Severity;
  readonly kinds: readonly BehaviourKind[];
  /** One sentence in plain words, safe for a terminal. */
  readonly sentence: string;
  /** Gravest first, capped at `maxDrifts`; what did not fit is counted in `more`. */
  readonly drifts: readonly Drift[];
  readonly more: number;
  readonly first: number;
  readonly last: number;
  /** The topmost process outside the fingerprint: the subtree a hold or kill is about. */
  readonly culprit: ProcessRef;
  readonly approval?: Approval;
}
export const maxDrifts = 32;
