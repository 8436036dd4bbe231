import type { Incident } from './incident.ts';
import { workloadKey } from './workload.ts';

/**
 * What a budget is charged for on one node. A copy that is restarted drifts again as another instance with another
 * incident: it is the same cause. Collector and agent must agree on it: both count by it.
 */
export function causeOf({ workload, drifts }: Pick<Incident, 'workload' | 'drifts'>): string {
  const earliest = drifts.reduce((a, b) => (b.first < a.first ? b : a), drifts[0] ?? { first: 0, key: '' });
  return `${workloadKey(workload)}\n${earliest.key}`;
}
