import type { Privilege } from '../../../fingerprint/event.ts';
import { loadedModule, requestedModule } from '../../../fingerprint/module-request.ts';
import { capabilityName } from './capability-names.ts';
import { fieldTag, recordHead, type SensorRecord } from './sensor-record.ts';
import { pathOf, resolvePath, textOf } from './sensor-text.ts';

/** What a privilege record says, by its code (`PV_*` of the sensor). */
const codes = new Map<
  number,
  { readonly privilege: Privilege; readonly detail: (r: SensorRecord) => string }
>([
  [1, { privilege: 'ptrace', detail: (r) => ptraceRequests.get(r.u64(recordHead.b)) ?? 'other' }],
  [2, { privilege: 'memfd', detail: textField }],
  [3, { privilege: 'setns', detail: (r) => namespaces(r.u64(recordHead.b)) || 'any' }],
  [4, { privilege: 'unshare', detail: (r) => namespaces(r.u64(recordHead.b)) }],
  [5, { privilege: 'mount', detail: mountDetail }],
  [6, { privilege: 'chroot', detail: namedPath }],
  [
    7,
    { privilege: 'bpf', detail: (r) => bpfCommands[r.u64(recordHead.b)] ?? `command ${r.u64(recordHead.b)}` },
  ],
  [8, { privilege: 'io-uring', detail: () => 'setup' }],
  [9, { privilege: 'compat-syscall', detail: (r) => `i386 ${r.u64(recordHead.b)}` }],
  [10, { privilege: 'module-load', detail: (r) => namedPath(r) || loadedModule(textField(r)) }],
  [11, { privilege: 'ptrace', detail: () => 'process_vm_readv' }],
  [12, { privilege: 'ptrace', detail: () => 'process_vm_writev' }],
  [13, { privilege: 'ptrace', detail: () => 'pidfd_getfd' }],
  [14, { privilege: 'mount', detail: () => 'fsmount' }],
  [15, { privilege: 'mount', detail: (r) => `move_mount ${textField(r)}`.trim() }],
  [16, { privilege: 'chroot', detail: (r) => `pivot_root ${namedPath(r)}`.trim() }],
  [17, { privilege: 'unshare', detail: (r) => `clone ${namespaces(r.u64(recordHead.b))}` }],
  [18, { privilege: 'module-load', detail: () => 'kexec' }],
  [19, { privilege: 'compat-syscall', detail: (r) => `x32 ${r.u64(recordHead.b) % 0x4000_0000}` }],
  [20, { privilege: 'module-load', detail: (r) => requestedModule(textField(r)) }],
  [21, { privilege: 'capability', detail: (r) => capabilityName(r.u64(recordHead.b)) }],
]);

export const ptraceRequests = new Map([
  [0, 'traceme'],
  [16, 'attach'],
  [0x4206, 'seize'],
]);

/** enum bpf_cmd of linux/bpf.h, in order. */
export const bpfCommands = [
  'map_create',
  'map_lookup',
  'map_update',
  'map_delete',
  'map_get_next_key',
  'prog_load',
  'obj_pin',
  'obj_get',
  'prog_attach',
  'prog_detach',
  'prog_test_run',
];

const namespaceFlags: readonly (readonly [number, string])[] = [
  [0x0002_0000, 'mnt'],
  [0x0200_0000, 'cgroup'],
  [0x0400_0000, 'uts'],
  [0x0800_0000, 'ipc'],
  [0x1000_0000, 'user'],
  [0x2000_0000, 'pid'],
  [0x4000_0000, 'net'],
  [0x80, 'time'],
];

export function namespaces(flags: number): string {
  return namespaceFlags
    .filter(([flag]) => (flags & flag) !== 0)
    .map(([, name]) => name)
    .join(',');
}

function textField(r: SensorRecord): string {
  return textOf(r.field(fieldTag.text) ?? new Uint8Array());
}

function namedPath(r: SensorRecord): string {
  const path = r.field(fieldTag.path);
  if (path !== undefined) return pathOf(path);
  const name = r.field(fieldTag.name);
  return name === undefined
    ? ''
    : resolvePath(pathOf(r.field(fieldTag.base) ?? new Uint8Array()), textOf(name));
}

/** Flags of mount(2) that make it another operation than mounting a file system. */
export const mountModes: readonly (readonly [number, string])[] = [
  [32, 'remount'],
  [4096, 'bind'],
  [8192, 'move'],
  [1 << 17, 'unbindable'],
  [1 << 18, 'private'],
  [1 << 19, 'slave'],
  [1 << 20, 'shared'],
];

function mountDetail(r: SensorRecord): string {
  const flags = r.u32(recordHead.b);
  const mode = mountModes.find(([flag]) => (flags & flag) !== 0)?.[1];
  const source = textOf(r.field(fieldTag.name2) ?? new Uint8Array());
  const what = mode ?? (textField(r) || 'mount');
  const from =
    source === '' || mode === 'private' || mode === 'slave' || mode === 'shared' ? '' : ` ${source}`;
  return `${what}${from} on ${namedPath(r)}`;
}

export function privilegeOf(r: SensorRecord): { privilege: Privilege; detail?: string } | undefined {
  const code = codes.get(r.u64(recordHead.a));
  if (code === undefined) return undefined;
  const detail = code.detail(r);
  return detail === '' ? { privilege: code.privilege } : { privilege: code.privilege, detail };
}
