import { readFileSync } from 'node:fs';
import protobuf from 'protobufjs';
import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';

/** What Tracee would say of the container on every single event. */
const container = {
  id: '3f4b9c0d5e6a7b8c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e',
  name: 'cart',
  image: {
    repoDigests: [
      'registry.example/shop/cart@sha256:5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef',
    ],
    name: 'registry.example/shop/cart:1.4.2',
  },
};
const k8s = {
  pod: { name: 'cart-7d9c6b5f4-x2k8p', uid: '1c9f8f0e-6d5b-4c3a-9e2f-7a8b9c0d1e2f' },
  namespace: { name: 'shop' },
};

interface Value {
  readonly name: string;
  readonly [field: string]: unknown;
}
interface Named {
  readonly id: number;
  readonly name: string;
  readonly syscall: string;
  readonly data: readonly Value[];
}

const str = (name: string, value: string): Value => ({ name, str: value });
const int = (name: string, value: number): Value => ({ name, int32: value });
const u32 = (name: string, value: number): Value => ({ name, uInt32: value });
const u64 = (name: string, value: number): Value => ({ name, uInt64: value });

/** dev, inode and ctime stand on each of Tracee's file events. */
const file = (e: Event): Value[] => [
  u32('dev', 46),
  u64('inode', 1_048_576 + (e.time % 100_000)),
  u64('ctime', e.time * 1000),
];

function exec(e: EventOf<'exec'>): Named {
  const data = [
    str('cmdpath', e.file ?? e.exe),
    str('pathname', e.exe),
    ...file(e),
    u32('inode_mode', 33_261),
    str('interpreter_pathname', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
    { name: 'argv', strArray: { value: [...e.args] } },
    str('interp', e.exe),
    u32('stdin_type', 8192),
    str('stdin_path', '/dev/null'),
    { name: 'invoked_from_kernel', bool: false },
    str('prev_comm', 'sh'),
    str('pwd', e.cwd ?? '/'),
  ];
  return { id: 715, name: 'sched_process_exec', syscall: 'execve', data };
}

function sockaddr(e: EventOf<'connect' | 'listen' | 'accept'>): Value['value'] {
  if (e.transport === 'unix') return { saFamily: 1, sunPath: e.address };
  if (e.address.includes(':')) return { saFamily: 10, sin6Addr: e.address, sin6Port: e.port };
  return { saFamily: 2, sinAddr: e.address, sinPort: e.port };
}

function named(e: Event): Named | undefined {
  switch (e.kind) {
    case 'exec':
      return exec(e);
    case 'fork': {
      const data = [
        int('parent_pid', e.process.pid),
        int('child_pid', e.child.pid),
        u64('start_time', e.child.start * 1000),
      ];
      return { id: 714, name: 'sched_process_fork', syscall: 'clone', data };
    }
    case 'exit': {
      const data = [
        int('exit_code', e.code),
        int('signal_code', e.signal ?? 0),
        { name: 'process_group_exit', bool: true },
      ];
      return { id: 716, name: 'sched_process_exit', syscall: 'exit_group', data };
    }
    case 'open': {
      const data = [
        str('pathname', e.path),
        int('flags', 32_768),
        ...file(e),
        str('syscall_pathname', e.path),
      ];
      return { id: 731, name: 'security_file_open', syscall: 'openat', data };
    }
    case 'load': {
      const data = [str('pathname', e.path), int('flags', 32_768), ...file(e)];
      return { id: 761, name: 'shared_object_loaded', syscall: 'mmap', data };
    }
    case 'delete':
      return {
        id: 733,
        name: 'security_inode_unlink',
        syscall: 'unlinkat',
        data: [str('pathname', e.path), ...file(e)],
      };
    case 'rename': {
      const data = [str('old_path', e.path), str('new_path', e.to)];
      return { id: 767, name: 'security_inode_rename', syscall: 'rename', data };
    }
    case 'link': {
      const data = [str('linkpath', e.path), str('target', e.target)];
      return { id: 748, name: 'security_inode_symlink', syscall: 'symlinkat', data };
    }
    case 'connect': {
      const data = [int('sockfd', 7), int('type', 1), { name: 'remote_addr', sockaddr: sockaddr(e) }];
      return { id: 736, name: 'security_socket_connect', syscall: 'connect', data };
    }
    case 'listen':
    case 'accept': {
      const data = [int('sockfd', 7), { name: 'local_addr', sockaddr: sockaddr(e) }, int('backlog', 511)];
      return { id: 735, name: `security_socket_${e.kind}`, syscall: e.kind, data };
    }
    case 'resolve':
      return {
        id: 2010,
        name: 'net_packet_dns_request',
        syscall: '',
        data: [str('query', e.name), str('query_type', e.type)],
      };
    case 'privilege':
      return { id: 101, name: e.privilege, syscall: e.privilege, data: [str('detail', e.detail ?? '')] };
    case 'cgroup':
    case 'attach':
    case 'gap':
      return undefined;
  }
}

const stamp = (micros: number) => ({
  seconds: Math.floor(micros / 1e6),
  nanos: (micros % 1e6) * 1000,
});
const wrapped = (value: number) => ({ value });
/** Tracee's unique_id is a 32-bit hash of pid and start. */
const uniqueId = (p: ProcessRef): number => (Math.imul(p.pid, 2_654_435_761) ^ p.start) >>> 0;

function identified(p: ProcessRef) {
  return { uniqueId: wrapped(uniqueId(p)), hostPid: wrapped(p.pid), pid: wrapped(p.pid % 1000) };
}

function message(e: Event, exe: string, what: Named): object {
  const thread = {
    startTime: stamp(e.process.start),
    name: exe.slice(exe.lastIndexOf('/') + 1, exe.lastIndexOf('/') + 16),
    uniqueId: wrapped(uniqueId(e.process)),
    hostTid: wrapped(e.process.pid),
    tid: wrapped(e.process.pid % 1000),
    syscall: what.syscall,
  };
  const process = {
    executable: { path: exe },
    ...identified(e.process),
    realUser: { id: wrapped(1000) },
    thread,
    ancestors: [identified(e.parent ?? { pid: 1, start: 0 })],
  };
  return {
    timestamp: stamp(e.time),
    id: what.id,
    name: what.name,
    policies: { matched: ['default'] },
    workload: { process, container: { ...container, started: true }, k8s },
    data: what.data,
  };
}

/**
 * The same events as Tracee writes them, one message each, filled the way its converter fills them. What Tracee has no
 * event for (cgroups, gaps) is left out: that only spares the decoder work.
 */
export function encodeAsTracee(events: readonly Event[]): Uint8Array[] {
  const text = readFileSync(new URL('event.proto', import.meta.url), 'utf8');
  const type = protobuf.parse(text).root.lookupType('tracee.v1beta1.Event');
  const running = new Map<number, string>();
  const out: Uint8Array[] = [];
  for (const e of events) {
    if (e.kind === 'exec') running.set(e.process.pid, e.exe);
    if (e.kind === 'fork') running.set(e.child.pid, running.get(e.process.pid) ?? '/usr/bin/node');
    const what = named(e);
    if (what === undefined) continue;
    const exe = running.get(e.process.pid) ?? '/usr/bin/node';
    out.push(type.encode(type.fromObject(message(e, exe, what))).finish());
  }
  return out;
}
