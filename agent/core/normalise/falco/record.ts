import { FingerprintError } from '../../../../fingerprint/errors.ts';
import { parseTime } from '../../../../fingerprint/time.ts';
import { type FalcoField, falcoFields } from './fields.ts';

/**
 * One alert of Falco, whichever way it came: its own JSON output (typed values, `time` as text) or the gRPC message as
 * decoded (all values texts, `time` as seconds and nanoseconds).
 */
export interface FalcoRecord {
  /** µs since the Unix epoch. */
  readonly time: number;
  /** Of the same time, what came first: nanoseconds within the microsecond, then Falco's own count of events. */
  readonly order: number;
  readonly rule: string;
  /** `syscall`, or `internal` for what Falco says of itself. */
  readonly source: string;
  /** By Falco's names; those alone that are read (fields.ts). */
  readonly fields: Readonly<Record<string, unknown>>;
}

/** @throws FingerprintError SCHEMA when the value is no alert of Falco. */
export function readFalcoRecord(value: unknown): FalcoRecord {
  const alert = objectOf(value, '');
  const fields = objectOf(alert.output_fields, 'output_fields');
  const { time, nanos } = timeOf(alert.time);
  const num = Number(fields['evt.num'] ?? 0);
  return {
    time,
    order: orderOf(nanos % 1000, Number.isSafeInteger(num) ? num : 0),
    rule: typeof alert.rule === 'string' ? alert.rule : '',
    source: typeof alert.source === 'string' && alert.source !== '' ? alert.source : 'syscall',
    fields: Object.fromEntries(Object.entries(fields).filter(([name]) => isRead(name))),
  };
}

/** @param nanos within the microsecond @param num Falco's own count */
export function orderOf(nanos: number, num: number): number {
  return nanos * 2 ** 40 + (num % 2 ** 40);
}

const read: ReadonlySet<string> = new Set(Object.values(falcoFields).map(({ name }) => name));

/** 0.40 writes the environment under no name at all when a rule's own text asks for it. */
function isRead(name: string): boolean {
  return read.has(name) || name === '' || /^proc\.args\[\d+\]$/.test(name);
}

function timeOf(value: unknown): { readonly time: number; readonly nanos: number } {
  if (typeof value === 'string') {
    const micros = parseTime(value);
    const nanos = Number((/\.(\d{1,9})Z$/.exec(value)?.[1] ?? '').padEnd(9, '0'));
    if (micros !== undefined) return { time: micros, nanos };
  } else if (typeof value === 'object' && value !== null && 'seconds' in value) {
    const seconds = Number(value.seconds);
    const nanos = 'nanos' in value ? Number(value.nanos) : 0;
    const micros = seconds * 1_000_000 + Math.floor(nanos / 1000);
    if (Number.isSafeInteger(seconds) && Number.isSafeInteger(micros) && nanos >= 0 && nanos < 1e9)
      return { time: micros, nanos };
  }
  throw new FingerprintError('SCHEMA', 'must be a time in UTC, or seconds and nanos', { field: 'time' });
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value === 'object' && value !== null && !Array.isArray(value))
    return value as Readonly<Record<string, unknown>>;
  throw new FingerprintError('SCHEMA', 'is missing: is this an alert of Falco as JSON?', { field });
}

/** What Falco writes where it has nothing to say; `NULL` is the name of a socket that was never connected. */
const missing: ReadonlySet<string> = new Set(['', '<NA>', 'null', 'NULL']);

/** The value as text, or undefined where Falco has none. */
export function textOf(record: FalcoRecord, field: FalcoField): string | undefined {
  const value = record.fields[falcoFields[field].name];
  if (typeof value === 'string') return missing.has(value) ? undefined : clean(value);
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined;
}

/** What a process says of itself: there `null` is a word like any other. By Falco's own name, for its numbered fields. */
export function wordOf(record: FalcoRecord, name: string): string | undefined {
  const value = record.fields[name];
  return typeof value === 'string' && value !== '<NA>' ? clean(value) : undefined;
}

export function numberOf(record: FalcoRecord, field: FalcoField): number | undefined {
  const text = textOf(record, field);
  return text !== undefined && /^-?\d{1,15}$/.test(text) ? Number(text) : undefined;
}

export function flagOf(record: FalcoRecord, field: FalcoField): boolean {
  return textOf(record, field) === 'true';
}

/** ns since the epoch as µs. Of a number a double has lost some 100 ns already; the caller may give it as text. */
export function microsOf(record: FalcoRecord, field: FalcoField): number | undefined {
  const value = record.fields[falcoFields[field].name];
  if (typeof value === 'number') return value > 0 ? Math.floor(value / 1000) : undefined;
  const text = textOf(record, field);
  return text !== undefined && /^\d{4,19}$/.test(text) ? Number(text.slice(0, -3)) : undefined;
}

/** The longest text an event may hold (fingerprint/event-json.ts). */
const maxText = 16_384;

/** Well-formed, without NUL: what every later reader takes. */
function clean(text: string): string {
  return text.slice(0, maxText).toWellFormed().replaceAll('\0', '\ufffd');
}
