import { type AuditEntry, auditEntryBytes, parseAuditEntry } from './audit-entry.ts';
import { decodeBase64, encodeBase64 } from './base64.ts';
import { canonicalBytes } from './canonical.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { hashLength, leafHash, subtrees } from './merkle.ts';
import { parseJson } from './strict-json.ts';

/**
 * A log as a file of JSON lines: a header, then one line for each entry from `first` on. Lines are canonical JSON, so
 * that a reader without a JSON library finds the bytes that were hashed between `{"entry":` and the last
 * `,"leaf":`.
 */
export interface ExportHeader {
  readonly origin: string;
  /** As Go's `note.NewVerifier` reads it. Says who claims to have signed, and proves nothing. */
  readonly key: string;
  readonly size: number;
  readonly root: Uint8Array;
  /** Of this size; older than it in a log that no longer signs. Empty when none was ever signed. */
  readonly checkpoint: string;
  /** Of the first line. */
  readonly first: number;
  /** Roots of the complete subtrees before it, from left to right. */
  readonly peaks: readonly Uint8Array[];
}

/**
 * The leaf stands beside the entry, so that an entry that was changed without it is named. One whose body was erased is
 * held by its leaf alone: the log goes on proving what came before and after.
 */
export interface ExportLine {
  readonly seq: number;
  readonly leaf: Uint8Array;
  /** Absent when it was erased. */
  readonly entry?: AuditEntry;
  /** Whether the leaf is that of the entry. */
  readonly isSound: boolean;
}

/** An entry of 16 KiB of detail in which every character is escaped, and what goes round it. */
const maxLineBytes = 256 * 1024;
const maxPeaks = 53;

export function formatExportHeader(header: ExportHeader): string {
  const { root, peaks, ...rest } = header;
  return textOf({ ...rest, root: encodeBase64(root), peaks: peaks.map(encodeBase64) });
}

/** @param body canonical JSON of the entry as it was hashed; absent when it was erased */
export function formatExportLine(seq: number, leaf: Uint8Array, body: string | undefined): string {
  if (body === undefined) return textOf({ seq, erased: true, leaf: encodeBase64(leaf) });
  return `{"entry":${body},"leaf":"${encodeBase64(leaf)}","seq":${seq}}`;
}

/** @throws SCHEMA, BASE64, JSON_SYNTAX, NOT_UTF8, TOO_LARGE */
export function parseExportHeader(bytes: Uint8Array): ExportHeader {
  const fields = new Fields(parseJson(bytes, { bytes: maxLineBytes }), '', 'SCHEMA');
  fields.only('origin', 'key', 'size', 'root', 'checkpoint', 'first', 'peaks');
  const [size, first] = [fields.integer('size', 0), fields.integer('first', 0)];
  if (first > size) fields.fail('first', 'must not be larger than size');
  const peaks = fields.list('peaks', maxPeaks).map((p, i) => hashOf(p, `peaks[${i}]`));
  if (peaks.length !== subtrees(0, first).length) fields.fail('peaks', `must be those of ${first} leaves`);
  const checkpoint = fields.raw('checkpoint');
  return {
    origin: fields.text('origin'),
    key: fields.text('key'),
    size,
    root: hashOf(fields.raw('root'), 'root'),
    checkpoint: typeof checkpoint === 'string' ? checkpoint : fields.fail('checkpoint', 'must be a text'),
    first,
    peaks,
  };
}

/**
 * One line. What is read is written again and compared: two readers must not see two entries in one line.
 * @throws SCHEMA, NOT_CANONICAL, BASE64, JSON_SYNTAX, NOT_UTF8, TOO_LARGE
 */
export function parseExportLine(bytes: Uint8Array): ExportLine {
  const value = parseJson(bytes, { bytes: maxLineBytes });
  const fields = new Fields(value, '', 'SCHEMA');
  if (Buffer.compare(canonicalBytes(value), bytes) !== 0)
    throw new FingerprintError('NOT_CANONICAL', 'is not in the one form of an export');
  const [seq, leaf] = [fields.integer('seq', 0), hashOf(fields.raw('leaf'), 'leaf')];
  if (fields.has('erased')) {
    fields.only('seq', 'erased', 'leaf');
    if (fields.raw('erased') !== true) fields.fail('erased', 'must be true where it stands');
    return { seq, leaf, isSound: true };
  }
  fields.only('seq', 'entry', 'leaf');
  const entry = parseAuditEntry(fields.raw('entry'), 'entry');
  const isSound = entry.seq === seq && Buffer.compare(leafHash(auditEntryBytes(entry)), leaf) === 0;
  return { seq, leaf, entry, isSound };
}

/** @throws SCHEMA, BASE64 */
export function hashOf(value: unknown, field: string): Uint8Array {
  if (typeof value === 'string') {
    const bytes = decodeBase64(value, field);
    if (bytes.length === hashLength) return bytes;
  }
  throw new FingerprintError('SCHEMA', `must be ${hashLength} bytes in base64`, { field });
}

function textOf(value: unknown): string {
  return new TextDecoder().decode(canonicalBytes(value));
}
