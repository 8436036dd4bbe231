import type { Root } from './behaviour.ts';
import type { Act } from './behaviour-json.ts';
import type { BehaviourKind, Origin } from './event.ts';
import type { DriftReason } from './verdict.ts';

/** The catalogue that ids, names and tactics are taken from: https://attack.mitre.org/versions/v17/. */
export const attackCatalogue = {
  name: 'MITRE ATT&CK Enterprise',
  version: '17.0',
  date: '2025-04-22',
} as const;

/** One technique of it. Of its tactics the one that the evidence shows. */
export interface Technique {
  /** `T1611`, or with its sub-technique `T1055.008`. */
  readonly id: string;
  readonly name: string;
  readonly tactic: string;
}

/** As much of a drift as a technique can follow from. */
export interface DriftEvidence {
  readonly kind: BehaviourKind;
  readonly because?: DriftReason;
  readonly subject: string;
  readonly lineage: readonly string[];
  readonly origin?: Origin;
  readonly act?: Act;
  readonly root?: Root;
  /** On a plain host there is nothing to escape from, and whoever enters a service comes by other ways. */
  readonly inContainer?: true;
}

/** A technique and the drift it follows from. */
export interface TechniqueRow {
  readonly technique: Technique;
  readonly shows: (evidence: DriftEvidence) => boolean;
}

export function row(id: string, name: string, tactic: string, shows: TechniqueRow['shows']): TechniqueRow {
  return { technique: { id, name, tactic }, shows };
}

export const escapeToHost: Technique = {
  id: 'T1611',
  name: 'Escape to Host',
  tactic: 'Privilege Escalation',
};

export function inContainer(shows: TechniqueRow['shows']): TechniqueRow['shows'] {
  return (evidence) => evidence.inContainer === true && shows(evidence);
}
