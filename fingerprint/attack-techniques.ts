import type { DriftEvidence, Technique } from './attack-row.ts';
import { techniqueRows } from './attack-rows.ts';
import type { Incident } from './incident.ts';

/** Techniques that one drift shows; most show none. Worked out where it is read, never stored: the table may learn. */
export function techniquesOf(evidence: DriftEvidence): readonly Technique[] {
  const rows = evidence.because === undefined ? '' : techniqueRows[evidence.because];
  if (typeof rows === 'string') return [];
  return distinct(rows.filter(({ shows }) => shows(evidence)).map((found) => found.technique));
}

/** Those of all its drifts, in the order of the drifts. */
export function techniquesOfIncident({
  drifts,
  workload,
}: Pick<Incident, 'drifts' | 'workload'>): readonly Technique[] {
  const where = isContainer(workload.owner) ? { inContainer: true as const } : {};
  return distinct(drifts.flatMap((drift) => techniquesOf({ ...drift, ...where })));
}

/** Off a container runtime an owner is a unit or a cgroup (workload.ts). */
function isContainer(owner: string): boolean {
  return !/^(unit|cgroup)\//.test(owner);
}

function distinct(techniques: readonly Technique[]): readonly Technique[] {
  return [...new Map(techniques.map((t) => [t.id, t])).values()];
}
