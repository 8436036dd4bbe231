import type { Report } from '../../../fingerprint/report.ts';
import { reportBytes } from '../../../fingerprint/report-json.ts';
import { maxRecordBytes, type WireRecord } from '../../../proto/convert.ts';

/**
 * The report as it travels. One that the collector would refuse for its size becomes a gap that says so: repeating it
 * for ever would hold up everything behind it, dropping it would be silent loss.
 */
export function encodeReport(seq: number, report: Report): WireRecord {
  const json = reportBytes(report);
  if (json.length <= maxRecordBytes) return { seq, kind: report.type, json };
  const time = timeOf(report);
  const gap: Report = { type: 'gap', since: time, until: time, lost: 1, reason: 'report-too-large' };
  return { seq, kind: 'gap', json: reportBytes(gap) };
}

function timeOf(report: Report): number {
  switch (report.type) {
    case 'incident':
      return report.incident.last;
    case 'support':
    case 'gap':
      return report.until;
    case 'receipt':
      return 0;
    case 'instance':
    case 'novelty':
    case 'canary':
      return report.time;
  }
}
