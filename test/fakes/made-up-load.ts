import type { Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
import { aDrift, anIncident } from './reports.ts';

export interface Load {
  /** 16 hex digits, another in every start. */
  readonly run: string;
  readonly node: string;
  readonly floods: boolean;
}

/** One incident in so many is one that a person approved a kill for. */
const oneIn = 40;

/** Record `n` of a run: incidents are told three times, growing; between them something that is told once. */
export function made(load: Load, n: number): Report {
  if (n % 4 === 0) return { type: 'gap', since: 1, until: 2, lost: 1, reason: gapOf(load.run, n) };
  return { type: 'incident', incident: incident(load, n) };
}

export function isGap(n: number): boolean {
  return n % 4 === 0;
}

/** Names the record: no two of a test have the same reason. */
export function gapOf(run: string, n: number): string {
  return `${run}-${n}`;
}

export function incidentOf(run: string, n: number): string {
  return `${run}${String(Math.floor(n / 4)).padStart(48, '0')}`;
}

/** How often it had been told by record `n`. */
export function tellingOf(n: number): number {
  return n % 4;
}

/** Of a process and with a drift of its own each, so that none is rolled up with another, or stopped by another's order. */
function incident({ run, node, floods }: Load, n: number): Incident {
  const id = incidentOf(run, n);
  const k = Math.floor(n / 4);
  const process = { pid: 1000 + (k % 30_000), start: Number.parseInt(run.slice(0, 8), 16) * 1000 + k };
  const severity = floods ? 'medium' : 'critical';
  const { approval, ...about } = anIncident({
    id,
    instance: { id: `${node}-copy-${1 + (k % 3)}`, node, startedAt: 1 },
    severity,
    more: tellingOf(n),
    drifts: [{ ...aDrift, key: id, severity, process }],
    first: Date.now() * 1000,
    last: Date.now() * 1000,
    culprit: process,
  });
  const isApproved = !floods && k % oneIn === 0 && approval !== undefined;
  return isApproved ? { ...about, approval } : about;
}
