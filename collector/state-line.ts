import type { Incident } from '../fingerprint/incident.ts';
import type { Action, Receipt } from '../fingerprint/order.ts';
import type { Phase } from '../fingerprint/phase.ts';
import type { Reason } from '../fingerprint/reason.ts';
import type { DocumentKind } from '../fingerprint/statement-kind.ts';
import type { Mode } from '../fingerprint/verdict.ts';
import type { Subject, Workload } from '../fingerprint/workload.ts';
import type { Disarm } from './core/disarm.ts';
import type { HeldOrder } from './core/held-order.ts';

/**
 * One change of state, for whoever runs the collector: JSON lines on stdout with `eventsJson`, and on `GET /events`.
 * Strings from the watched world were made printable by whoever wrote them into reports and are so again by who shows them.
 */
export type StateLine =
  | {
      readonly type: 'collector-ready';
      /** As agents are given it: `host:port` or `unix:/path`. */
      readonly address: string;
      readonly controlSocket: string;
      /** Absent when it listens unencrypted on loopback. */
      readonly caFile?: string;
      readonly tokenFile: string;
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
  | { readonly type: 'incident'; readonly isNew: boolean; readonly incident: Incident }
  | {
      readonly type: 'decision';
      readonly incident: string;
      readonly action: Action | 'none';
      readonly mode: Mode;
      /** Closed lists `capReasons` and `brakeReasons`. */
      readonly reason: string;
      readonly sentence: string;
    }
  | { readonly type: 'order'; readonly order: string; readonly incident: string; readonly action: Action }
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
  | { readonly type: 'missing'; readonly node: string; readonly records: number }
  | {
      /** What people signed is handed out from now on. */
      readonly type: 'fingerprint';
      readonly kind: DocumentKind;
      readonly digest: string;
      readonly subjects: readonly Subject[];
    }
  | { readonly type: 'policy'; readonly mode: Mode }
  | { readonly type: 'store'; readonly state: 'failing' | 'recovered'; readonly sentence: string }
  | { readonly type: 'stopped' };
