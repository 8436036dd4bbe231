import { parseJson } from '../../../fingerprint/strict-json.ts';
import { BackupError, type BackupManifest } from '../../ports/backups.ts';

export const manifestName = 'manifest.json';
export const databaseName = 'whorl.db';
/** Of the data directory alone, one folder deep: nothing else is ever written by a restore. */
const keyName = /^keys\/(tls\/)?[0-9A-Za-z][0-9A-Za-z._-]{0,63}$/;
const sha256 = /^[0-9a-f]{64}$/;

/** @throws BackupError */
export function parseManifest(bytes: Uint8Array, file: string): BackupManifest {
  const value: Partial<Record<keyof BackupManifest, unknown>> = Object(read(bytes, file));
  const { schema, collector, epoch, time, release, files } = value;
  if (value.format !== 'whorl-backup') throw none(file);
  if (value.version !== 1) {
    throw new BackupError('newer', `${file} was made by a newer release of whorl; restore it with that one`);
  }
  const texts = [collector, epoch, time, release];
  if (!isCount(schema) || !texts.every((t) => typeof t === 'string') || !Array.isArray(files))
    throw none(file);
  return {
    format: 'whorl-backup',
    version: 1,
    schema,
    collector: String(collector),
    epoch: String(epoch),
    time: String(time),
    release: String(release),
    files: files.map((entry: unknown) => parseEntry(entry, file)),
  };
}

function parseEntry(entry: unknown, file: string): BackupManifest['files'][number] {
  const { name, bytes, sha256: hash }: { name?: unknown; bytes?: unknown; sha256?: unknown } = Object(entry);
  const isNamed = typeof name === 'string' && (name === databaseName || keyName.test(name));
  if (!isNamed || !isCount(bytes) || typeof hash !== 'string' || !sha256.test(hash)) throw none(file);
  return { name, bytes, sha256: hash };
}

function read(bytes: Uint8Array, file: string): unknown {
  try {
    return parseJson(bytes);
  } catch {
    throw none(file);
  }
}

export function none(file: string, cause?: unknown): BackupError {
  return new BackupError(
    'not-a-backup',
    `${file} is no backup that whorl made; name the file of collector backup --out`,
    { cause },
  );
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
