import { lstatSync, opendirSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import type { MemoryView, StateView } from '../../ports/state-view.ts';
import { readStat } from './process-proc.ts';

/** As in core/sweep/moved.ts; an adapter does not know the core. */
const namespaces = ['mnt', 'net', 'pid', 'user', 'uts', 'ipc', 'cgroup', 'time'];
/** A JVM with a thousand libraries shows some 400 KB; what lies behind this is not looked at. */
const maxMapsBytes = 4 << 20;
const maxTableBytes = 4 << 20;
const maxArgsBytes = 4_096;
/** Twenty words of 16 bytes are usual. */
const maxAuxvBytes = 4_096;
/** Sockets of one process that are looked through: a proxy has ten thousand. */
const maxDescriptors = 65_536;
/** Of linux/ip.h, when the file cannot be read. */
const usualPorts = { first: 32_768, last: 60_999 };

export interface ProcPlace {
  /** `/proc`, or a folder made like it. */
  readonly proc: string;
  /** Mount point of the v2 hierarchy; undefined where there is none. */
  readonly cgroups: string | undefined;
}

/** The present state of this machine. */
export function procStateView({ proc, cgroups }: ProcPlace): StateView {
  const at = (pid: number, name: string): string => `${proc}/${pid}/${name}`;
  const link = (pid: number, name: string): Uint8Array => readlinkSync(at(pid, name), { encoding: 'buffer' });
  return {
    pids: () => readdirSync(proc).map(Number).filter(Number.isInteger),
    glance: (pid) => {
      const stat = readStat(pid, proc);
      if (stat === undefined || stat.kernelThread || stat.zombie) return undefined;
      return { pid, parent: stat.ppid, startTicks: stat.startTicks, mapped: stat.mapped };
    },
    view: (pid) =>
      unlessGone(() => ({
        exe: link(pid, 'exe'),
        root: link(pid, 'root'),
        namespaces: namespaces.map((name) => readNamespace(at(pid, `ns/${name}`))),
      })),
    networkOf: (pid) => unlessGone(() => readlinkSync(at(pid, 'ns/net'))),
    cgroupOf: (pid) => unlessGone(() => cgroupOf(readFileSync(at(pid, 'cgroup'), 'utf8'), cgroups)),
    mounts: (pid) => unlessGone(() => readFileSync(at(pid, 'mountinfo'), 'utf8')),
    isInLayer,
    sockets: (pid) => socketsOf(at(pid, 'fd')),
    drawnPorts: () => unlessGone(() => drawnPorts(`${proc}/sys/net/ipv4/ip_local_port_range`)) ?? usualPorts,
    socketTables: async (pid) => {
      const table = (name: string) => readSlowly(at(pid, `net/${name}`), maxTableBytes);
      const all = await inTurn(['tcp', 'tcp6', 'udp', 'udp6', 'unix'], table);
      const [tcp, tcp6, udp, udp6, unix] = all.map((bytes) => bytes?.toString('latin1') ?? '');
      if (all.every((bytes) => bytes === undefined)) return undefined;
      return { tcp: tcp ?? '', tcp6: tcp6 ?? '', udp: udp ?? '', udp6: udp6 ?? '', unix: unix ?? '' };
    },
    memory: (pid) => memoryOf((name) => at(pid, name)),
    args: (pid) => readSlowly(at(pid, 'cmdline'), maxArgsBytes),
    isUnlinked: async (pid, range) => (await fileOf(at(pid, `map_files/${range}`)))?.unlinked,
  };
}

function unlessGone<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    // Processes end while they are looked at; whatever cannot be read is nothing that was seen.
    return undefined;
  }
}

/** An older kernel has no time namespaces. */
function readNamespace(path: string): string {
  return unlessGone(() => readlinkSync(path)) ?? '';
}

function cgroupOf(text: string, mount: string | undefined): { id: number; path: string } | undefined {
  const path = text
    .split('\n')
    .find((line) => line.startsWith('0::'))
    ?.slice('0::'.length);
  if (path === undefined || mount === undefined || path.endsWith(' (deleted)')) return undefined;
  return { id: statSync(mount + path).ino, path };
}

function isInLayer(layer: string, path: string): boolean | 'removed' | undefined {
  if (unlessGone(() => statSync(layer).isDirectory()) !== true) return undefined;
  try {
    // A whiteout is a character device: the file is gone from the layers, not in this one.
    return lstatSync(layer + path).isCharacterDevice() ? 'removed' : true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOTDIR' ? 'removed' : false;
  }
}

function* socketsOf(folder: string): Generator<number> {
  const entries = unlessGone(() => opendirSync(folder));
  if (entries === undefined) return;
  try {
    for (let seen = 0; seen < maxDescriptors; seen += 1) {
      const entry = unlessGone(() => entries.readSync());
      if (entry === undefined || entry === null) return;
      const target = unlessGone(() => readlinkSync(`${folder}/${entry.name}`)) ?? '';
      const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
      if (inode !== undefined) yield Number(inode);
    }
  } finally {
    entries.closeSync();
  }
}

function drawnPorts(path: string): { first: number; last: number } | undefined {
  const [first, last] = readFileSync(path, 'latin1').trim().split(/\s+/).map(Number);
  return first === undefined || last === undefined || !(last >= first) ? undefined : { first, last };
}

async function memoryOf(at: (name: string) => string): Promise<MemoryView | undefined> {
  const read = (name: string) => readSlowly(at(name), name === 'maps' ? maxMapsBytes : maxAuxvBytes);
  const [maps, auxv] = await inTurn(['maps', 'auxv'], read);
  const exe = await fileOf(at('exe'));
  if (maps === undefined || auxv === undefined || exe === undefined) return undefined;
  return { maps, auxv, exe };
}

/** Asks the file's own file system, which may be the process itself. */
async function fileOf(path: string): Promise<MemoryView['exe'] | undefined> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? undefined : { id: `${found.dev} ${found.ino}`, unlinked: found.nlink === 0 };
}

/** Each read may keep a thread of libuv's pool of four: one at a time. */
async function inTurn<T>(names: readonly string[], read: (name: string) => Promise<T>): Promise<T[]> {
  const all: T[] = [];
  for (const name of names) all.push(await read(name));
  return all;
}

/** Files of /proc have no size, and hand out at most a page or a line at a time. */
async function readSlowly(path: string, maxBytes: number): Promise<Buffer | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      return await readAll(file, maxBytes);
    } finally {
      await file.close();
    }
  } catch {
    return undefined;
  }
}

async function readAll(file: Awaited<ReturnType<typeof open>>, maxBytes: number): Promise<Buffer> {
  let buffer = Buffer.allocUnsafe(Math.min(32_768, maxBytes));
  for (let filled = 0; ; ) {
    const { bytesRead } = await file.read(buffer, filled, buffer.length - filled);
    filled += bytesRead;
    if (bytesRead === 0 || filled === maxBytes) return buffer.subarray(0, filled);
    if (filled < buffer.length) continue;
    buffer = Buffer.concat([buffer], Math.min(buffer.length * 2, maxBytes));
  }
}
