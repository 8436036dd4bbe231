import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { LockError, takeLock } from '../agent/adapters/lock-file.ts';
import { CliError, exitCodes } from './exit.ts';
import { explainSystemError } from './system-error.ts';

/**
 * Makes the data directory and takes it for this process; two on the same database and holds would undo each other.
 * @returns how to let it go
 * @throws CliError naming the pid that has it, or why the directory cannot be used
 */
export async function lockDataDir(dataDir: string): Promise<() => void> {
  try {
    await makeDirectory(dataDir);
    return takeLock(join(dataDir, 'up.pid'));
  } catch (error) {
    if (error instanceof LockError) throw inUse(error.pid);
    throw explainSystemError(error, `cannot use the data directory ${dataDir}`) ?? error;
  }
}

/** One level after the other: on a read-only file system Node's own recursion answers that nothing is there. */
async function makeDirectory(path: string): Promise<void> {
  if (existsSync(path)) return;
  await makeDirectory(dirname(path));
  await mkdir(path, { mode: 0o700 });
}

function inUse(pid: number): CliError {
  return new CliError(
    exitCodes.usage,
    `whorl up already runs on this data directory with pid ${pid}`,
    'use that one, end it, or name another directory with --data-dir',
  );
}
