import { canonicalBytes } from './canonical.ts';
import { sha256Hex } from './digest.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { formatTime, parseTime } from './time.ts';

/**
 * One entry of a collector's audit log as it was hashed: canonical JSON, of which the leaf of the Merkle tree is made.
 * Whoever only verifies takes every type: a log may be older or newer than its reader.
 */
export interface AuditEntry {
  /** Its place in the log from 0 on: the index of its leaf. This is the order; `time` is what the clock said. */
  readonly seq: number;
  /** RFC 3339 with six digits of a second. A clock that was set back shows here as it was. */
  readonly time: string;
  readonly type: string;
  readonly author: string;
  readonly about?: string;
  readonly reason?: string;
  readonly detail: object;
}

/** @throws SCHEMA for what is no entry or has a member nobody knows */
export function parseAuditEntry(value: unknown, field: string): AuditEntry {
  const fields = new Fields(value, field, 'SCHEMA');
  fields.only('seq', 'time', 'type', 'author', 'about', 'reason', 'detail');
  const [about, reason] = [fields.raw('about'), fields.raw('reason')];
  return {
    seq: fields.integer('seq', 0),
    time: timeOf(fields),
    type: fields.text('type'),
    author: text(fields, 'author', fields.raw('author')),
    ...(about === undefined ? {} : { about: text(fields, 'about', about) }),
    ...(reason === undefined ? {} : { reason: text(fields, 'reason', reason) }),
    detail: detailOf(fields),
  };
}

/** A detail larger than this is on record by its digest: the log is for ever, and no place for documents. */
const maxDetailBytes = 16 * 1024;

/** Canonical JSON of a detail, or of `{bytes, sha256}` of one that is too large. @throws NOT_CANONICAL */
export function auditDetail(detail: object): string {
  const bytes = canonicalBytes(detail);
  const { length } = bytes;
  const kept = length > maxDetailBytes ? canonicalBytes({ bytes: length, sha256: sha256Hex(bytes) }) : bytes;
  return new TextDecoder().decode(kept);
}

/** An entry before it has a place: time in ms since the Unix epoch, detail as `auditDetail` gives it. */
export interface UnplacedEntry {
  readonly type: string;
  readonly time: number;
  readonly author: string;
  readonly about?: string;
  readonly reason?: string;
  readonly detail: string;
}

/** Canonical JSON of the entry, put together from its parts: the detail is canonical already. */
export function auditEntryText(entry: UnplacedEntry, seq: number): string {
  const { type, time, author, about, reason, detail } = entry;
  const quote = JSON.stringify;
  const members = [
    ...(about === undefined ? [] : [`"about":${quote(about)}`]),
    `"author":${quote(author)}`,
    `"detail":${detail}`,
    ...(reason === undefined ? [] : [`"reason":${quote(reason)}`]),
    `"seq":${seq}`,
    `"time":${quote(formatTime(time * 1000))}`,
    `"type":${quote(type)}`,
  ];
  return `{${members.join(',')}}`;
}

/** The bytes that are hashed. @throws NOT_CANONICAL */
export function auditEntryBytes(entry: AuditEntry): Uint8Array {
  return canonicalBytes(entry);
}

/** People write more than a line, and control characters are theirs to write: whoever shows it escapes them. */
function text(fields: Fields, name: string, value: unknown): string {
  return typeof value === 'string' ? value : fields.fail(name, 'must be a text');
}

function timeOf(fields: Fields): string {
  const time = fields.text('time');
  return parseTime(time) === undefined ? fields.fail('time', 'must be a time in UTC, RFC 3339') : time;
}

function detailOf(fields: Fields): object {
  const detail = fields.raw('detail');
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail))
    throw new FingerprintError('SCHEMA', 'must be an object', { field: fields.at('detail') });
  return detail;
}
