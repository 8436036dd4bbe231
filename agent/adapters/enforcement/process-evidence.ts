import { closeSync, openSync, read } from 'node:fs';
import { promisify } from 'node:util';
import { redactArgs, redactText } from '../../../fingerprint/secrets.ts';
import { ancestry, cgroupOf, type ProcessStat, readProcLink, startOf } from '../linux/process-proc.ts';

/** One process as it was when it was stopped. Strings are free of secrets; the environment is never read. */
export interface ProcessEvidence {
  readonly pid: number;
  readonly ppid: number;
  readonly start: number;
  readonly comm: string;
  readonly exe?: string;
  args?: readonly string[];
  readonly cwd?: string;
  readonly cgroup?: string;
}

/** What can be told of it without waiting for anybody; `readArgs` adds the rest. */
export function describe(stat: ProcessStat): ProcessEvidence {
  const link = (name: string): string | undefined => readProcLink(stat.pid, name);
  const [exe, cwd, cgroup] = [link('exe'), link('cwd'), cgroupOf(stat.pid)];
  return {
    pid: stat.pid,
    ppid: stat.ppid,
    start: startOf(stat),
    comm: shownComm(stat.comm, exe),
    ...(exe === undefined ? {} : { exe: redactText(exe) }),
    ...(cwd === undefined ? {} : { cwd: redactText(cwd) }),
    ...(cgroup === undefined ? {} : { cgroup }),
  };
}

/**
 * The kernel cuts the name at 15 bytes, and half a token does not look like one: a name that long is shown only when it
 * is the beginning of the executable's own, freed of secrets.
 */
export function shownComm(comm: string, exe = ''): string {
  const own = redactText(exe.slice(exe.lastIndexOf('/') + 1));
  return Buffer.byteLength(comm) < 15 || own.startsWith(comm) ? redactText(comm) : '…';
}

/**
 * Reading cmdline takes the process's mmap lock, which it can have kept for ever: a helper reads its memory where a FUSE
 * file is mapped that never answers, and one of its threads waits to map more. So it is read only ever in a thread, with
 * a time limit around it. Unlike tables, it is handed out whole by one read.
 */
export async function readArgs(process: ProcessEvidence): Promise<void> {
  const fd = openSync(`/proc/${process.pid}/cmdline`, 'r');
  try {
    const buffer = Buffer.allocUnsafe(maxArgBytes);
    const { bytesRead } = await readFd(fd, buffer, 0, maxArgBytes, null);
    process.args = redactArgs(buffer.toString('utf8', 0, bytesRead).replace(/\0$/, '').split('\0'));
  } finally {
    closeSync(fd);
  }
}

/** As much of the argument vector as the kernel lets one argument be. */
const maxArgBytes = 128 * 1024;
const readFd = promisify(read);

/** The ancestors of a process, which live on after it, nearest first. */
export async function describeAncestors(pid: number): Promise<ProcessEvidence[]> {
  const above = ancestry(pid).map(describe);
  for (const ancestor of above.slice(0, maxAncestorArguments))
    await readArgs(ancestor).catch(() => undefined);
  return above;
}
/** The service, its supervisor, the runtime's shim: above that it is the machine's own. */
const maxAncestorArguments = 8;
