import type { Event, EventOf } from '../../fingerprint/event.ts';
import {
  bool,
  int32,
  int64,
  message,
  sockaddr,
  str,
  strs,
  type TraceeAddress,
  type TraceeEvent,
  type TraceeValue,
  u32,
  u64,
} from './tracee-messages.ts';

/** Where µs since boot begin for the recordings: any moment does, told alike everywhere. */
export const bootOf = 1_600_000_000_000_000;

/** A container's id for each control group. */
export function containerOf(cgroup: number): string {
  return cgroup.toString(16).padStart(64, '0');
}

type Told = readonly [name: string, ...data: TraceeValue[]];

function addressOf(transport: string, address: string, port: number): TraceeAddress {
  if (transport === 'unix') return { sa_family: 'AF_UNIX', sun_path: address.replace(/^@/, '\0') };
  return address.includes(':')
    ? { sa_family: 'AF_INET6', sin6_addr: address, sin6_port: port }
    : { sa_family: 'AF_INET', sin_addr: address, sin_port: port };
}

function open(e: EventOf<'open'>): Told | undefined {
  switch (e.via) {
    case 'chmod':
      return ['chmod_common', str('pathname', e.path), u32('mode', 0o600)];
    case 'truncate':
      return ['do_truncate', str('pathname', e.path), u64('length', 0)];
    case 'mknod':
      return ['security_inode_mknod', str('file_name', e.path), u32('mode', 0)];
    case undefined: {
      const flags = { read: 0o100000, map: 0o100000, write: 0o101, create: 0o301 }[e.access];
      return [
        'security_file_open',
        str('pathname', e.path),
        int32('flags', flags),
        u64('inode', e.time % 1e6),
      ];
    }
    default:
      return undefined;
  }
}

function privilege({ privilege: name, detail = '', error }: EventOf<'privilege'>): Told | undefined {
  const returned = int64('returnValue', error === undefined ? 0 : -error);
  switch (name) {
    case 'memfd':
      return ['memfd_create', str('uname', detail), returned];
    case 'ptrace':
      return ['ptrace', str('request', `PTRACE_${detail.toUpperCase()}`), returned];
    case 'chroot': {
      const root = /^pivot_root (.*)$/.exec(detail)?.[1];
      if (root !== undefined) return ['pivot_root', str('new_root', root), returned];
      return ['chroot', str('path', detail), returned];
    }
    case 'io-uring':
      return ['io_uring_setup', returned];
    default:
      return undefined;
  }
}

function dns(e: EventOf<'resolve'>): Told {
  const isAnswer = e.phase === 'answer';
  const answers = (e.answers ?? []).map(({ name, type, data, ttl }) =>
    type === 'CNAME' ? { name, type, ttl, cname: data } : { name, type, ttl, ip: data },
  );
  return [
    'net_packet_dns',
    str('src', isAnswer ? e.server : '10.1.1.1'),
    str('dst', isAnswer ? '10.1.1.1' : e.server),
    u32('src_port', isAnswer ? 53 : 40_000),
    u32('dst_port', isAnswer ? 40_000 : 53),
    message('metadata', 'packet_metadata', { direction: isAnswer ? 'INGRESS' : 'EGRESS' }),
    message('proto_dns', 'dns', {
      id: e.id,
      qr: isAnswer ? 1 : 0,
      questions: [{ name: e.name, type: e.type, class: 'IN' }],
      ...(isAnswer ? { answers } : {}),
    }),
  ];
}

function told(e: Event): Told | undefined {
  switch (e.kind) {
    case 'exec':
      return [
        'sched_process_exec',
        str('cmdpath', e.file ?? e.exe),
        str('pathname', e.exe),
        strs('argv', e.args),
        ...(e.cwd === undefined ? [] : [str('pwd', e.cwd)]),
      ];
    case 'fork':
      return [
        'sched_process_fork',
        int32('child_pid', e.child.pid),
        int32('child_tid', e.child.pid),
        u64('start_time', `${bootOf + e.child.start}000`),
      ];
    case 'exit':
      return [
        'sched_process_exit',
        int32('exit_code', e.code),
        int32('signal_code', e.signal ?? 0),
        bool('process_group_exit', true),
      ];
    case 'open':
      return open(e);
    case 'load':
      return ['shared_object_loaded', str('pathname', e.path), int32('flags', 0)];
    case 'delete':
      return ['security_inode_unlink', str('pathname', e.path)];
    case 'rename':
      return ['security_inode_rename', str('old_path', e.path), str('new_path', e.to)];
    case 'link':
      return e.symbolic
        ? ['security_inode_symlink', str('linkpath', e.path), str('target', e.target)]
        : ['linkat', str('oldpath', e.target), str('newpath', e.path), int64('returnValue', 0)];
    case 'connect':
      return [
        'security_socket_connect',
        str('type', e.transport === 'udp' ? 'SOCK_DGRAM' : 'SOCK_STREAM'),
        sockaddr('remote_addr', addressOf(e.transport, e.address, e.port)),
      ];
    case 'listen':
      // Told by socket and bind together, which is two events.
      if (e.transport === 'udp') return undefined;
      return ['security_socket_listen', sockaddr('local_addr', addressOf(e.transport, e.address, e.port))];
    case 'accept':
      return ['socket_accept', sockaddr('remote_addr', addressOf(e.transport, e.address, e.port))];
    case 'resolve':
      return dns(e);
    case 'privilege':
      return privilege(e);
    default:
      return undefined;
  }
}

/** What Tracee would have told of the same; undefined where it tells nothing of the kind. */
export function asTracee(e: Event): TraceeEvent | undefined {
  const [name, ...data] = told(e) ?? [];
  if (name === undefined || e.found === true || e.truncated === true) return undefined;
  const { pid, start } = e.process;
  return {
    name,
    time: e.time,
    process: {
      pid,
      start: bootOf + start,
      uniqueId: (pid * 31 + (start % 1_000_003)) % 0x7fff_ffff,
      ...(e.parent === undefined ? {} : { parent: { pid: e.parent.pid, uniqueId: 1 } }),
    },
    ...(e.cgroup === undefined ? {} : { container: { id: containerOf(e.cgroup), name: 'main' } }),
    data,
  };
}
