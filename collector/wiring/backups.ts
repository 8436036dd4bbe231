import { writeBackup } from '../adapters/backup/write.ts';
import { Backups } from '../backups.ts';
import type { Wiring } from './wiring.ts';

/** Copies of everything this collector knows, made while it runs. */
export function openBackups({ dir, store, log, version, audit }: Wiring): Backups {
  const copyTo = (file: string) => store.copyTo(file);
  return new Backups({
    write: (out, withKeys) => writeBackup({ out, withKeys, dir, copyTo, now: Date.now(), release: version }),
    log,
    record: (note) => audit.record(note),
  });
}
