import type { Incident } from '../../fingerprint/incident.ts';
import type { StopAction } from '../../fingerprint/order.ts';
import type { Mode } from '../../fingerprint/verdict.ts';
import { workloadKey } from '../../fingerprint/workload.ts';

export type StopMode = Extract<Mode, 'freeze' | 'kill'>;

/** Something was stopped, by an order or by a decision of the agent's own. */
export interface Stop {
  /** µs since the epoch. */
  readonly at: number;
  readonly incident: string;
  readonly workload: string;
  /** What had to be approved for it: killing and holding have budgets of their own. */
  readonly mode: StopMode;
}

/** What each action needs to have been approved. */
export const needed: Readonly<Record<StopAction, StopMode>> = {
  hold: 'freeze',
  freeze: 'freeze',
  'kill-subtree': 'kill',
  kill: 'kill',
};

/**
 * Defaults of DESIGN §11, held here too so that a collector that was taken over cannot empty a node. Holds have a wider
 * budget, the collector's own: a kill that was braked becomes a hold, and must not fail for the same reason again.
 */
const windowUs = 600_000_000;
const budgets: Readonly<Record<StopMode, { readonly workload: number; readonly node: number }>> = {
  kill: { workload: 3, node: 10 },
  freeze: { workload: 10, node: 50 },
};

/** Why one more stop would be too many, for a person; undefined when it is not. */
export function rateProblem(
  about: Incident,
  mode: StopMode,
  stops: readonly Stop[],
  now: number,
): string | undefined {
  const recent = stops.filter((s) => s.mode === mode && s.at > now - windowUs);
  const most = budgets[mode];
  // One incident charges each budget once, however often its program is started again (DESIGN §8).
  if (recent.some((s) => s.incident === about.id)) return undefined;
  const key = workloadKey(about.workload);
  if (recent.filter((s) => s.workload === key).length >= most.workload)
    return `${most.workload} stops of this workload in ten minutes are enough`;
  return recent.length >= most.node ? `${most.node} stops on this node in ten minutes are enough` : undefined;
}
