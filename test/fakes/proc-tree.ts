import {
  mkdirSync,
  mkdtempSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface FakeProcess {
  readonly parent?: number;
  readonly startTicks?: number;
  readonly mapped?: number;
  readonly exe?: string;
  readonly args?: readonly string[];
  readonly root?: string;
  readonly state?: string;
  /** By name; all others are those of everybody. */
  readonly namespaces?: Readonly<Record<string, string>>;
  /** Files mapped as code beside executable and loader. */
  readonly code?: readonly string[];
  readonly sockets?: readonly number[];
  readonly tables?: Readonly<Record<string, string>>;
}

const namespaces = ['mnt', 'net', 'pid', 'user', 'uts', 'ipc', 'cgroup', 'time'];

/** A folder that looks like /proc, with a folder that looks like cgroup2 beside it. */
export class ProcTree {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-proc-'));
  readonly proc = join(this.dir, 'proc');
  readonly cgroups = join(this.dir, 'cgroup');

  constructor() {
    mkdirSync(join(this.proc, 'sys/net/ipv4'), { recursive: true });
    writeFileSync(join(this.proc, 'sys/net/ipv4/ip_local_port_range'), '32768\t60999\n');
    mkdirSync(join(this.cgroups, 'app'), { recursive: true });
    this.put(1, { exe: '/sbin/init' });
  }

  put(pid: number, process: FakeProcess): void {
    const dir = join(this.proc, String(pid));
    rmSync(dir, { recursive: true, force: true });
    mkdirSync(join(dir, 'ns'), { recursive: true });
    mkdirSync(join(dir, 'fd'));
    mkdirSync(join(dir, 'net'));
    const {
      parent = 1,
      startTicks = pid * 100,
      mapped = 4096,
      exe = '/bin/app',
      args = [exe],
      root = '/',
      state = 'S',
    } = process;
    const rest = `${parent} ${pid} ${pid} 0 -1 0 1 2 3 4 5 6 7 8 20 0 1 0 ${startTicks} ${mapped} 9 9`;
    writeFileSync(join(dir, 'stat'), `${pid} (app) ${state} ${rest}\n`);
    symlinkSync(exe, join(dir, 'exe'));
    symlinkSync(root, join(dir, 'root'));
    for (const name of namespaces)
      symlinkSync(process.namespaces?.[name] ?? `${name}:[1]`, join(dir, 'ns', name));
    writeFileSync(join(dir, 'cmdline'), args.map((arg) => `${arg}\0`).join(''));
    writeFileSync(join(dir, 'cgroup'), '0::/app\n');
    writeFileSync(join(dir, 'mountinfo'), '1 0 8:1 / / rw - ext4 /dev/sda rw\n');
    writeFileSync(join(dir, 'maps'), mapsOf(exe, process.code ?? []));
    writeFileSync(join(dir, 'auxv'), auxv());
    for (const [fd, inode] of (process.sockets ?? []).entries())
      symlinkSync(`socket:[${inode}]`, join(dir, 'fd', String(fd)));
    for (const name of ['tcp', 'tcp6', 'udp', 'udp6', 'unix'])
      writeFileSync(join(dir, 'net', name), process.tables?.[name] ?? 'head\n');
  }

  /** Another program, without anything else of the process being changed. */
  becomes(pid: number, exe: string): void {
    const link = join(this.proc, String(pid), 'exe');
    readlinkSync(link);
    unlinkSync(link);
    symlinkSync(exe, link);
  }

  end(pid: number): void {
    rmSync(join(this.proc, String(pid)), { recursive: true });
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}

function mapsOf(exe: string, code: readonly string[]): string {
  const lines = [exe, ...code].map((path, i) => {
    const start = (0x10000000 + i * 0x100000).toString(16);
    const end = (0x10010000 + i * 0x100000).toString(16);
    return `${start}-${end} r-xp 00000000 08:01 ${100 + i}                         ${path}\n`;
  });
  return lines.join('');
}

/** AT_ENTRY lies in the first mapping. */
function auxv(): Buffer {
  const bytes = Buffer.alloc(32);
  bytes.writeBigUInt64LE(9n, 0);
  bytes.writeBigUInt64LE(0x10000100n, 8);
  return bytes;
}
