import { closeSync, openSync, read, readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import type { ProcessRef } from '../../../fingerprint/event.ts';
import { redactArgs, redactText } from '../../../fingerprint/secrets.ts';
import {
  ancestry,
  cgroupOf,
  type ProcessStat,
  readAlive,
  readProcLink,
  startOf,
} from '../linux/process-proc.ts';

/** One process as it was when it was stopped. Strings are free of secrets; the environment is never read. */
interface ProcessEvidence {
  readonly pid: number;
  readonly ppid: number;
  readonly start: number;
  readonly comm: string;
  readonly exe?: string;
  args?: readonly string[];
  readonly cwd?: string;
  readonly cgroup?: string;
}

/** What is lost when its process dies, taken in about a millisecond; hashes, copies and ancestors come after the act. */
export interface Captured {
  /** The culprit's ancestors, nearest first, itself included. */
  lineage: readonly ProcessEvidence[];
  readonly members: readonly ProcessEvidence[];
  /** Members beyond `maxMembers`. */
  readonly more: number;
  /** What the culprit's descriptors lead to; sockets with their addresses. */
  files: readonly string[];
  /** The executable, alive although its process may be dead and its name deleted. */
  exe?: FileHandle;
  /** Dropped libraries among the culprit's executable mappings. */
  readonly mapped: { readonly path: string; readonly handle: FileHandle }[];
  /** What was given up, and why. */
  readonly missing: string[];
}

/** A fork storm has thousands of members, all alike; the culprit and its first children tell the story. */
const maxMembers = 16;
/** Each vector costs about 0.1 ms before the act. */
const maxArguments = 4;
/** One read of a socket table: some ten thousand sockets. */
const maxTableBytes = 1024 * 1024;
/** Shells and droppers hold a dozen descriptors; a service that is itself the culprit may hold thousands of sockets. */
const maxFiles = 128;
/** As much of the argument vector as the kernel lets one argument be. */
const maxArgBytes = 128 * 1024;
/**
 * Takes evidence of processes. One per agent, because it remembers reads that never came back: a process can hold its
 * own mmap lock or serve its own file from a FUSE mount, and each such read keeps a thread of libuv's pool of four.
 * So the risky reads of one capture run one after the other in two chains, and while a chain is stuck no other starts:
 * two threads always stay for the spool.
 */
export class EvidenceCamera {
  #stuck = 0;

  /**
   * Never throws and waits no longer than `budgetMs`: the act comes first, and a process must not be able to put it
   * off by being slow to look at.
   * @param loaded - paths of dropped libraries to keep a copy of, as the container sees them.
   */
  async capture(
    culprit: ProcessRef,
    members: readonly ProcessStat[],
    loaded: readonly string[],
    budgetMs: number,
  ): Promise<Captured> {
    const alive = readAlive(culprit) !== undefined;
    const subject = alive ? culprit.pid : members[0]?.pid;
    const captured: Captured = {
      lineage: [],
      members: members.slice(0, maxMembers).map(describe),
      more: Math.max(0, members.length - maxMembers),
      files: subject === undefined ? [] : descriptors(subject),
      mapped: [],
      missing: [],
    };
    if (subject === undefined)
      captured.missing.push('the processes were gone before they could be looked at');
    else if (this.#stuck > 0)
      captured.missing.push('executable and arguments: an earlier read is still stuck');
    else await this.#patient(captured, subject, loaded, budgetMs);
    return captured;
  }

  async #patient(
    captured: Captured,
    subject: number,
    loaded: readonly string[],
    budgetMs: number,
  ): Promise<void> {
    let late = false;
    const keep = (handle: FileHandle, into: () => void): void => {
      if (late) void handle.close();
      else into();
    };
    const exe = open(`/proc/${subject}/exe`).then((handle) => keep(handle, () => (captured.exe = handle)));
    const memory = readMemory(captured, subject, loaded, (path, handle) =>
      keep(handle, () => captured.mapped.push({ path, handle })),
    );
    const all = Promise.allSettled([exe, memory]).then(() => {
      if (late) this.#stuck -= 1;
      return true;
    });
    const inTime = await Promise.race([all, timeout(budgetMs)]);
    if (inTime) return;
    late = true;
    this.#stuck += 1;
    captured.missing.push(`what took longer than ${budgetMs} ms to read`);
  }
}

/** In the order of what it is worth, should the time run out. */
async function readMemory(
  captured: Captured,
  subject: number,
  loaded: readonly string[],
  found: (path: string, handle: FileHandle) => void,
): Promise<void> {
  for (const member of captured.members.slice(0, maxArguments)) await readArgs(member);
  if (loaded.length > 0) await openMapped(subject, loaded, found);
  // Closed with its process, a socket is in no table any more.
  if (captured.files.some((file) => file.startsWith('socket:'))) await nameSockets(captured, subject);
}

/** Table by table, so that those read in time count: each walks the whole hash of the host's connections. */
async function nameSockets(captured: Captured, pid: number): Promise<void> {
  for (const name of ['tcp', 'tcp6', 'udp', 'udp6']) {
    const sockets = parseSocketTable(name, await readUpTo(`/proc/${pid}/net/${name}`, maxTableBytes));
    captured.files = captured.files.map(
      (file) => sockets.get(/^socket:\[(\d+)\]$/.exec(file)?.[1] ?? '') ?? file,
    );
  }
}

/** Adds the culprit's ancestors, after the act: they live on. */
export async function readLineage(captured: Captured): Promise<void> {
  const [first] = captured.members;
  if (first === undefined) return;
  const above = ancestry(first.ppid).map(describe);
  for (const ancestor of above.slice(0, maxAncestorArguments))
    await readArgs(ancestor).catch(() => undefined);
  captured.lineage = [first, ...above];
}
/** The service, its supervisor, the runtime's shim: above that it is the machine's own. */
const maxAncestorArguments = 8;

function describe(stat: ProcessStat): ProcessEvidence {
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

function descriptors(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`)
      .slice(0, maxFiles)
      .flatMap((fd) => {
        try {
          return [redactText(readlinkSync(`/proc/${pid}/fd/${fd}`))];
        } catch {
          return [];
        }
      });
  } catch {
    return [];
  }
}

/** Reading cmdline takes the process's mmap lock: only ever with a time limit around it. */
async function readArgs(process: ProcessEvidence): Promise<void> {
  const text = await readUpTo(`/proc/${process.pid}/cmdline`, maxArgBytes);
  process.args = redactArgs(text.replace(/\0$/, '').split('\0'));
}

/** Opening a file of /proc waits for nobody; each read of it may, and hands out at most one page or line at a time. */
async function readUpTo(path: string, bytes: number): Promise<string> {
  const fd = openSync(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(bytes);
    let filled = 0;
    while (filled < bytes) {
      const { bytesRead } = await readFd(fd, buffer, filled, bytes - filled, null);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.toString('utf8', 0, filled);
  } finally {
    closeSync(fd);
  }
}
const readFd = promisify(read);

/** Opens mapped files through map_files, which leads to the very file even when its name is deleted or replaced. */
async function openMapped(
  pid: number,
  loaded: readonly string[],
  found: (path: string, handle: FileHandle) => void,
): Promise<void> {
  const maps = await readFile(`/proc/${pid}/maps`, 'utf8');
  for (const path of loaded) {
    const line = maps.split('\n').find((l) => l.replace(/ \(deleted\)$/, '').endsWith(` ${path}`));
    const range = line?.slice(0, line.indexOf(' '));
    if (range !== undefined) found(path, await open(`/proc/${pid}/map_files/${range}`));
  }
}

function timeout(ms: number): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), ms));
}

/** Inode → `tcp 10.0.0.7:4444 → 10.0.0.9:80 established` for the sockets of one table of /proc/<pid>/net. */
export function parseSocketTable(name: string, text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const line of text.split('\n').slice(1)) {
    const [, local, remote, state, , , , , , inode] = line.trim().split(/\s+/);
    if (local === undefined || remote === undefined || inode === undefined || inode === '0') continue;
    found.set(
      inode,
      `${name} ${endpoint(local)} → ${endpoint(remote)} ${socketStates[state ?? ''] ?? state}`,
    );
  }
  return found;
}

/** include/net/tcp_states.h; udp uses 01 and 07. */
const socketStates: Readonly<Record<string, string>> = {
  '01': 'established',
  '02': 'syn-sent',
  '03': 'syn-received',
  '04': 'fin-wait-1',
  '05': 'fin-wait-2',
  '06': 'time-wait',
  '07': 'closed',
  '08': 'close-wait',
  '09': 'last-ack',
  '0A': 'listening',
  '0B': 'closing',
};

/** The kernel prints addresses as hex of 32-bit words in host order, the port in network order. */
function endpoint(text: string): string {
  const [address = '', port = '0'] = text.split(':');
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => (word.match(/../g) ?? []).reverse());
  const number = Number.parseInt(port, 16);
  if (bytes.length === 4) return `${bytes.map((b) => Number.parseInt(b, 16)).join('.')}:${number}`;
  const groups = bytes.join('').match(/.{4}/g) ?? [];
  return `[${groups.map((g) => g.toLowerCase().replace(/^0{1,3}/, '')).join(':')}]:${number}`;
}
