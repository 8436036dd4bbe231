import type { EventKind } from '../../../../fingerprint/event.ts';
import type { RawRecord } from '../../hotpath/raw-record.ts';
import type { TraceeDialect } from './dialect.ts';

/**
 * In which member of the wire's oneof an argument may come. Tracee writes numbers by their C type, and with
 * `decoded-data` (parseArguments) flags, modes and the like as names. One without any is Tracee's nil.
 */
export type ArgumentForm =
  | 'text'
  | 'number'
  /** A number, or the names of its bits. */
  | 'flags'
  | 'yes'
  | 'texts'
  | 'address'
  | 'dns'
  | 'questions'
  | 'responses'
  | 'packet';

interface Row {
  readonly what: RawRecord['what'];
  /** What comes of it: an event of this kind, or knowledge of who is who that makes no event of its own. */
  readonly gives: EventKind | 'knowledge';
  /** Why the policy that is handed out does not ask for it; it is read where somebody else's does. */
  readonly unasked?: string;
  /** A system call: it comes with `returnValue`, and may have failed. */
  readonly call?: true;
  /** Everything in `data` that decides. Readers of events see nothing else, so equal arguments are equal events. */
  readonly args: Readonly<Record<string, ArgumentForm>>;
}

const path = { pathname: 'text' } as const;
const container = {
  container_id: 'text',
  container_name: 'text',
  container_image: 'text',
  container_image_digest: 'text',
  pod_name: 'text',
  pod_namespace: 'text',
} as const;
const module = { name: 'text', pathname: 'text' } as const;

/**
 * Every event of Tracee that says something, by its name: numbers of events differ between releases. Names and types of
 * arguments as in Tracee's own definitions (pkg/events/core.go), v0.20 to main.
 */
const rows = {
  sched_process_exec: {
    what: 'other',
    gives: 'exec',
    args: {
      pathname: 'text',
      cmdpath: 'text',
      argv: 'texts',
      pwd: 'text',
      sha256: 'text',
      env: 'texts',
    },
  },
  sched_process_fork: {
    what: 'other',
    gives: 'fork',
    args: { child_pid: 'number', child_tid: 'number', start_time: 'number' },
  },
  sched_process_exit: {
    what: 'other',
    gives: 'exit',
    args: { exit_code: 'number', signal_code: 'number', process_group_exit: 'yes' },
  },
  security_file_open: { what: 'act', gives: 'open', args: { pathname: 'text', flags: 'flags' } },
  file_modification: {
    unasked: 'told when the file is opened',
    what: 'act',
    gives: 'open',
    args: { file_path: 'text' },
  },
  magic_write: { unasked: 'told when the file is opened', what: 'act', gives: 'open', args: path },
  do_truncate: { what: 'act', gives: 'open', args: path },
  chmod_common: { what: 'act', gives: 'open', args: path },
  security_inode_mknod: { what: 'act', gives: 'open', args: { file_name: 'text' } },
  security_inode_unlink: { what: 'act', gives: 'delete', args: path },
  security_inode_rename: { what: 'act', gives: 'rename', args: { old_path: 'text', new_path: 'text' } },
  security_inode_symlink: { what: 'act', gives: 'link', args: { linkpath: 'text', target: 'text' } },
  link: { what: 'other', gives: 'link', call: true, args: { oldpath: 'text', newpath: 'text' } },
  linkat: { what: 'other', gives: 'link', call: true, args: { oldpath: 'text', newpath: 'text' } },
  shared_object_loaded: { what: 'act', gives: 'load', args: path },
  security_socket_connect: {
    what: 'peer',
    gives: 'connect',
    args: { type: 'flags', remote_addr: 'address' },
  },
  net_tcp_connect: {
    unasked: 'told by security_socket_connect',
    what: 'peer',
    gives: 'connect',
    args: { dst: 'text', dst_ip: 'text', dst_port: 'number' },
  },
  socket: { what: 'other', gives: 'knowledge', call: true, args: { type: 'flags' } },
  security_socket_bind: { what: 'other', gives: 'listen', args: { sockfd: 'number', local_addr: 'address' } },
  security_socket_listen: { what: 'other', gives: 'listen', args: { local_addr: 'address' } },
  socket_accept: {
    unasked: 'who is let in is counted, not judged',
    what: 'accept',
    gives: 'accept',
    args: { remote_addr: 'address' },
  },
  net_packet_dns: {
    what: 'other',
    gives: 'resolve',
    args: {
      src: 'text',
      dst: 'text',
      src_port: 'number',
      dst_port: 'number',
      metadata: 'packet',
      proto_dns: 'dns',
    },
  },
  net_packet_dns_request: {
    unasked: 'told by net_packet_dns, with the number of the question',
    what: 'other',
    gives: 'resolve',
    args: { metadata: 'packet', dns_questions: 'questions' },
  },
  net_packet_dns_response: {
    unasked: 'told by net_packet_dns, with the number of the question',
    what: 'other',
    gives: 'resolve',
    args: { metadata: 'packet', dns_response: 'responses' },
  },
  module_load: { what: 'other', gives: 'privilege', args: module },
  do_init_module: {
    unasked: 'told by module_load, with its file',
    what: 'other',
    gives: 'privilege',
    args: { name: 'text' },
  },
  init_module: { what: 'other', gives: 'privilege', call: true, args: {} },
  finit_module: { what: 'other', gives: 'privilege', call: true, args: {} },
  kexec_load: { what: 'other', gives: 'privilege', call: true, args: {} },
  kexec_file_load: { what: 'other', gives: 'privilege', call: true, args: {} },
  ptrace: { what: 'other', gives: 'privilege', call: true, args: { request: 'flags' } },
  process_vm_readv: { what: 'other', gives: 'privilege', call: true, args: {} },
  process_vm_writev: { what: 'other', gives: 'privilege', call: true, args: {} },
  pidfd_getfd: { what: 'other', gives: 'privilege', call: true, args: {} },
  memfd_create: { what: 'other', gives: 'privilege', call: true, args: { uname: 'text', name: 'text' } },
  cap_capable: {
    unasked: 'the kernel asks about capabilities all the time',
    what: 'act',
    gives: 'privilege',
    args: { cap: 'flags' },
  },
  setns: { what: 'other', gives: 'privilege', call: true, args: { nstype: 'flags' } },
  unshare: { what: 'other', gives: 'privilege', call: true, args: { flags: 'flags' } },
  security_sb_mount: {
    what: 'other',
    gives: 'privilege',
    args: { dev_name: 'text', path: 'text', type: 'text', flags: 'flags' },
  },
  move_mount: {
    what: 'other',
    gives: 'privilege',
    call: true,
    args: { to_path: 'text', to_pathname: 'text' },
  },
  fsmount: { what: 'other', gives: 'privilege', call: true, args: {} },
  chroot: { what: 'other', gives: 'privilege', call: true, args: { path: 'text' } },
  pivot_root: { what: 'other', gives: 'privilege', call: true, args: { new_root: 'text' } },
  security_bpf: { what: 'other', gives: 'privilege', args: { cmd: 'flags' } },
  io_uring_setup: { what: 'other', gives: 'privilege', call: true, args: {} },
  container_create: { what: 'other', gives: 'cgroup', args: container },
  existing_container: { what: 'other', gives: 'cgroup', args: container },
  container_remove: { what: 'other', gives: 'cgroup', args: container },
} as const satisfies Readonly<Record<string, Row>>;

