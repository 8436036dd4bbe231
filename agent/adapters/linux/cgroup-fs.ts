import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  writeSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { setTimeout as sleep, setImmediate as yieldToEvents } from 'node:timers/promises';

/**
 * The v2 hierarchy as files. Paths are the kernel's own: absolute below the mount. Everything is synchronous, because
 * kernfs never waits for a disk and each microsecond counts between the verdict and the stop.
 */
export interface CgroupFs {
  readonly mount: string;
  exists(path: string): boolean;
  /** @throws the system's error (ENOENT when the parent is gone). An existing one is fine. */
  make(path: string): void;
  /** @returns false while it is still populated or has children. A missing one counts as removed. */
  remove(path: string): boolean;
  children(path: string): string[];
  /** Pids directly inside; empty when the cgroup is gone. */
  procs(path: string): number[];
  /** Thread ids directly inside: also those of processes whose first thread is gone. */
  threads(path: string): number[];
  /** Pids inside and in all cgroups below. */
  procsBelow(path: string): number[];
  /** Moves a whole process, named by any of its threads. @returns false when it or the cgroup is gone. */
  move(pid: number, path: string): boolean;
  /**
   * The same off the event loop. The first move after a while waits for an RCU grace period (cgroup_threadgroup_rwsem;
   * 6–28 ms measured on 6.18), moves right after it do not.
   */
  moveSlowly(pid: number, path: string): Promise<boolean>;
  freeze(path: string, on: boolean): void;
  /** SIGKILL to everything inside and below, frozen or not, without a race against fork. */
  kill(path: string): void;
  /** What cgroup.events says; a cgroup that is gone is neither. */
  state(path: string): { readonly populated: boolean; readonly frozen: boolean };
}

/**
 * @returns the mount point of the whole v2 hierarchy, or undefined where there is none. On hybrid hosts it is not
 * /sys/fs/cgroup, and a container may see a part of it mounted elsewhere: only a mount of its root will do.
 */
export function findCgroup2Mount(mountinfo: string): string | undefined {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ');
    const fields = before.split(' ');
    if (after.startsWith('cgroup2 ') && fields[3] === '/') return unescapeMount(fields[4] ?? '');
  }
  return undefined;
}

function unescapeMount(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

/** @throws Error with a sentence when the machine has no v2 hierarchy. */
export function openCgroupFs(): CgroupFs {
  const mount = findCgroup2Mount(readFileSync('/proc/self/mountinfo', 'utf8'));
  if (mount === undefined) {
    throw new Error(
      'no cgroup2 file system is mounted: mount one (mount -t cgroup2 none /sys/fs/cgroup) to stop processes',
    );
  }
  return cgroupFs(mount);
}

export function cgroupFs(mount: string): CgroupFs {
  const dir = (path: string): string => {
    // The path decides which cgroup is killed: one that climbs out of the hierarchy is never followed.
    if (!path.startsWith('/') || path.split('/').includes('..') || path.includes('\0')) {
      throw new Error('a cgroup path must be absolute below the mount and free of ..');
    }
    return path === '/' ? mount : mount + path;
  };
  const file = (path: string, name: string): string => `${dir(path)}/${name}`;
  const ids = (path: string, name: string): number[] =>
    unlessGone(() => readFileSync(file(path, name), 'latin1'), '')
      .split('\n')
      .map(Number)
      .filter((id) => id > 0);
  const procs = (path: string): number[] => ids(path, 'cgroup.procs');
  const children = (path: string): string[] =>
    unlessGone(() => readdirSync(dir(path), { withFileTypes: true }), [])
      .filter((entry) => entry.isDirectory())
      .map((entry) => childPath(path, entry.name));
  const procsBelow = (path: string): number[] => [...procs(path), ...children(path).flatMap(procsBelow)];

  return {
    mount,
    exists: (path) => existsSync(dir(path)),
    make: (path) => {
      if (!existsSync(dir(path))) mkdirSync(dir(path));
    },
    remove: (path) => {
      try {
        rmdirSync(dir(path));
        return true;
      } catch (error) {
        return isGone(error);
      }
    },
    children,
    procs,
    threads: (path) => ids(path, 'cgroup.threads'),
    procsBelow,
    move: (pid, path) => {
      try {
        writeControl(file(path, 'cgroup.procs'), String(pid));
        return true;
      } catch (error) {
        if (isGone(error)) return false;
        throw error;
      }
    },
    moveSlowly: async (pid, path) => {
      try {
        const handle = await open(file(path, 'cgroup.procs'), 'r+');
        await handle.write(String(pid)).finally(() => handle.close());
        return true;
      } catch (error) {
        if (isGone(error)) return false;
        throw error;
      }
    },
    freeze: (path, on) => writeControl(file(path, 'cgroup.freeze'), on ? '1' : '0'),
    kill: (path) => writeControl(file(path, 'cgroup.kill'), '1'),
    state: (path) => {
      const text = unlessGone(() => readFileSync(file(path, 'cgroup.events'), 'latin1'), '');
      return { populated: text.includes('populated 1'), frozen: text.includes('frozen 1') };
    },
  };
}

export function childPath(path: string, name: string): string {
  return path === '/' ? `/${name}` : `${path}/${name}`;
}

/** One write(2) and nothing else: a control file must not be created, truncated or written in parts. */
function writeControl(path: string, text: string): void {
  const fd = openSync(path, 'r+');
  try {
    writeSync(fd, text);
  } finally {
    closeSync(fd);
  }
}

function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read();
  } catch (error) {
    if (isGone(error)) return otherwise;
    throw error;
  }
}

function isGone(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'ENOENT' || code === 'ENODEV' || code === 'ESRCH';
}

/**
 * Waits until `check` holds, giving the processor away in between: on a busy machine the process that shall stop needs
 * this very core to do so (busy polling was measured to delay a freeze by a whole 4 ms tick).
 * @returns whether it came to hold within `timeoutMs`.
 */
export async function until(check: () => boolean, timeoutMs: number): Promise<boolean> {
  const end = performance.now() + timeoutMs;
  for (let look = 1; ; look += 1) {
    if (check()) return true;
    if (performance.now() >= end) return false;
    // A process that dies at once is seen at once; for the others a timer is fine enough.
    await (look < 4 ? yieldToEvents() : sleep(1));
  }
}
