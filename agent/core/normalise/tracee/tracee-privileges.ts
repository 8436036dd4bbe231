import type { Privilege } from '../../../../fingerprint/event.ts';
import { capabilityName } from '../capability-names.ts';
import { bpfCommands, mountModes, namespaces, ptraceRequests } from '../sensor-privilege.ts';
import { resolvePath } from '../sensor-text.ts';
import type { Read, ReadersOf } from './tracee-facts.ts';
import type { TraceeEventName } from './tracee-fields.ts';
import type { TraceeValues } from './tracee-values.ts';

/** `decoded-data` writes flags by their names. */
const namespaceBits: Readonly<Record<string, number>> = {
  CLONE_NEWTIME: 0x80,
  CLONE_NEWNS: 0x0002_0000,
  CLONE_NEWCGROUP: 0x0200_0000,
  CLONE_NEWUTS: 0x0400_0000,
  CLONE_NEWIPC: 0x0800_0000,
  CLONE_NEWUSER: 0x1000_0000,
  CLONE_NEWPID: 0x2000_0000,
  CLONE_NEWNET: 0x4000_0000,
};

function told(privilege: Privilege, detail = ''): Read {
  return detail === '' ? { kind: 'privilege', privilege } : { kind: 'privilege', privilege, detail };
}

function always<N extends TraceeEventName>(privilege: Privilege, detail?: string) {
  return (_: TraceeValues<N>): Read => told(privilege, detail);
}

/** A system call tells a name as it was called; a relative one says nothing without where it began. */
function called(path: string | undefined): string {
  return path?.startsWith('/') === true ? resolvePath('/', path) : '';
}

type Told = number | readonly string[] | undefined;

function namespacesIn(flags: Told): string {
  if (typeof flags === 'number') return namespaces(flags);
  return namespaces((flags ?? []).reduce((all, name) => all | (namespaceBits[name] ?? 0), 0));
}

/** `BPF_PROG_LOAD` → `prog_load`. */
function named(flags: Told, prefix: string): string | undefined {
  const name = typeof flags === 'object' ? flags[0] : undefined;
  return name?.startsWith(prefix) === true ? name.slice(prefix.length).toLowerCase() : undefined;
}

function ptraced(request: Told): string {
  if (typeof request === 'number') return ptraceRequests.get(request) ?? 'other';
  const name = named(request, 'PTRACE_') ?? '';
  return [...ptraceRequests.values()].includes(name) ? name : 'other';
}

function bpfCommand(command: Told): string {
  if (typeof command === 'number') return bpfCommands[command] ?? `command ${command}`;
  return named(command, 'BPF_') ?? 'other';
}

function capability(cap: Told): string | undefined {
  if (typeof cap === 'number') return capabilityName(cap);
  return cap?.[0]?.startsWith('CAP_') === true ? cap[0] : undefined;
}

function mounted(v: TraceeValues<'security_sb_mount'>): Read {
  const target = v.text('path');
  if (target === undefined) return 'unreadable';
  const flags = v.flags('flags');
  const has = (bit: number, mode: string): boolean =>
    typeof flags === 'number' ? (flags & bit) !== 0 : flags?.includes(`MS_${mode.toUpperCase()}`) === true;
  const mode = mountModes.find(([bit, name]) => has(bit, name))?.[1];
  const what = mode ?? (v.text('type') || 'mount');
  // What only changes how mounts spread has no source.
  const spreads = mode === 'private' || mode === 'slave' || mode === 'shared';
  const source = spreads ? '' : (v.text('dev_name') ?? '');
  return told('mount', `${what}${source === '' ? '' : ` ${source}`} on ${target}`);
}

export const privilegeReaders: ReadersOf<
  | 'module_load'
  | 'do_init_module'
  | 'init_module'
  | 'finit_module'
  | 'kexec_load'
  | 'kexec_file_load'
  | 'ptrace'
  | 'process_vm_readv'
  | 'process_vm_writev'
  | 'pidfd_getfd'
  | 'memfd_create'
  | 'cap_capable'
  | 'setns'
  | 'unshare'
  | 'security_sb_mount'
  | 'move_mount'
  | 'fsmount'
  | 'chroot'
  | 'pivot_root'
  | 'security_bpf'
  | 'io_uring_setup'
> = {
  // The file where there was one: a module that was handed over as bytes has a name alone.
  module_load: (v) => told('module-load', v.text('pathname') || v.text('name')),
  do_init_module: (v) => told('module-load', v.text('name')),
  init_module: always('module-load'),
  finit_module: always('module-load'),
  kexec_load: always('module-load', 'kexec'),
  kexec_file_load: always('module-load', 'kexec'),
  ptrace: (v) => told('ptrace', ptraced(v.flags('request'))),
  process_vm_readv: always('ptrace', 'process_vm_readv'),
  process_vm_writev: always('ptrace', 'process_vm_writev'),
  pidfd_getfd: always('ptrace', 'pidfd_getfd'),
  memfd_create: (v) => told('memfd', v.text('uname') ?? v.text('name')),
  cap_capable: (v) => {
    const detail = capability(v.flags('cap'));
    return detail === undefined ? 'unreadable' : told('capability', detail);
  },
  setns: (v) => told('setns', namespacesIn(v.flags('nstype')) || 'any'),
  unshare: (v) => {
    const left = namespacesIn(v.flags('flags'));
    // Without any it shares less with its own threads only.
    return left === '' ? 'nothing' : told('unshare', left);
  },
  security_sb_mount: mounted,
  move_mount: (v) => told('mount', `move_mount ${called(v.text('to_path') ?? v.text('to_pathname'))}`.trim()),
  fsmount: always('mount', 'fsmount'),
  chroot: (v) => told('chroot', called(v.text('path'))),
  pivot_root: (v) => told('chroot', `pivot_root ${called(v.text('new_root'))}`.trim()),
  security_bpf: (v) => told('bpf', bpfCommand(v.flags('cmd'))),
  io_uring_setup: always('io-uring', 'setup'),
};
