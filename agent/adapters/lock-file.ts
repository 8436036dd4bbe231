import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { readStat } from './linux/process-proc.ts';

export class LockError extends Error {
  /** The process that has it. */
  readonly pid: number;
  constructor(path: string, pid: number) {
    super(`another agent (pid ${pid}) works with this data directory: ${path}`);
    this.name = 'LockError';
    this.pid = pid;
  }
}

/**
 * Takes a lock file for this process. One that a dead process left is replaced: its holder is named by pid and start
 * time, so that a pid that came back is not taken for it.
 *
 * @returns how to let it go
 * @throws LockError while its holder lives
 */
export function takeLock(path: string): () => void {
  const mine = `${path}.${randomBytes(6).toString('hex')}`;
  writeFileSync(mine, `${process.pid} ${readStat(process.pid)?.startTicks ?? 0}\n`, { mode: 0o600 });
  try {
    // Each failed attempt saw a lock of somebody dead; a third one means they die as fast as we look.
    for (let attempt = 0; attempt < 3; attempt += 1) {
      if (isLinked(mine, path)) return () => rmSync(path, { force: true });
      const holder = readHolder(path);
      if (holder !== undefined && readStat(holder.pid)?.startTicks === holder.ticks)
        throw new LockError(path, holder.pid);
      setAside(path, `${mine}.old`);
    }
    throw new LockError(path, readHolder(path)?.pid ?? 0);
  } finally {
    rmSync(mine, { force: true });
  }
}

/** A hard link is made whole or not at all, and never over another. */
function isLinked(mine: string, path: string): boolean {
  try {
    linkSync(mine, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  }
}

/** Renamed first: of two who find the same stale lock only one removes it. */
function setAside(path: string, aside: string): void {
  try {
    renameSync(path, aside);
    rmSync(aside, { force: true });
  } catch {
    // The other one was quicker; the next attempt sees its lock.
  }
}

function readHolder(path: string): { pid: number; ticks: number } | undefined {
  try {
    const [pid, ticks] = readFileSync(path, 'utf8').trim().split(' ').map(Number);
    return pid === undefined || ticks === undefined || !Number.isInteger(pid) ? undefined : { pid, ticks };
  } catch {
    return undefined;
  }
}
