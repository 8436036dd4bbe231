import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Restored } from './adapters/backup/restore.ts';
import { restoreBackup } from './adapters/backup/restore.ts';
import { writeBackup } from './adapters/backup/write.ts';
import { copyAtRest } from './adapters/store-sqlite/at-rest.ts';
import { schemaVersion } from './adapters/store-sqlite/database.ts';
import { type BackupAnswer, BackupError } from './ports/backups.ts';

/** What is done to a collector's data directory while none runs on it: the composition root of backup and restore. */

export { BackupError };

/** @throws BackupError, StoreError */
export async function backupAtRest(
  dataDir: string,
  request: { readonly out: string; readonly withKeys: boolean; readonly release: string },
): Promise<BackupAnswer> {
  const dir = join(dataDir, 'collector');
  if (!existsSync(join(dir, 'whorl.db')))
    throw new BackupError('nothing', `no collector kept anything in ${dir}; name its --data-dir`);
  const copyTo = (file: string) => copyAtRest(join(dir, 'whorl.db'), file);
  return writeBackup({ ...request, dir, copyTo, now: Date.now() });
}

/** @throws BackupError */
export function restore(
  dataDir: string,
  request: {
    readonly file: string;
    readonly reason: string;
    readonly author: string;
    readonly withKeys: boolean;
    readonly dryRun: boolean;
  },
): Promise<Restored> {
  const dir = join(dataDir, 'collector');
  return restoreBackup({ ...request, dir, now: Date.now(), maxSchema: schemaVersion });
}
