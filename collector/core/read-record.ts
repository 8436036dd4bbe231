import { FingerprintError } from '../../fingerprint/errors.ts';
import type { Report } from '../../fingerprint/report.ts';
import { parseReport } from '../../fingerprint/report-json.ts';
import { parseJson } from '../../fingerprint/strict-json.ts';

/** Deeper than any report, shallower than any stack. */
const maxDepth = 16;

export type Read = { readonly report: Report; readonly text: string } | { readonly refused: string };

/**
 * Reads the JSON of one record from an agent. What is no report is refused with a reason, never thrown: it is
 * acknowledged like any other record, because repeating it would not help and would hold up all that follows.
 */
export function readRecord(kind: string, json: Uint8Array, from: { node: string; cluster: string }): Read {
  try {
    const { value, text } = readJson(json);
    const report = parseReport(value);
    const refused = report.type === kind ? foreign(report, from) : `kind ${kind} holds a ${report.type}`;
    return refused === undefined ? { report, text } : { refused };
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    return { refused: `${error.code} ${error.field} ${error.message}`.slice(0, 512) };
  }
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The strict parser's answer at a third of its price. A text that the engine's own parser reads and writes back
 * unchanged has no duplicate members, no second spelling of anything and nothing behind its end; what is left to refuse
 * are lone surrogates, which only an escape can bring in, and nesting, which `parseReport` bounds. Agents write
 * canonical JSON, so nearly every record takes this way; any doubt goes to the strict parser.
 */
function readJson(json: Uint8Array): { value: unknown; text: string } {
  const text = decodeStrictly(json);
  if (text !== undefined && !text.includes('\\u')) {
    const value = parseOrNothing(text);
    if (value !== undefined && writeOrNothing(value) === text) return { value, text };
  }
  return { value: parseJson(json, { depth: maxDepth }), text: text ?? '' };
}

function decodeStrictly(bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Nesting that is too deep to write is for the strict parser to refuse. */
function writeOrNothing(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
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
