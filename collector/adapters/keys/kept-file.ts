import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { CollectorError } from '../../ports.ts';

/** 0600 for what is secret, 0644 for what is handed to others. */
export type FileMode = 0o600 | 0o644;

/** @throws CollectorError `bad-file` when a secret can be read by others, `data-dir` when it cannot be read at all */
export function readKept(path: string, mode: FileMode): string | undefined {
  try {
    if (mode === 0o600 && (statSync(path).mode & 0o077) !== 0) {
      throw new CollectorError(
        'bad-file',
        `${path} can be read by others than its owner; set its mode to 0600`,
      );
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw unusable(path, error);
  }
}

/**
 * Synced and put in place in one step, so that a crash leaves either nothing or all of it.
 * @throws CollectorError `data-dir`
 */
export function writeKept(path: string, content: string, mode: FileMode): void {
  const beside = `${path}.${randomBytes(6).toString('hex')}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const file = openSync(beside, 'wx', mode);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw unusable(path, error);
  }
}

const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and start again',
  EROFS: 'the file system is read-only; name another place with --data-dir',
  ENOENT: 'a directory of the path cannot be made; check the path, or name another place with --data-dir',
  EACCES: 'permission denied; check the owner and mode, or run as the user who owns it',
  EPERM: 'not permitted; check the owner and mode, or run as the user who owns it',
  EEXIST: 'it is not a directory; name another place with --data-dir',
  EISDIR: 'it is a directory where a file is expected; move it away',
  ENOTDIR: 'a part of the path is not a directory; name another place with --data-dir',
};

/** The sentence for a file of the data directory that cannot be used. */
export function unusable(path: string, cause: unknown): CollectorError {
  if (cause instanceof CollectorError) return cause;
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown reason';
  return new CollectorError('data-dir', `${path}: ${words[code] ?? code}`, { cause });
}
