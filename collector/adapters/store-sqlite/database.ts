import Sqlite from 'better-sqlite3';
import { StoreError } from '../../ports.ts';
import { keepCopy } from './kept-copy.ts';
import { migrations } from './migrations.ts';
import { freshSchema } from './schema.ts';

/** Raised with every change of what schema.ts gives, with a step in migrations.ts that brings older files up. */
export const schemaVersion = migrations.length + 1;

/**
 * Opens the database for one process alone, durably: WAL with a sync at each commit, so that what was acknowledged
 * survives a power cut. The exclusive lock is the kernel's and goes with the process, however it ends.
 *
 * @throws StoreError
 */
export function openDatabase(file: string): Sqlite.Database {
  try {
    const db = new Sqlite(file, { timeout: 0 });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.pragma('journal_mode = WAL');
      db.pragma('synchronous = FULL');
      db.exec('BEGIN IMMEDIATE; COMMIT');
      bringUp(db, file);
      return db;
    } catch (error) {
      db.close();
      throw error;
    }
  } catch (error) {
    throw storeError(error);
  }
}

function bringUp(db: Sqlite.Database, file: string): void {
  const version = Number(db.pragma('user_version', { simple: true }));
  if (version === schemaVersion) return;
  if (version > schemaVersion) {
    throw new StoreError(
      'newer-schema',
      `the database was written by a newer release of whorl (schema ${version}, this one reads up to ${schemaVersion}); start that release, or name another data directory`,
    );
  }
  if (version > 0) keepCopy(db, file, version);
  // All or nothing: a file that is half brought up could be read by neither release.
  db.transaction(() => {
    if (version === 0) db.exec(freshSchema());
    else for (const step of migrations.slice(version - 1)) step(db);
    db.pragma(`user_version = ${schemaVersion}`);
  })();
}

/** What SQLite says, as a closed code and a sentence. */
export function storeError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const [kind, sentence] = explain(code);
  const detail =
    kind === 'broken' ? `${sentence}: ${error instanceof Error ? error.message : code}` : sentence;
  return new StoreError(kind, detail, { cause: error });
}

function explain(code: string): readonly [StoreError['code'], string] {
  if (code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED')) {
    return ['in-use', 'the database is in use by another process'];
  }
  // A write that does not fit shows as IOERR_WRITE where the file system reports quota or a torn write.
  if (code === 'SQLITE_FULL' || code === 'SQLITE_IOERR_WRITE') {
    return ['disk-full', 'the disk of the database is full; free some space, nothing needs to be restarted'];
  }
  if (
    code.startsWith('SQLITE_READONLY') ||
    code.startsWith('SQLITE_CANTOPEN') ||
    code.startsWith('SQLITE_PERM')
  ) {
    return ['read-only', 'the database cannot be written; check owner, mode and mount of the data directory'];
  }
  if (code === 'SQLITE_NOTADB' || code.startsWith('SQLITE_CORRUPT')) {
    return ['not-a-database', 'the file is damaged or no database of whorl; move it away or restore a copy'];
  }
  return ['broken', 'the database failed'];
}
