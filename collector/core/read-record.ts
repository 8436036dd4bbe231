import { FingerprintError } from '../../fingerprint/errors.ts';
import type { Report } from '../../fingerprint/report.ts';
import { parseReport } from '../../fingerprint/report-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';

/** Deeper than any report, shallower than any stack. */
const maxDepth = 16;

export type Read = { readonly report: Report } | { readonly refused: string };

/**
 * Reads the JSON of one record from an agent. What is no report is refused with a reason, never thrown: it is
 * acknowledged like any other record, because repeating it would not help and would hold up all that follows.
 */
export function readRecord(kind: string, json: Uint8Array, from: { node: string; cluster: string }): Read {
  try {
    const report = parseReport(parseJson(json, { depth: maxDepth }));
    const refused = report.type === kind ? foreign(report, from) : `kind ${kind} holds a ${report.type}`;
    return refused === undefined ? { report } : { refused };
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    return { refused: `${error.code} ${error.field} ${error.message}`.slice(0, 512) };
  }
}

/** An agent speaks for its own node and cluster: elsewhere it could accuse a workload, or teach one. */
function foreign(report: Report, from: { node: string; cluster: string }): string | undefined {
  const subject = report.type === 'incident' ? report.incident : report;
  if ('workload' in subject && subject.workload.cluster !== from.cluster)
    return 'it is about another cluster';
  if (report.type === 'instance' || report.type === 'incident') {
    const { node } = report.type === 'instance' ? report.instance : report.incident.instance;
    if (node !== from.node) return 'it is about another node';
  }
  return undefined;
}
