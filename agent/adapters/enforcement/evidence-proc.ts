import { closeSync, openSync, readdirSync, readlinkSync } from 'node:fs';
import { type FileHandle, open, readFile } from 'node:fs/promises';
import type { ProcessRef } from '../../../fingerprint/event.ts';
import { redactText } from '../../../fingerprint/secrets.ts';
import { type ProcessStat, readAlive } from '../linux/process-proc.ts';
import { describe, describeAncestors, type ProcessEvidence, readArgs } from './process-evidence.ts';
import { nameSockets, nameUnixSockets } from './socket-tables.ts';

/** What is lost when its process dies, taken in half a millisecond; hashes, copies and ancestors come after the act. */
export interface Captured {
  /** The culprit's ancestors, nearest first, itself included. */
  lineage: readonly ProcessEvidence[];
  readonly members: readonly ProcessEvidence[];
  /** Members beyond `maxMembers`. */
  readonly more: number;
  /** What the culprit's descriptors lead to; sockets with their addresses. */
  files: readonly string[];
  /**
   * A descriptor that holds the executable, alive although its process may be dead and its name deleted. It is a place
   * only (O_PATH), to be opened by `openHeld`.
   */
  exe?: number;
  /** Dropped libraries among the culprit's executable mappings. */
  readonly mapped: { readonly path: string; readonly handle: FileHandle }[];
  /** What was given up, and why. */
  readonly missing: string[];
}

/** A fork storm has thousands of members, all alike; the culprit and its first children tell the story. */
const maxMembers = 16;
/** Each vector costs about 0.1 ms before the act. */
const maxArguments = 4;
/** The same on every architecture Node runs on; Node does not name it. */
const O_PATH = 0o10000000;
/** Shells and droppers hold a dozen descriptors; a service that is itself the culprit may hold thousands of sockets. */
const maxFiles = 128;
/**
 * Takes evidence of processes. One per agent, because it remembers reads that never came back: a process can hold its
 * own mmap lock or serve its own file from a FUSE mount, and each such read keeps a thread of libuv's pool of four.
 * So the risky reads of one capture run one after the other, and while one is stuck no other starts. The evidence store
 * does the same with files: two threads always stay for the spool.
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
      files: [],
      mapped: [],
      missing: [],
    };
    if (subject === undefined) {
      captured.missing.push('the processes were gone before they could be looked at');
      return captured;
    }
    // Begun first: the thread reads while this one does.
    const patient = this.#patient(captured, subject, loaded, budgetMs);
    holdExe(captured, subject);
    captured.files = nameUnixSockets(subject, descriptors(subject));
    await patient;
    return captured;
  }

  async #patient(
    captured: Captured,
    subject: number,
    loaded: readonly string[],
    budgetMs: number,
  ): Promise<void> {
    if (this.#stuck > 0) {
      captured.missing.push('arguments and addresses: an earlier read is still stuck');
      return;
    }
    let late = false;
    const memory = readMemory(captured, subject, loaded, (path, handle) => {
      if (late) void handle.close();
      else captured.mapped.push({ path, handle });
    });
    const all = memory
      .catch(() => undefined)
      .then(() => {
        if (late) this.#stuck -= 1;
        return true;
      });
    const inTime = await withinMs(all, budgetMs);
    if (inTime) return;
    late = true;
    this.#stuck += 1;
    captured.missing.push(`what took longer than ${budgetMs} ms to read`);
  }
}

/**
 * Waits for nobody, unlike an open for reading: the executable's file system, which may be the attacker's own FUSE
 * mount, is not asked. So it needs no thread, and no time limit.
 */
function holdExe(captured: Captured, pid: number): void {
  try {
    captured.exe = openSync(`/proc/${pid}/exe`, O_PATH);
  } catch {
    // Gone, or a kernel thread: there is no executable to keep.
  }
}

/** Opens for reading what is held. May wait for ever, on a file system that does not answer. */
export function openHeld(fd: number): Promise<FileHandle> {
  return open(`/proc/self/fd/${fd}`, 'r');
}

/** Lets go of what is held open. */
export async function closeCaptured(captured: Captured): Promise<void> {
  const { exe } = captured;
  // A number closed twice would close what somebody else was given meanwhile.
  delete captured.exe;
  if (exe !== undefined) closeSync(exe);
  for (const { handle } of captured.mapped.splice(0)) await handle.close().catch(() => undefined);
}

/** In the order of what it is worth, should the time run out. */
async function readMemory(
  captured: Captured,
  subject: number,
  loaded: readonly string[],
  found: (path: string, handle: FileHandle) => void,
): Promise<void> {
  for (const member of captured.members.slice(0, maxArguments)) await readArgs(member).catch(() => undefined);
  if (loaded.length > 0) await openMapped(subject, loaded, found);
  // Closed with its process, a socket is in no table any more.
  await nameSockets(captured, subject);
}

/** Adds the culprit's ancestors, after the act: they live on. */
export async function readLineage(captured: Captured): Promise<void> {
  const [first] = captured.members;
  if (first !== undefined) captured.lineage = [first, ...(await describeAncestors(first.ppid))];
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

/** The timer goes with the answer: left behind, it would keep a finished program waiting. */
async function withinMs(answer: Promise<boolean>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, ms, false);
  });
  return await Promise.race([answer, late]).finally(() => clearTimeout(timer));
}
