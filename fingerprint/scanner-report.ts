import { FingerprintError } from './errors.ts';
import { member } from './loose-json.ts';
import { maxSbomBytes } from './sbom.ts';
import type { ScannerReport } from './scanner-finding.ts';
import { readGrype } from './scanner-grype.ts';
import { readTrivy } from './scanner-trivy.ts';
import { parseJson } from './strict-json.ts';

/**
 * Reads the JSON report of Trivy or Grype.
 * @throws FingerprintError TOO_LARGE, NOT_UTF8, JSON_SYNTAX or SCHEMA
 */
export function readScannerReport(bytes: Uint8Array): ScannerReport {
  const document = parseJson(bytes, { bytes: maxSbomBytes });
  if (member(document, 'matches') !== undefined) return readGrype(document);
  if (member(document, 'SchemaVersion') !== undefined) return readTrivy(document);
  throw new FingerprintError('SCHEMA', whatElse(document));
}

function whatElse(document: unknown): string {
  if (Array.isArray(document)) return 'is a list: a report of Trivy before version 0.20 is not read';
  if (member(document, 'bomFormat') !== undefined || member(document, 'spdxVersion') !== undefined)
    return 'is an SBOM: that goes with --sbom; the report is what trivy --format json or grype -o json writes';
  if (member(document, 'runs') !== undefined)
    return 'is SARIF; the report is what trivy --format json or grype -o json writes';
  return 'is no JSON report of Trivy or Grype';
}
