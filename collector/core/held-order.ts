import type { StopAction } from '../../fingerprint/order.ts';
import { type BrakeReason, brakeReasons } from './brake-limits.ts';
import type { Decision } from './decide.ts';
import { strength } from './follow-up.ts';

export const heldStates = ['waiting', 'released', 'cancelled', 'expired'] as const;
export type HeldState = (typeof heldStates)[number];

/** A stop that a brake held back. It waits for a person: nothing is released because a budget frees up. */
export interface HeldOrder {
  readonly id: string;
  readonly incident: string;
  readonly agent: string;
  readonly wanted: StopAction;
  /** What was done in its place. */
  readonly done: 'hold' | 'none';
  readonly reason: BrakeReason;
  /** With the numbers of the budget. */
  readonly sentence: string;
  /** ms since the Unix epoch. */
  readonly since: number;
  /** When the hold ends by itself, and with it the question. */
  readonly expires: number;
  readonly state: HeldState;
  /** Who ended it, when and why. */
  readonly ended?: { readonly at: number; readonly author: string; readonly reason: string };
}

/**
 * Whether a braked decision leaves something for a person to decide: more was wished than is done, and no person said
 * beforehand that nothing is to be done here.
 */
export function isHeldBack(
  wished: Decision,
  decision: Decision,
): decision is Decision & { readonly action: 'hold' | 'none'; readonly reason: BrakeReason } {
  const { reason } = decision;
  if (!brakeReasons.some((r) => r === reason)) return false;
  if (reason === 'brake-disarmed' || reason === 'brake-asked') return false;
  return wished.action !== 'none' && reach(decision) < reach(wished);
}

function reach({ action }: Decision): number {
  return action === 'none' ? 0 : strength[action];
}
