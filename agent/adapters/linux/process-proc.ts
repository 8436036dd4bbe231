import { closeSync, existsSync, openSync, readdirSync, readFileSync, readlinkSync, readSync } from 'node:fs';
import type { ProcessRef } from '../../../fingerprint/event.ts';

/**
 * What /proc/<pid>/stat says of a process. Reading it takes no lock the process could hold, so unlike cmdline, maps
 * or environ it never hangs on a hostile one and may be read synchronously.
 */
export interface ProcessStat {
  readonly pid: number;
  readonly ppid: number;
  /** The session's number, which is not reused while anybody is in it. */
  readonly session: number;
  readonly startTicks: number;
  /** Bytes of address space. */
  readonly mapped: number;
  readonly kernelThread: boolean;
  /** Stopped by a signal (not by a debugger, not frozen). */
  readonly stopped: boolean;
  /**
   * Dead as a whole, but not yet reaped. A first thread that left its other threads behind is marked Z too, and its
   * process runs on: a trick to look dead while working.
   */
  readonly zombie: boolean;
  /** The first thread is gone and others run on: the process is then in no cgroup.procs but its first cgroup's. */
  readonly leaderless: boolean;
  readonly comm: string;
}

/**
 * USER_HZ. The kernel's ABI fixes it at 100 on every architecture Node runs on (it is not CONFIG_HZ), and Node has no
 * sysconf(3) to ask.
 */
const usPerTick = 10_000;
/** Source and kernel round the same clock at different places, so a start time may fall on either side of a tick. */
const tickTolerance = 1;
/** PF_KTHREAD of include/linux/sched.h. */
const kernelThreadFlag = 0x00200000;

/** @returns undefined when the text is not a stat line. A process name may hold blanks, brackets and newlines. */
export function parseStat(text: string): ProcessStat | undefined {
  const open = text.indexOf('(');
  const close = text.lastIndexOf(')');
  if (open < 1 || close < open) return undefined;
  const fields = text.slice(close + 2).split(' ');
  const number = (index: number): number => Number(fields[index] ?? Number.NaN);
  const ended = fields[0] === 'Z' || fields[0] === 'X';
  const others = number(17) > 1;
  const stat = {
    pid: Number(text.slice(0, open)),
    ppid: number(1),
    session: number(3),
    startTicks: number(19),
    mapped: number(20),
    kernelThread: (number(6) & kernelThreadFlag) !== 0,
    stopped: fields[0] === 'T',
    zombie: ended && !others,
    leaderless: ended && others,
    comm: text.slice(open + 1, close),
  };
  return Number.isInteger(stat.pid) && Number.isInteger(stat.startTicks) ? stat : undefined;
}

/** @returns undefined when there is no such process (any more). */
export function readStat(pid: number, proc = '/proc'): ProcessStat | undefined {
  const path = `${proc}/${pid}/stat`;
  // Whoever is asked about is often gone, and an error with its stack costs ten times as much as this question.
  if (!existsSync(path)) return undefined;
  try {
    const fd = openSync(path, 'r');
    try {
      // One read gives the whole line; readFileSync asks for size and end as well, which doubles the cost.
      return parseStat(line.toString('latin1', 0, readSync(fd, line)));
    } finally {
      closeSync(fd);
    }
  } catch {
    return undefined;
  }
}
/** 52 numbers of at most 20 digits and a name of 64 bytes. */
const line = Buffer.alloc(2048);

/** µs since boot, to the tick. */
export function startOf(stat: ProcessStat): number {
  return stat.startTicks * usPerTick;
}

/** True when `stat` is the very process that `ref` names, not a later one with its pid. */
export function isSame(ref: ProcessRef, stat: ProcessStat): boolean {
  return (
    ref.pid === stat.pid && Math.abs(Math.floor(ref.start / usPerTick) - stat.startTicks) <= tickTolerance
  );
}

/** @returns the process `ref` names if it still lives (a zombie does not), else undefined. */
export function readAlive(ref: ProcessRef): ProcessStat | undefined {
  const stat = readStat(ref.pid);
  return stat !== undefined && isSame(ref, stat) && !stat.zombie ? stat : undefined;
}

export function listPids(): number[] {
  return readdirSync('/proc').map(Number).filter(Number.isInteger);
}

/** The v2 cgroup of a process, below the mount; undefined when the process is gone. */
export function cgroupOf(pid: number): string | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/cgroup`, 'utf8')
      .split('\n')
      .find((l) => l.startsWith('0::'));
    // A cgroup that was removed under its last zombie says so; the name without the mark is of no use to anybody.
    return line === undefined || line.endsWith(' (deleted)') ? undefined : line.slice('0::'.length);
  } catch {
    return undefined;
  }
}

/** A link of /proc/<pid>/ (exe, cwd, root, fd/N) as text; undefined when gone or not ours to read. */
export function readProcLink(pid: number, name: string): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/${name}`);
  } catch {
    return undefined;
  }
}

/** `pid` and all its ancestors, nearest first. */
export function ancestry(pid: number): ProcessStat[] {
  const found: ProcessStat[] = [];
  for (
    let next = readStat(pid);
    next !== undefined && found.length < maxAncestors;
    next = readStat(next.ppid)
  ) {
    found.push(next);
    if (next.ppid === 0) break;
  }
  return found;
}
/** Deeper than any real tree (Debian's pid_max nests far less); only a bound against a loop in a racing /proc. */
export const maxAncestors = 256;
