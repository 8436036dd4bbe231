import { randomBytes } from 'node:crypto';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { unusable } from '../adapters/keys/kept-file.ts';
import { SqliteStore } from '../adapters/store-sqlite.ts';
import { type DriftStore, StoreError } from '../ports.ts';
import type { StoreTrouble } from '../store-trouble.ts';

export function makeDirectory(dir: string): void {
  try {
    mkdirSync(dirname(dir), { recursive: true, mode: 0o700 });
    // Not recursive: that form tells a read-only file system as a missing directory.
    if (!existsSync(dir)) mkdirSync(dir, { mode: 0o700 });
    accessSync(dir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw unusable(dir, error);
  }
}

/** The database's lock is the collector's: the kernel lets it go with the process, however that ends. */
export async function openStore(dir: string, trouble: StoreTrouble): Promise<SqliteStore> {
  const pidFile = join(dir, 'collector.pid');
  try {
    const store = await SqliteStore.open(join(dir, 'whorl.db'), trouble.mayRetry);
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 });
    return store;
  } catch (error) {
    if (!(error instanceof StoreError)) throw unusable(pidFile, error);
    if (error.code !== 'in-use')
      throw new StoreError(error.code, `${dir}: ${error.message}`, { cause: error });
    const pid = readPid(pidFile);
    throw new StoreError(
      'in-use',
      `another collector${pid === undefined ? '' : ` with pid ${pid}`} already runs on ${dir}; use that one, end it, or name another directory with --data-dir`,
      { cause: error },
    );
  }
}

function readPid(file: string): string | undefined {
  try {
    return /^(\d{1,10})\n$/.exec(readFileSync(file, 'utf8'))?.[1];
  } catch {
    return undefined;
  }
}

export async function collectorId(store: DriftStore): Promise<string> {
  const known = await store.setting('collector-id');
  if (known !== undefined) return known;
  const made = randomBytes(16).toString('hex');
  await store.saveSetting('collector-id', made);
  return made;
}
