import { existsSync } from 'node:fs';
import Sqlite from 'better-sqlite3';
import { StoreError } from '../../ports.ts';
import { storeError } from './database.ts';

/** Copies the database of a collector that does not run, as it is: nothing is brought up to date. @throws StoreError */
export async function copyAtRest(file: string, to: string): Promise<void> {
  if (!existsSync(file)) throw new StoreError('not-a-database', `${file}: there is no database`);
  try {
    const db = new Sqlite(file, { timeout: 0 });
    try {
      db.pragma('locking_mode = EXCLUSIVE');
      db.exec('BEGIN IMMEDIATE; COMMIT');
      await db.backup(to);
    } finally {
      db.close();
    }
  } catch (error) {
    throw storeError(error);
  }
}
