import { approvedAgainst } from './approved-mode.ts';
import type { ProcessRef } from './event.ts';
import type { Incident } from './incident.ts';
import { modes } from './verdict.ts';

/**
 * The process that a reaction is about: the culprit, or where an approval allows more against another one that drifted,
 * that one. The agent refuses what goes further than what was approved against the very process.
 */
export function targetOf({ culprit, drifts, approval }: Incident): ProcessRef {
  if (approval?.neverLearnableMode === undefined) return culprit;
  const height = (p: ProcessRef): number => modes.indexOf(approvedAgainst(p, drifts, approval));
  return drifts
    .map((d) => d.process)
    .reduce((best, process) => (height(process) > height(best) ? process : best), culprit);
}
