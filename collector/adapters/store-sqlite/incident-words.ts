import { type Severity, severities } from '../../../fingerprint/incident.ts';
import {
  type Disposition,
  dispositions,
  type IncidentState,
  type ReviewAct,
  reviewActs,
} from '../../ports/incidents.ts';
import { StoreError } from '../../ports.ts';

/** Words and numbers of the tables → the closed lists they were taken from. */

export function severityOf(height: number): Severity {
  return severities[height] ?? damaged('a severity');
}

export function heightOf(severity: Severity): number {
  return severities.indexOf(severity);
}

export function stateOf(text: string): IncidentState['state'] {
  return text === 'open' || text === 'closed' ? text : damaged('open or closed');
}

/** Empty while nobody has decided. */
export function dispositionOf(text: string): Disposition | undefined {
  return text === '' ? undefined : (dispositions.find((d) => d === text) ?? damaged('a disposition'));
}

export function reviewActOf(text: string): ReviewAct {
  return reviewActs.find((a) => a === text) ?? damaged('what a person did');
}

function damaged(expected: string): never {
  throw new StoreError(
    'not-a-database',
    `the database holds something else where ${expected} was stored; it was changed by another program`,
  );
}
