import type { Privilege } from '../../../../fingerprint/event.ts';
import { requestedModule } from '../../../../fingerprint/module-request.ts';
import { capabilityName } from '../capability-names.ts';
import { bpfCommands, mountModes, namespaces, ptraceRequests } from '../sensor-privilege.ts';
import {
  type ArgumentType,
  type Facts,
  type Hook,
  type HookArgument,
  numberIn,
  pathText,
  type Told,
} from './hook.ts';

const policy = 'whorl-privileges';

function told(privilege: Privilege, detail: string): Facts {
  return detail === '' ? { kind: 'privilege', privilege } : { kind: 'privilege', privilege, detail };
}

/** A system call: what it returned says whether it failed. */
function call(name: string, args: readonly HookArgument[], facts: (told: Told) => Facts | undefined): Hook {
  return { policy, call: name, by: 'syscall', args, returns: 'int', what: 'other', facts };
}

function kernel(name: string, args: readonly HookArgument[], facts: (told: Told) => Facts | undefined): Hook {
  return { policy, call: name, by: 'kprobe', args, what: 'other', facts };
}

function arg(index: number, type: ArgumentType, label: string): HookArgument {
  return { index, type, label };
}

const number = ({ args }: Told, at: number): number => numberIn(args[at]) ?? 0;
/** Flags of 32 bits, of which the highest may be told as a sign. */
const flags = (t: Told, at: number): number => number(t, at) >>> 0;

/** READING_MODULE of the kernel's enum kernel_read_file_id, since 4.7. */
const readingModule = 2;

/** The kernel asks for its own sake, such as at every allocation of memory: no use is made of it. */
const CAP_OPT_NOAUDIT = 2;

/** The same words as the sensor's. Paths and names come from the kernel's structures where it has them. */
export const privilegeHooks: readonly Hook[] = [
  kernel('security_kernel_read_file', [arg(0, 'file', 'file'), arg(1, 'int', 'purpose')], (t) =>
    number(t, 1) === readingModule ? told('module-load', pathText(t.args[0]) ?? '') : undefined,
  ),
  call('sys_init_module', [], () => told('module-load', '')),
  call('sys_kexec_load', [], () => told('module-load', 'kexec')),
  call('sys_kexec_file_load', [], () => told('module-load', 'kexec')),
  kernel('security_kernel_module_request', [arg(0, 'string', 'name')], ({ args }) => {
    const name = args[0]?.string_arg;
    return name === undefined ? undefined : told('module-load', requestedModule(name));
  }),
  call('sys_ptrace', [arg(0, 'int64', 'request')], (t) =>
    told('ptrace', ptraceRequests.get(number(t, 0)) ?? 'other'),
  ),
  call('sys_process_vm_readv', [], () => told('ptrace', 'process_vm_readv')),
  call('sys_process_vm_writev', [], () => told('ptrace', 'process_vm_writev')),
  call('sys_pidfd_getfd', [], () => told('ptrace', 'pidfd_getfd')),
  call('sys_memfd_create', [arg(0, 'string', 'name')], ({ args }) =>
    told('memfd', args[0]?.string_arg ?? ''),
  ),
  call('sys_setns', [arg(1, 'int', 'namespaces')], (t) => told('setns', namespaces(flags(t, 0)) || 'any')),
  call('sys_unshare', [arg(0, 'int', 'namespaces')], (t) => {
    const named = namespaces(flags(t, 0));
    return named === '' ? undefined : told('unshare', named);
  }),
  kernel('copy_namespaces', [arg(0, 'uint64', 'namespaces')], (t) => {
    // The lowest byte is the signal at the end of the child, not a namespace.
    const named = namespaces(flags(t, 0) & ~0xff);
    return named === '' ? undefined : told('unshare', `clone ${named}`);
  }),
  kernel(
    'security_sb_mount',
    [
      arg(0, 'string', 'source'),
      arg(1, 'path', 'target'),
      arg(2, 'string', 'type'),
      arg(3, 'uint64', 'flags'),
    ],
    (t) => {
      const target = t.args[1]?.path_arg?.path;
      return target === undefined ? undefined : told('mount', mountDetail(t, target));
    },
  ),
  call('sys_fsmount', [], () => told('mount', 'fsmount')),
  kernel('security_move_mount', [arg(0, 'path', 'from'), arg(1, 'path', 'to')], ({ args }) => {
    const to = args[1]?.path_arg?.path;
    return to === undefined ? undefined : told('mount', `move_mount ${to}`);
  }),
  kernel('security_path_chroot', [arg(0, 'path', 'path')], ({ args }) => {
    const path = args[0]?.path_arg?.path;
    return path === undefined ? undefined : told('chroot', path);
  }),
  kernel('security_sb_pivotroot', [arg(0, 'path', 'old'), arg(1, 'path', 'new')], ({ args }) => {
    const path = args[1]?.path_arg?.path;
    return path === undefined ? undefined : told('chroot', `pivot_root ${path}`);
  }),
  kernel('security_bpf', [arg(0, 'int', 'command')], (t) =>
    told('bpf', bpfCommands[number(t, 0)] ?? `command ${number(t, 0)}`),
  ),
  call('sys_io_uring_setup', [], () => told('io-uring', 'setup')),
  {
    policy: 'whorl-capabilities',
    call: 'cap_capable',
    by: 'kprobe',
    args: [arg(2, 'capability', 'capability'), arg(3, 'uint32', 'options')],
    returns: 'int',
    what: 'other',
    facts: (t) => {
      const capability = (number(t, 1) & CAP_OPT_NOAUDIT) === 0 ? t.args[0]?.capability_arg : undefined;
      // CAP_CHOWN is number 0, which protobuf leaves out.
      return capability === undefined ? undefined : told('capability', capabilityName(capability.value ?? 0));
    },
  },
];

function mountDetail(t: Told, target: string): string {
  const set = flags(t, 3);
  const mode = mountModes.find(([flag]) => (set & flag) !== 0)?.[1];
  const source = t.args[0]?.string_arg ?? '';
  const what = mode ?? (t.args[2]?.string_arg || 'mount');
  const from =
    source === '' || mode === 'private' || mode === 'slave' || mode === 'shared' ? '' : ` ${source}`;
  return `${what}${from} on ${target}`;
}
