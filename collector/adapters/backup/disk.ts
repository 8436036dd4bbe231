import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fsyncSync, openSync } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { BackupError } from '../../ports/backups.ts';

export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** A file, or the directory that names it: both have to survive a power cut. */
export function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

/** What the system says of a place where a backup is to be written, as a sentence. */
export function unwritable(path: string, cause: unknown): BackupError {
  if (cause instanceof BackupError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  if (['ENOSPC', 'EDQUOT', 'SQLITE_FULL', 'disk-full'].includes(code)) {
    return new BackupError(
      'disk-full',
      `${path}: the disk has no room for it; free some, or name another place`,
      {
        cause,
      },
    );
  }
  return new BackupError('unwritable', `${path} cannot be written (${code}); check owner, mode and mount`, {
    cause,
  });
}
