import { FingerprintError } from './errors.ts';
import type { Sbom } from './sbom.ts';
import type { SoftwarePackage } from './software-package.ts';

/** Gravest first. Scanners' own words; Grype alone has `negligible`. */
export const vulnerabilitySeverities = [
  'critical',
  'high',
  'medium',
  'low',
  'negligible',
  'unknown',
] as const;
export type VulnerabilitySeverity = (typeof vulnerabilitySeverities)[number];

/** One vulnerability of one package, as a scanner reports it. */
export interface ScannerFinding {
  readonly id: string;
  /** Other names of the same: the CVE of a GHSA. */
  readonly aliases: readonly string[];
  readonly severity: VulnerabilitySeverity;
  readonly package: SoftwarePackage;
  /** Versions without it; empty when there is none yet, or none was named. */
  readonly fixedIn: string;
}

export interface ScannerReport {
  readonly tool: string;
  readonly findings: readonly ScannerFinding[];
  /** What the report itself says of packages and their files, for where no SBOM is given. */
  readonly sbom: Sbom;
}

export function severityWord(text: string): VulnerabilitySeverity {
  const word = text.toLowerCase();
  return vulnerabilitySeverities.find((s) => s === word) ?? 'unknown';
}

/** More than any image has: what lies beyond is a mistake or a trap. */
const maxFindings = 200_000;

/** Stops a report that would fill the memory with findings of one package. */
export function assertFew(findings: readonly ScannerFinding[]): void {
  if (findings.length > maxFindings)
    throw new FingerprintError('TOO_LARGE', `has more than ${maxFindings} findings, the most that are read`);
}