export type TraceeEventName = keyof typeof rows;

/** A row as readers use it. */
export interface TraceeRow extends Row {
  readonly name: TraceeEventName;
  /** The arguments in the order of their slots; of a system call `returnValue` is the last. */
  readonly slots: readonly { readonly name: Uint8Array; readonly form: ArgumentForm }[];
}

export const traceeRows: readonly TraceeRow[] = Object.entries<Row>(rows).map(([name, row]) => ({
  ...row,
  // The keys are those of `rows`.
  name: name as TraceeEventName,
  slots: [
    ...Object.entries(row.args),
    ...(row.call === true ? [['returnValue', 'number'] as const] : []),
  ].map(([arg, form]) => ({ name: new TextEncoder().encode(arg), form })),
}));

/** By event and argument: asked for at each argument that is read. */
const slots = new Map(
  Object.entries<Row>(rows).map(([name, row]) => [
    name,
    new Map(Object.keys(row.args).map((arg, slot) => [arg, slot])),
  ]),
);

/** Place of an argument among the slots of its event. */
export function slotOf<N extends TraceeEventName>(
  name: N,
  arg: keyof (typeof rows)[N]['args'] & string,
): number {
  return slots.get(name)?.get(arg) ?? -1;
}

/** Numbers of EventValue's oneof that all dialects share. */
export const valueField = {
  int32: 2,
  int64: 3,
  uint32: 4,
  uint64: 5,
  text: 6,
  yes: 8,
  texts: 9,
  address: 12,
} as const;

interface LateFields {
  readonly dns: number;
  readonly questions: number;
  readonly responses: number;
  readonly packet: number;
}

/** Those that moved: up to v0.22.4 `triggered_by` stood before them. */
const beforeTheMove: LateFields = { dns: 24, questions: 25, responses: 26, packet: 27 };
const afterTheMove: LateFields = { dns: 23, questions: 24, responses: 25, packet: 26 };

export const lateFields: Readonly<Record<TraceeDialect, LateFields>> = {
  'v0.20': beforeTheMove,
  'v0.21': beforeTheMove,
  'v0.22.5': afterTheMove,
  main: afterTheMove,
};
