import type { Privilege } from '../../../../fingerprint/event.ts';
import { argumentOf, pathOf, type Reader } from './facts.ts';
import { type FalcoRecord, textOf } from './record.ts';

/** The same words as the sensor's, where Falco tells as much. */
export const privilegeReaders: Readonly<Record<string, Reader>> = {
  setns: privilege('setns', (r) => namespaces(argumentOf(r, 'nstype')) || 'any'),
  unshare: privilege('unshare', (r) => namespaces(argumentOf(r, 'flags'))),
  mount: privilege('mount', mountDetail),
  chroot: privilege('chroot', (r) => pathOf(r, 'path') ?? ''),
  pivot_root: privilege('chroot', () => 'pivot_root'),
  ptrace: privilege('ptrace', ptraceDetail),
  process_vm_readv: privilege('ptrace', () => 'process_vm_readv'),
  process_vm_writev: privilege('ptrace', () => 'process_vm_writev'),
  pidfd_getfd: privilege('ptrace', () => 'pidfd_getfd'),
  memfd_create: privilege('memfd', (r) => argumentOf(r, 'name') ?? ''),
  init_module: privilege('module-load', () => ''),
  finit_module: privilege('module-load', (r) => textOf(r, 'fileName') ?? ''),
  bpf: privilege('bpf', (r) => inBrackets(argumentOf(r, 'cmd')).toLowerCase().replace(/^bpf_/, '')),
  io_uring_setup: privilege('io-uring', () => 'setup'),
};

function privilege(name: Privilege, detailOf: (record: FalcoRecord) => string): Reader {
  return (record) => {
    const detail = detailOf(record);
    return detail === ''
      ? { kind: 'privilege', privilege: name }
      : { kind: 'privilege', privilege: name, detail };
  };
}

/** `10000000(CLONE_NEWUSER|CLONE_NEWNS)` → `CLONE_NEWUSER|CLONE_NEWNS`. */
function inBrackets(text: string | undefined): string {
  return /\(([^()]*)\)/.exec(text ?? '')?.[1] ?? text ?? '';
}

const namespaceNames: Readonly<Record<string, string>> = {
  CLONE_NEWNS: 'mnt',
  CLONE_NEWCGROUP: 'cgroup',
  CLONE_NEWUTS: 'uts',
  CLONE_NEWIPC: 'ipc',
  CLONE_NEWUSER: 'user',
  CLONE_NEWPID: 'pid',
  CLONE_NEWNET: 'net',
  CLONE_NEWTIME: 'time',
};

function namespaces(flags: string | undefined): string {
  const named = inBrackets(flags).split('|');
  return Object.entries(namespaceNames)
    .filter(([flag]) => named.includes(flag))
    .map(([, name]) => name)
    .join(',');
}

function ptraceDetail(record: FalcoRecord): string {
  const request = inBrackets(argumentOf(record, 'request'))
    .replace(/^PTRACE_/, '')
    .toLowerCase();
  return ['traceme', 'attach', 'seize'].includes(request) ? request : 'other';
}

const mountModes = ['remount', 'bind', 'move', 'unbindable', 'private', 'slave', 'shared'];

function mountDetail(record: FalcoRecord): string {
  const flags = inBrackets(argumentOf(record, 'flags')).toLowerCase().split('|');
  const mode = mountModes.find((m) => flags.includes(m));
  const source =
    mode === 'private' || mode === 'slave' || mode === 'shared' ? undefined : argumentOf(record, 'dev');
  const target = pathOf(record, 'pathTo') ?? argumentOf(record, 'dir') ?? '';
  const what = mode ?? argumentOf(record, 'type') ?? 'mount';
  return `${what}${source === undefined ? '' : ` ${source}`} on ${target}`;
}
