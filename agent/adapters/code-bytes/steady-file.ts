import { type BigIntStats, closeSync, constants, fstatSync, lstatSync, openSync } from 'node:fs';

export interface SteadyFile {
  readonly fd: number;
  readonly stat: BigIntStats;
}

/**
 * The clock of file systems runs in ticks, 10 ms at most: a change within one tick after the act may bear an earlier time.
 */
const tickUs = 10_000;

/**
 * Opens a file as it was at the time of an act: nothing on the way to it, nor it itself, was changed since. Else whoever
 * ran one file could put another in its place before anybody looks. No link is followed, so nothing leads out of the
 * root; neither a pipe nor a device holds us up.
 *
 * @param root of a process, as /proc shows it. @param time µs since the epoch.
 * @returns undefined when it is no regular file, or not as it was. The caller closes it.
 */
export function openSteady(root: string, path: string, time: number): SteadyFile | undefined {
  const isOld = ({ ctimeNs }: BigIntStats): boolean => Number(ctimeNs / 1000n) + tickUs <= time;
  const parts = path.split('/').slice(1);
  if (parts.some((part) => part === '' || part === '.' || part === '..')) return undefined;
  let fd: number | undefined;
  try {
    let at = root;
    for (const part of parts.slice(0, -1)) {
      at += `/${part}`;
      const directory = lstatSync(at, { bigint: true });
      if (!directory.isDirectory() || !isOld(directory)) return undefined;
    }
    fd = openSync(root + path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
    const stat = fstatSync(fd, { bigint: true });
    if (stat.isFile() && isOld(stat) && stat.ino === lstatSync(root + path, { bigint: true }).ino) {
      const opened = { fd, stat };
      fd = undefined;
      return opened;
    }
  } catch {
    // Gone, or never there: nothing that could be looked at.
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
  return undefined;
}

/** Whether it is still what it was when it was opened. */
export function isUnchanged({ fd, stat }: SteadyFile): boolean {
  const now = fstatSync(fd, { bigint: true });
  return now.ctimeNs === stat.ctimeNs && now.size === stat.size;
}
