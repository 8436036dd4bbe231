import { approvedAgainst } from '../../fingerprint/approved-mode.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Action } from '../../fingerprint/order.ts';
import { targetOf } from '../../fingerprint/target.ts';
import { isForeign, type Mode, modes } from '../../fingerprint/verdict.ts';
import type { BrakeReason } from './brake-limits.ts';

/** What a person may have done to an incident. */
export const manualActions = ['hold', 'freeze', 'resume', 'kill-subtree', 'kill', 'quarantine'] as const;
export type ManualAction = (typeof manualActions)[number];

/** What a person may go past, by name. Approval and protected namespaces are none of them. */
export const forces = ['budget', 'last-copy'] as const;
export type Force = (typeof forces)[number];

export type ManualRefusal =
  | 'protected-namespace'
  | 'no-approval'
  | 'provisional'
  | 'approval-mode'
  | 'known-program';

/**
 * What no person's order goes past, as the agent will see it too. The response policy does not count: it is what happens
 * by itself.
 */
export function manualRefusal(
  incident: Incident,
  action: Exclude<Action, 'resume'>,
  isProtected: boolean,
): ManualRefusal | undefined {
  const { approval, drifts } = incident;
  if (isProtected) return 'protected-namespace';
  if (approval === undefined) return 'no-approval';
  if (approval.provisional === true && approval.neverLearnableMode === undefined) return 'provisional';
  const target = targetOf(incident);
  const needs: Mode = action === 'hold' || action === 'freeze' ? 'freeze' : 'kill';
  if (modes.indexOf(approvedAgainst(target, drifts, approval)) < modes.indexOf(needs)) return 'approval-mode';
  return needs === 'kill' && !isForeignTarget(incident) ? 'known-program' : undefined;
}

/** The word that passes a brake. Rollout, settling and disarm ask a person, and a person's order is the answer. */
export function forceOf(reason: BrakeReason): Force | undefined {
  switch (reason) {
    case 'brake-workload':
    case 'brake-cluster':
    case 'brake-owner':
    case 'brake-node':
    case 'brake-node-share':
    case 'brake-holds':
      return 'budget';
    case 'brake-last-instance':
      return 'last-copy';
    case 'brake-rollout':
    case 'brake-settling':
    case 'brake-disarmed':
    case 'brake-asked':
      return undefined;
  }
}

/** As the agent decides it (agent/core/orders.ts): foreign code, or the process at the top of it. */
function isForeignTarget(incident: Incident): boolean {
  const { pid, start } = targetOf(incident);
  const foreign = incident.drifts.filter((d) => isForeign(d.because)).map((d) => d.process);
  if (foreign.length === 0) return false;
  return [incident.culprit, ...foreign].some((p) => p.pid === pid && p.start === start);
}
