import { decodeBase64 } from './base64.ts';
import { parseBehaviour } from './behaviour-json.ts';
import { canaryActs, canaryNonce } from './canary.ts';
import { canonicalBytes } from './canonical.ts';
import { coverageWords } from './coverage.ts';
import { parseIncident } from './incident-json.ts';
import { ObjectReader, readText, readWord, refuse } from './object-reader.ts';
import { phases } from './phase.ts';
import { parseReceipt } from './receipt-json.ts';
import { maxSchedules, type Report, type ScheduledCommand } from './report.ts';
import { parseInstance, parseWorkload } from './workload-json.ts';

const reportTypes = [
  'instance',
  'novelty',
  'support',
  'incident',
  'receipt',
  'canary',
  'gap',
] as const satisfies readonly Report['type'][];

/** Dictionaries hold at most as many entries as a fingerprint; one bit each. */
const maxSupportText = 4096;

/** The one form of a report, on disk and on the wire. */
export function reportBytes(r: Report): Uint8Array {
  return canonicalBytes(r);
}

/** Reads a report from JSON of unknown origin. @throws SCHEMA with the field; unknown members are refused. */
export function parseReport(value: unknown): Report {
  const r = new ObjectReader(value, '');
  return r.end(readReport(r));
}

function readReport(r: ObjectReader): Report {
  const type = r.word('type', reportTypes);
  switch (type) {
    case 'instance':
      return {
        type,
        workload: r.value('workload', parseWorkload),
        instance: r.value('instance', parseInstance),
        state: r.word('state', ['started', 'found', 'exited'] as const),
        coverage: r.list('coverage', (v, f) => readWord(v, f, coverageWords), coverageWords.length),
        ...r.optional('schedules', () => r.list('schedules', readSchedule, maxSchedules)),
        time: r.integer('time'),
      };
    case 'novelty':
      return {
        type,
        workload: r.value('workload', parseWorkload),
        instance: r.text('instance'),
        index: r.integer('index'),
        behaviour: r.value('behaviour', parseBehaviour),
        phase: r.word('phase', phases),
        time: r.integer('time'),
      };
    case 'support':
      return {
        type,
        workload: r.value('workload', parseWorkload),
        instance: r.text('instance'),
        seen: r.value('seen', readBits),
        phase: r.word('phase', phases),
        ...readSpan(r),
        events: r.integer('events'),
        lost: r.integer('lost'),
      };
    case 'incident':
      return { type, incident: r.value('incident', parseIncident) };
    case 'receipt':
      return { type, receipt: r.value('receipt', parseReceipt) };
    case 'canary':
      return {
        type,
        nonce: r.value('nonce', readNonce),
        act: r.word('act', canaryActs),
        period: r.integer('period'),
        time: r.integer('time'),
      };
    case 'gap':
      return {
        type,
        ...readSpan(r),
        lost: r.integer('lost'),
        reason: r.text('reason', 1024),
        ...r.optional('instance', () => r.text('instance')),
      };
  }
}

function readSchedule(value: unknown, field: string): ScheduledCommand {
  const r = new ObjectReader(value, field);
  return r.end({ timing: r.text('timing', 256), command: r.text('command', 4096) });
}

function readNonce(value: unknown, field: string): string {
  const nonce = readText(value, field, 64);
  return canaryNonce.test(nonce) ? nonce : refuse(field, 'must be five words of four letters');
}

function readSpan(r: ObjectReader): { since: number; until: number } {
  const span = { since: r.integer('since'), until: r.integer('until') };
  return span.until < span.since ? refuse(r.field('until'), 'lies before since') : span;
}

function readBits(value: unknown, field: string): string {
  const text = readText(value, field, maxSupportText);
  decodeBase64(text, field);
  return text;
}
