import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { ErrorCode } from '../fingerprint/errors.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt } from '../fingerprint/order.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { Instance, Subject, Workload } from '../fingerprint/workload.ts';
import type { Disarm } from './arm-watch.ts';
import type { LeaseRefusal } from './core/leases.ts';
import type { Hold } from './ports/enforcer.ts';
import type { SourceStatus } from './source-state.ts';

/** One change of state, for whoever runs the agent (`whorl agent --events-json` prints them as JSON lines). */
export type StateLine =
  | {
      readonly type: 'agent-ready';
      readonly node: string;
      readonly session: string;
      readonly source: string;
      readonly coverage: readonly CoverageWord[];
    }
  | {
      readonly type: 'instance';
      readonly state: 'started' | 'found' | 'exited';
      readonly workload: Workload;
      readonly instance: Instance;
    }
  | { readonly type: 'instance-unknown'; readonly instance: string; readonly reason: string }
  | {
      readonly type: 'novelty-count';
      readonly workload: Workload;
      readonly behaviours: number;
      readonly instances: number;
    }
  | {
      readonly type: 'fingerprint-in-force';
      readonly subject: Subject;
      readonly digest: string;
      readonly version: number;
      readonly signedBy: string;
      readonly maxMode: Mode;
      /** Learned and signed by a collector alone. */
      readonly provisional: boolean;
      /** Entries that its signer may not grant alone. */
      readonly inert: number;
      readonly warnings: readonly string[];
    }
  | {
      readonly type: 'overlay-in-force' | 'overlay-ended';
      readonly subject: Subject;
      readonly digest: string;
      /** The fingerprint it adds to. */
      readonly base: string;
      readonly version: number;
      readonly signedBy: string;
      /** Parameters it binds. */
      readonly sites: readonly string[];
      readonly volumes: readonly string[];
      /** Entries granted besides, and granted no more. */
      readonly adds: number;
      readonly removes: number;
    }
  | {
      /** What a person decided about fingerprints; nothing listed: an earlier decision is taken back. */
      readonly type: 'approval-in-force' | 'approval-ended';
      readonly digest: string;
      readonly version: number;
      readonly signedBy: string;
      readonly reason: string;
      readonly expiresAt?: string;
      readonly items: readonly {
        readonly subject: Subject;
        readonly fingerprint: string;
        readonly mode: Mode;
        readonly carry: 'repository' | 'digest';
      }[];
    }
  | {
      readonly type: 'fingerprint-refused';
      readonly name: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      /** What was signed for it is refused: it is neither judged nor learned. */
      readonly type: 'workload-untrusted';
      readonly workload: Workload;
      readonly subject: Subject;
      readonly code: string;
      /** The refused one, and the name under which it is kept. */
      readonly fingerprint: string;
      readonly file: string;
    }
  | {
      readonly type: 'policy-in-force';
      readonly version: number;
      /** Of what is signed of it. */
      readonly digest: string;
      readonly issuedAt: string;
      readonly expiresAt?: string;
      /** The local file itself, or a policy that follows it. */
      readonly source: 'file' | 'collector';
    }
  | {
      readonly type: 'policy-refused';
      readonly name: string;
      readonly code: string;
      readonly message: string;
    }
  | {
      readonly type: 'incident';
      readonly isNew: boolean;
      readonly eventToVerdictUs: number;
      readonly incident: Incident;
    }
  | { readonly type: 'order-refused'; readonly code: string; readonly message: string }
  | { readonly type: 'lease-refused'; readonly code: LeaseRefusal | ErrorCode; readonly message: string }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | { readonly type: 'holds-adopted'; readonly holds: readonly Hold[] }
  | {
      readonly type: 'gap';
      readonly since: number;
      readonly until: number;
      readonly lost: number;
      readonly reason: string;
    }
  /** The source went away, or came back. */
  | ({ readonly type: 'source' } & SourceStatus)
  | {
      /** Whether the Kubernetes API tells of the pods of this node; not: why. */
      readonly type: 'kubernetes';
      readonly state: 'reached' | 'away';
      readonly reason?: string;
    }
  | {
      /** Whether labels that disarm namespaces are told; not: why. */
      readonly type: 'disarm-labels';
      readonly state: 'seen' | 'unseen';
      readonly reason?: string;
    }
  /** Where nothing new is stopped, and no longer. */
  | ({ readonly type: 'disarm-in-force' | 'disarm-ended' } & Disarm)
  | {
      /** The collector lacks records that were acknowledged: `restored` says so itself, `rolled-back` does not. */
      readonly type: 'collector';
      readonly state: 'restored' | 'rolled-back';
      readonly stored: number;
      readonly acked: number;
      readonly lost: number;
    }
  | { readonly type: 'uplink'; readonly state: 'connected' | 'disconnected'; readonly detail: string }
  | {
      /** Whether what this node does on purpose is seen (DESIGN §4). */
      readonly type: 'canary';
      readonly state: 'waiting' | 'seeing' | 'blind' | 'impossible';
      readonly lastSeen: number;
      readonly reason?: string;
    }
  | { readonly type: 'stopped'; readonly counters: Readonly<Record<string, number>> };
