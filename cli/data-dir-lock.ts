import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, rmSync } from 'node:fs';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CliError, exitCodes } from './exit.ts';
import { explainSystemError } from './system-error.ts';

interface Holder {
  readonly pid: number;
  /** Start time in clock ticks, so that a pid that came back is not taken for the first `whorl up`. */
  readonly start: string;
}

/**
 * Makes the data directory and takes it for this process; two on the same database and holds would undo each other.
 * @returns how to let it go
 * @throws CliError naming the pid that has it, or why the directory cannot be used
 */
export async function lockDataDir(dataDir: string): Promise<() => void> {
  const file = join(dataDir, 'up.pid');
  const mine = join(dataDir, `.up.${randomBytes(6).toString('hex')}`);
  try {
    await mkdir(dataDir, { recursive: true, mode: 0o700 });
    await writeFile(mine, JSON.stringify({ pid: process.pid, start: startOf(process.pid) ?? '' }), {
      mode: 0o600,
    });
    await take(mine, file);
  } catch (error) {
    throw explainSystemError(error, `cannot use the data directory ${dataDir}`) ?? error;
  } finally {
    await unlink(mine).catch(() => undefined);
  }
  return () => rmSync(file, { force: true });
}

async function take(mine: string, file: string): Promise<void> {
  for (let attempt = 0; attempt < 3; attempt += 1) {
    const taken = await link(mine, file).then(
      () => true,
      (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST') return false;
        throw error;
      },
    );
    if (taken) return;
    const holder = parseHolder(await readFile(file, 'utf8').catch(() => ''));
    if (holder !== undefined && startOf(holder.pid) === holder.start) throw inUse(holder.pid);
    setAside(file, `${mine}.old`);
  }
  throw new CliError(exitCodes.usage, 'the data directory is being taken by another whorl up', 'try again');
}

/** Renamed before it is removed: of two who find the same stale file only one gets it. */
function setAside(file: string, aside: string): void {
  try {
    renameSync(file, aside);
    rmSync(aside, { force: true });
  } catch {
    // The other one was quicker; the next attempt sees its file.
  }
}

function inUse(pid: number): CliError {
  return new CliError(
    exitCodes.usage,
    `whorl up already runs on this data directory with pid ${pid}`,
    'use that one, end it, or name another directory with --data-dir',
  );
}

function parseHolder(text: string): Holder | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('pid' in value) || !('start' in value))
      return undefined;
    return typeof value.pid === 'number' && typeof value.start === 'string'
      ? { pid: value.pid, start: value.start }
      : undefined;
  } catch {
    return undefined;
  }
}

/** Field 22 of /proc/<pid>/stat; the name before it may hold blanks and brackets. Undefined when the process is gone. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
  } catch {
    return undefined;
  }
}
