import { mkdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { AgentError } from '../ports.ts';

/** What the kernel says of a place that cannot be used, and what to do. */
const words: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full; free some space and start again',
  EDQUOT: 'the disk quota is used up; free some space and start again',
  EROFS: 'the file system is read-only; name another data directory',
  EACCES: 'permission denied; check the owner and mode, or run as the user who owns it',
  EPERM: 'not permitted; check the owner and mode, or run as the user who owns it',
  EEXIST: 'it is not a directory; move it away or name another data directory',
  ENOTDIR: 'a part of the path is not a directory; name another data directory',
};

/** The sentence for a place of the data directory that cannot be used. What an adapter explained already stays. */
export function unusable(path: string, cause: unknown): AgentError {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : '';
  const known = words[code];
  const said = cause instanceof Error ? cause.message : String(cause);
  return new AgentError('data-dir', known === undefined ? said : `${path} cannot be used: ${known}`, {
    cause,
  });
}

/** @throws AgentError */
export function makeDirectory(dir: string): void {
  try {
    makeWithParents(dir);
  } catch (cause) {
    throw unusable(dir, cause);
  }
}

/** Step by step: on a read-only file system `recursive` answers that a directory is missing. */
function makeWithParents(dir: string): void {
  if (statSync(dir, { throwIfNoEntry: false })?.isDirectory() === true) return;
  if (dirname(dir) !== dir) makeWithParents(dirname(dir));
  mkdirSync(dir, { mode: 0o700 });
}
