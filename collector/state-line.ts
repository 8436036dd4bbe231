import type { Incident } from '../fingerprint/incident.ts';
import type { Action, Receipt } from '../fingerprint/order.ts';
import type { Phase } from '../fingerprint/phase.ts';
import type { Reason } from '../fingerprint/reason.ts';
import type { DocumentKind } from '../fingerprint/statement-kind.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { Subject, Workload } from '../fingerprint/workload.ts';
import type { Disarm } from './core/disarm.ts';
import type { HeldOrder } from './core/held-order.ts';
import type { NodeIncidentKind } from './core/node-state.ts';
import type { ReviewAct } from './core/review.ts';
import type { IncidentChange } from './ports.ts';

/**
 * One change of state, for whoever runs the collector: JSON lines on stdout with `eventsJson`, and on `GET /api/v1/events`.
 * Strings from the watched world were made printable by whoever wrote them into reports and are so again by who shows them.
 */
export type StateLine =
  | {
      readonly type: 'collector-ready';
      /** As agents are given it: `host:port` or `unix:/path`. */
      readonly address: string;
      readonly controlSocket: string;
      /** Of the HTTP API with TLS, `host:port`; absent when it listens on its socket alone. */
      readonly apiAddress?: string;
      /** Of `/metrics`, `host:port`; absent when it is switched off. */
      readonly metricsAddress?: string;
      /** Holds the token that makes the first administrator; absent when there is one. */
      readonly bootstrapFile?: string;
      /** Absent when it listens unencrypted on loopback. */
      readonly caFile?: string;
      /** A join token for the agent of this machine, with `localJoin`. */
      readonly joinTokenFile?: string;
      /** Public key of the collector's orders: goes into the trust policy, role `command`. */
      readonly commandKeyFile: string;
      /** Public key of what it learns: goes into the trust policy, role `learner`. */
      readonly learnerKeyFile: string;
    }
  | {
      readonly type: 'agent';
      readonly state: 'connected' | 'disconnected';
      readonly node: string;
      readonly agent: string;
    }
  | {
      /** Several agents watch one node at once: what happens there is told, counted and acted on by each. */
      readonly type: 'agents-beside';
      readonly node: string;
      readonly agents: readonly { readonly agent: string; readonly source: string }[];
    }
  | { readonly type: 'workload'; readonly hash: string; readonly workload: Workload }
  | {
      readonly type: 'readiness';
      readonly hash: string;
      readonly workload: Workload;
      readonly ready: boolean;
      readonly phases: readonly Phase[];
      readonly reasons: readonly Reason[];
      /** µs until time alone may complete it. */
      readonly inUs?: number;
    }
  | {
      /** What was learned is signed and alerts from now on. */
      readonly type: 'provisional';
      readonly hash: string;
      readonly workload: Workload;
      readonly version: number;
      readonly phases: readonly Phase[];
    }
  | {
      readonly type: 'incident';
      /** A person has a new row to read. */
      readonly isNew: boolean;
      readonly change: IncidentChange;
      /** Id of the incident that this occurrence belongs to. */
      readonly row: string;
      /** The occurrence: what one agent tells of one copy. */
      readonly incident: Incident;
    }
  | {
      /** A person has done something with an incident. */
      readonly type: 'review';
      readonly incident: string;
      readonly act: ReviewAct;
      readonly author: string;
      readonly reason: string;
      readonly workload: Workload;
    }
  | {
      readonly type: 'decision';
      readonly incident: string;
      readonly action: Action | 'none';
      readonly mode: Mode;
      /** Closed lists `capReasons` and `brakeReasons`, and `dry-run`. */
      readonly reason: string;
      /** Of the response policy, that decided. */
      readonly rule?: string;
      /** What would have happened, had the rule not been rehearsed only. */
      readonly would?: { readonly action: Action | 'none'; readonly reason: string };
      readonly sentence: string;
    }
  | {
      readonly type: 'order';
      readonly order: string;
      readonly incident: string;
      readonly action: Action;
      readonly workload: Workload;
    }
  | { readonly type: 'receipt'; readonly receipt: Receipt }
  | {
      /** A brake held a stop back, and a person is asked; or what became of it. */
      readonly type: 'held-order';
      readonly held: HeldOrder;
    }
  | {
      /** Nothing is stopped there for a while, or it is again. */
      readonly type: 'disarmed' | 'rearmed';
      readonly disarm: Disarm;
      readonly sentence: string;
    }
  | {
      /** Agents may stop so many copies by themselves, or may no more. */
      readonly type: 'leases';
      readonly agents: number;
      readonly stops: number;
    }
  | { readonly type: 'gap'; readonly node: string; readonly lost: number; readonly reason: string }
  | {
      /** A node came to see nothing of what it does on purpose, or sees it again (DESIGN §4). */
      readonly type: 'canary';
      readonly node: string;
      readonly agent: string;
      readonly state: 'untested' | 'waiting' | 'seeing' | 'blind';
      /** ms since the Unix epoch; 0: never. */
      readonly lastSeen: number;
      readonly blindSince: number;
    }
  | {
      /** Something is wrong with a node itself, or is no more; `detail` is for a person. */
      readonly type: 'node-incident';
      readonly state: 'opened';
      readonly kind: NodeIncidentKind;
      readonly node: string;
      readonly cluster: string;
      readonly agent: string;
      readonly count: number;
      readonly detail: string;
    }
  | {
      readonly type: 'node-incident';
      readonly state: 'closed';
      readonly kind: NodeIncidentKind;
      readonly node: string;
      readonly cluster: string;
      readonly agent: string;
    }
  | {
      /** This machine's clock was set; ms ahead of where it was. */
      readonly type: 'clock';
      readonly byMs: number;
    }
  | { readonly type: 'missing'; readonly node: string; readonly records: number }
  | {
      /** What people signed is handed out from now on. */
      readonly type: 'fingerprint';
      readonly kind: DocumentKind;
      readonly digest: string;
      readonly subjects: readonly Subject[];
    }
  | {
      /** What is wished to happen on drift was changed; `mode` is for whatever no rule is about. */
      readonly type: 'policy';
      readonly mode: Mode;
      readonly version: number;
      readonly author: string;
    }
  | { readonly type: 'store'; readonly state: 'failing' | 'recovered'; readonly sentence: string }
  | {
      /** The audit log is not the one that checkpoints were signed of. None is signed until a person accepts it. */
      readonly type: 'audit-mismatch';
      readonly sentence: string;
    }
  | {
      readonly type: 'audit-sink';
      /** As the configuration names it. */
      readonly sink: string;
      readonly state: 'failing' | 'recovered';
      readonly sentence: string;
    }
  | { readonly type: 'stopped' };
