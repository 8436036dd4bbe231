import type { Incident } from '../../fingerprint/incident.ts';
import type { Receipt } from '../../fingerprint/order.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import { printable } from '../../fingerprint/printable.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { Workload } from '../../fingerprint/workload.ts';

/** Something that has come to be, of what people may be told. Whether it is news depends on what they were told before. */
export type Change =
  | { readonly of: 'incident'; readonly incident: Incident }
  | {
      /** A brake stood in the way of a stop; `expired`: nobody answered while there was time. */
      readonly of: 'held';
      readonly incident: string;
      readonly state: 'waiting' | 'expired';
      /** The brake. */
      readonly reason: string;
      readonly sentence: string;
    }
  | { readonly of: 'receipt'; readonly receipt: Receipt }
  | {
      /** A person said what it is, or that it is open again after all. */
      readonly of: 'disposition';
      readonly incident: string;
      readonly disposition: string;
      readonly isOpen: boolean;
      readonly author: string;
      readonly reason: string;
    }
  | {
      readonly of: 'node';
      readonly node: string;
      /** What is wrong with it: `silent`, `blind`, or another word of a closed list, such as `clock`. */
      readonly kind: string;
      readonly state: 'opened' | 'closed';
      readonly detail: string;
    }
  | {
      /** Events the node did not see, and records that never came here, since they were last told. */
      readonly of: 'loss';
      readonly node: string;
      readonly events: number;
      readonly records: number;
      readonly reasons: readonly string[];
    }
  | { readonly of: 'store'; readonly state: 'failing' | 'recovered'; readonly sentence: string }
  | {
      readonly of: 'audit-sink';
      readonly sink: string;
      readonly state: 'failing' | 'recovered';
      readonly sentence: string;
    }
  | { readonly of: 'policy'; readonly mode: Mode; readonly version?: number; readonly author?: string }
  | {
      readonly of: 'stops';
      readonly state: 'disarmed' | 'rearmed';
      /** Where: a cluster, a namespace or a workload, in words. */
      readonly scope: string;
      readonly author: string;
      readonly reason: string;
    }
  | { readonly of: 'audit'; readonly sentence: string }
  | {
      readonly of: 'workload';
      readonly state: 'ready' | 'provisional';
      readonly hash: string;
      readonly workload: Workload;
      readonly phases: readonly Phase[];
    };

/** What it is about, and what its notices are ordered by. */
export function subjectOf(change: Change): string {
  switch (change.of) {
    case 'incident':
      return change.incident.id;
    case 'held':
    case 'disposition':
      return change.incident;
    case 'receipt':
      return change.receipt.incident;
    case 'node':
      return `node/${printable(change.node)}/${printable(change.kind, 64)}`;
    case 'loss':
      return `loss/${printable(change.node)}`;
    case 'workload':
      return `workload/${change.hash}`;
    case 'stops':
      return `stops/${printable(change.scope)}`;
    case 'audit-sink':
      return `audit-sink/${printable(change.sink)}`;
    case 'store':
    case 'policy':
    case 'audit':
      return change.of;
  }
}

/** Changes with the same name replace one another while they wait: only the latest is worth telling. */
export function changeName(change: Change): string {
  switch (change.of) {
    case 'held':
      return `${subjectOf(change)} held ${change.state} ${change.reason}`;
    case 'receipt':
      return `${subjectOf(change)} receipt ${change.receipt.order} ${change.receipt.result}`;
    case 'disposition':
      return `${subjectOf(change)} disposition ${change.disposition}`;
    case 'incident':
      return subjectOf(change);
    case 'node':
    case 'store':
    case 'audit-sink':
    case 'stops':
    case 'workload':
      return `${subjectOf(change)} ${change.state}`;
    case 'loss':
    case 'policy':
    case 'audit':
      return subjectOf(change);
  }
}
