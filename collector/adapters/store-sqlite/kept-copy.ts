import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import type Sqlite from 'better-sqlite3';
import { StoreError } from '../../ports.ts';

/**
 * A copy of the database as the release before left it, beside it: what a migration got wrong can be taken back, and the
 * release before can be started again. Without it nothing is migrated.
 *
 * @returns its path @throws StoreError `disk-full`, with what to do; whatever SQLite says of other trouble
 */
export function keepCopy(db: Sqlite.Database, file: string, version: number): string {
  const copy = `${file}.schema-${version}.bak`;
  const unfinished = `${copy}.new`;
  try {
    rmSync(unfinished, { force: true });
    // Made by us, because SQLite would give it the mode of any file; it takes one that is empty.
    closeSync(openSync(unfinished, 'wx', 0o600));
    db.prepare('VACUUM INTO ?').run(unfinished);
    sync(unfinished);
    renameSync(unfinished, copy);
    sync(dirname(copy));
    return copy;
  } catch (error) {
    rmSync(unfinished, { force: true });
    if (!isFull(error)) throw error;
    throw new StoreError(
      'disk-full',
      `the database is of schema ${version} and a copy of it is kept before it is brought up to this release's, for which the disk has no room; free as much as ${file} takes, and start again: nothing was changed`,
      { cause: error },
    );
  }
}

function sync(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}

function isFull(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  return ['SQLITE_FULL', 'SQLITE_IOERR_WRITE', 'ENOSPC', 'EDQUOT'].includes(code);
}
