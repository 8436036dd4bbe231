import type { StatementOptions } from './statement-options.ts';
import type { Mode } from './verdict.ts';
import type { Subject } from './workload.ts';

/** Where an approval holds; a list that is absent means everywhere. Exact names. */
export interface ApprovalScope {
  readonly clusters?: readonly string[];
  readonly namespaces?: readonly string[];
  /** `namespace/owner` or a bare owner off Kubernetes, as in a workload's `owner`. */
  readonly owners?: readonly string[];
}

/** What one decision is about: the very bytes of one fingerprint, and how far a reaction to its drift may go. */
export interface ApprovedFingerprint {
  /** What ran when it was approved. */
  readonly image: Subject;
  /** `sha256:HEX` of the payload of the fingerprint. */
  readonly fingerprint: string;
  /** Digests of overlays that take something away and were looked at together with it. */
  readonly overlays?: readonly string[];
  readonly mode: Mode;
  readonly scope?: ApprovalScope;
  /**
   * `repository`: it rules later digests too, never-learnable drift at the approved mode and everything else at `alert`
   * until their difference is reviewed. `digest`: this one only.
   */
  readonly carry: 'repository' | 'digest';
}

/** A site's decision about one or many fingerprints, under one signature. An empty list takes an earlier one back. */
export interface SiteApprovalContent {
  readonly items: readonly ApprovedFingerprint[];
  /** Why, in the words of who signed. */
  readonly reason: string;
}

/** Payload with predicate type `https://whorl.dev/attestation/approval/v1`. */
export interface SiteApproval extends SiteApprovalContent, StatementOptions {}
