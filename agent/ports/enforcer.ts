import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { ReceiptResult, StopAction } from '../../fingerprint/order.ts';

/** The hand on the kernel. Evidence first, identity re-checked before every act, result told truthfully. */
export interface Enforcer {
  act(request: StopRequest): Promise<StopResult>;
  /** Holds and freezes that are in force, also those of an earlier run. */
  holds(): readonly Hold[];
  /** Lets everything go that is held or frozen. @returns what was let go. */
  resume(which: 'all' | { readonly incident: string }): Promise<readonly Hold[]>;
}

/** Cuts a copy off from the network, for those nodes that have something which can. */
export interface Quarantine {
  /** Everything but what the node itself needs of it; what is connected already is cut too. */
  cut(instance: { readonly id: string; readonly cgroupPath: string }): Promise<QuarantineResult>;
  /** Undoes `cut`. */
  release(instance: { readonly id: string; readonly cgroupPath: string }): Promise<QuarantineResult>;
}

export interface QuarantineResult {
  readonly result: Extract<ReceiptResult, 'done' | 'target-gone' | 'failed' | 'refused-protected'>;
  readonly detail?: string;
}

export interface StopRequest {
  readonly action: StopAction;
  readonly incident: Incident;
  /** v2 cgroup path of the instance, absolute below the mount. */
  readonly cgroupPath: string;
  /** The topmost drifting process; its whole subtree goes with it. */
  readonly culprit: ProcessRef;
  /**
   * Processes known to descend from the culprit, also when re-parented and when dead. Read again and again while a fork
   * storm is chased: make it a getter, so that it tells of those born meanwhile.
   */
  readonly subtree: readonly ProcessRef[];
  /** True when the cgroup (and its children) belongs to this one instance: only then freeze and kill may use it. */
  readonly exclusive: boolean;
  /** µs since the epoch when a hold or freeze ends by itself (resumed). */
  readonly deadline: number;
}

export interface StopResult {
  readonly result: Extract<ReceiptResult, 'done' | 'target-gone' | 'failed' | 'refused-protected'>;
  readonly action: StopAction;
  readonly stopped: readonly number[];
  /** µs since the epoch when the target was seen stopped. */
  readonly stoppedAt?: number;
  /** Where the evidence lies on this node. */
  readonly evidence?: string;
  readonly detail?: string;
}

export interface Hold {
  readonly incident: string;
  readonly action: 'hold' | 'freeze';
  readonly cgroupPath: string;
  readonly pids: readonly number[];
  readonly since: number;
  readonly deadline: number;
}
