import type { Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { type CapReason, capIf, effectiveMode, lowest } from '../../fingerprint/response.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import type { BrakeReason } from './brake-limits.ts';
import type { BrakeNumbers } from './brakes.ts';

/** What the site wishes to happen on drift. */
export interface ResponsePolicy {
  readonly mode: Mode;
  /** What `kill` ends: the drifting process and its descendants, or the whole container. */
  readonly killScope: 'subtree' | 'container';
  /** Whether what a person started by exec or attach may be stopped. */
  readonly stopInteractive: boolean;
  readonly protectedNamespaces: readonly string[];
  /** An incident that was last active longer ago is told, not acted on: its process may be anything by now. */
  readonly maxAgeMs: number;
}

/** Why nothing is done, or no more: a cap, a brake, a copy nobody told of, or a lease by which the agent acts itself. */
export type DecisionReason = CapReason | BrakeReason | 'unknown-instance' | 'leased';

export interface Decision {
  readonly action: Exclude<Action, 'resume'> | 'none';
  readonly reason: DecisionReason;
  /** The minimum of all caps, before the brakes. */
  readonly mode: Mode;
  /** Of the budget that braked it. */
  readonly numbers?: BrakeNumbers;
  /** Why, where the reason alone does not say it. */
  readonly words?: string;
}

/**
 * What to do about an incident, before the brakes: `effectiveMode`, and nothing where nothing may be stopped.
 * @param now ms since the Unix epoch
 */
export function decide(incident: Incident, policy: ResponsePolicy, now: number): Decision {
  const { workload, last } = incident;
  const { killScope, stopInteractive, protectedNamespaces, maxAgeMs } = policy;
  const { mode, reason } = lowest([
    capIf(protectedNamespaces.includes(workload.namespace), 'alert', 'protected-namespace'),
    capIf(last / 1000 < now - maxAgeMs, 'alert', 'stale'),
    effectiveMode(incident, { rules: [{ mode: policy.mode }], killScope, stopInteractive }),
  ]);
  return { action: actionOf(mode, policy), reason, mode };
}

function actionOf(mode: Mode, policy: ResponsePolicy): Decision['action'] {
  switch (mode) {
    case 'observe':
    case 'alert':
      return 'none';
    // Mildest first: only the drifting subtree is held, the service runs on.
    case 'freeze':
      return 'hold';
    case 'kill':
      return policy.killScope === 'container' ? 'kill' : 'kill-subtree';
  }
}
