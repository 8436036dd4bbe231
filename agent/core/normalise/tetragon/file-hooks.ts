import type { Access } from '../../../../fingerprint/event.ts';
import {
  cutMark,
  entryOf,
  type Facts,
  type Hook,
  type HookArgument,
  numberIn,
  pathText,
  type Told,
} from './hook.ts';

const O_ACCMODE = 3;
const O_TRUNC = 0o1000;
/** The kernel opens it to execute it: the execution tells that. */
const FMODE_EXEC = 0x20;
/** It was not there before. */
const FMODE_CREATED = 0x10_0000;
const PROT_EXEC = 4;

const opened: readonly HookArgument[] = [
  { index: 0, type: 'file', label: 'file' },
  { index: 0, type: 'uint32', label: 'flags', resolve: 'f_flags' },
  { index: 0, type: 'uint32', label: 'mode', resolve: 'f_mode' },
];

function openFacts({ args }: Told): Facts | undefined {
  const path = pathText(args[0]);
  const flags = numberIn(args[1]);
  const mode = numberIn(args[2]);
  if (path === undefined || flags === undefined || mode === undefined || (flags & FMODE_EXEC) !== 0)
    return undefined;
  return { kind: 'open', path, access: accessOf(flags, mode), ...cutMark(args[0]) };
}

function accessOf(flags: number, mode: number): Access {
  if ((mode & FMODE_CREATED) !== 0) return 'create';
  return (flags & O_ACCMODE) !== 0 || (flags & O_TRUNC) !== 0 ? 'write' : 'read';
}

const file = (index: number, label: string): HookArgument => ({ index, type: 'file', label });
const path = (index: number, label: string): HookArgument => ({ index, type: 'path', label });
const entry = (index: number, label: string): HookArgument => ({ index, type: 'dentry', label });

function change(call: string, args: readonly HookArgument[], facts: (told: Told) => Facts | undefined): Hook {
  return { policy: 'whorl-changes', call, by: 'kprobe', args, what: 'act', facts };
}

/** Of an entry of a directory. */
function ofEntry(call: string, factsOf: (path: string) => Facts, ...more: readonly HookArgument[]): Hook {
  return change(call, [path(0, 'directory'), entry(1, 'entry'), ...more], ({ args }) => {
    const name = entryOf(args[0], args[1]);
    return name === undefined ? undefined : { ...factsOf(name), ...cutMark(args[0], args[1]) };
  });
}

/** Of a file that is there. */
function ofPath(call: string, via: string): Hook {
  return change(call, [path(0, 'path')], ({ args }) => {
    const name = pathText(args[0]);
    return name === undefined
      ? undefined
      : { kind: 'open', path: name, access: 'write', via, ...cutMark(args[0]) };
  });
}

const deletion = (name: string): Facts => ({ kind: 'delete', path: name });
const creation =
  (via: string) =>
  (name: string): Facts => ({
    kind: 'open',
    path: name,
    access: 'create',
    via,
  });

/** What happens to files. Every name comes from the kernel's own structures, never from the program's memory. */
export const fileHooks: readonly Hook[] = [
  { policy: 'whorl-files', call: 'file_open', by: 'lsm', args: opened, what: 'act', facts: openFacts },
  {
    policy: 'whorl-files-kprobe',
    call: 'security_file_open',
    by: 'kprobe',
    args: opened,
    what: 'act',
    facts: openFacts,
  },
  {
    policy: 'whorl-code',
    call: 'security_bprm_committed_creds',
    by: 'kprobe',
    args: [{ index: 0, type: 'linux_binprm', label: 'image' }],
    what: 'other',
    facts: ({ args }) => {
      const exe = pathText(args[0]);
      return exe === undefined ? undefined : { kind: 'execution', exe };
    },
  },
  {
    policy: 'whorl-code',
    call: 'security_mmap_file',
    by: 'kprobe',
    args: [file(0, 'file'), { index: 1, type: 'uint64', label: 'protection' }],
    what: 'act',
    facts: ({ args }) => {
      const name = pathText(args[0]);
      if (name === undefined || ((numberIn(args[1]) ?? 0) & PROT_EXEC) === 0) return undefined;
      return { kind: 'load', path: name, ...memoryMark(name), ...cutMark(args[0]) };
    },
  },
  ofEntry('security_path_unlink', deletion),
  ofEntry('security_path_rmdir', deletion),
  ofEntry('security_path_mkdir', creation('mkdir')),
  ofEntry('security_path_mknod', creation('mknod'), { index: 2, type: 'uint32', label: 'mode' }),
  change(
    'security_path_symlink',
    [path(0, 'directory'), entry(1, 'entry'), { index: 2, type: 'string', label: 'target' }],
    ({ args }) => {
      const name = entryOf(args[0], args[1]);
      const target = args[2]?.string_arg;
      if (name === undefined || target === undefined) return undefined;
      return { kind: 'link', path: name, target, symbolic: true, ...cutMark(args[0], args[1]) };
    },
  ),
  change('security_path_link', [entry(0, 'target'), path(1, 'directory'), entry(2, 'entry')], ({ args }) => {
    const name = entryOf(args[1], args[2]);
    const target = name === undefined ? undefined : onSameMount(name, pathText(args[2]), pathText(args[0]));
    if (name === undefined || target === undefined) return undefined;
    return { kind: 'link', path: name, target, symbolic: false, ...cutMark(args[0], args[1], args[2]) };
  }),
  change(
    'security_path_rename',
    [path(0, 'fromDirectory'), entry(1, 'from'), path(2, 'toDirectory'), entry(3, 'to')],
    ({ args }) => {
      const from = entryOf(args[0], args[1]);
      const to = entryOf(args[2], args[3]);
      if (from === undefined || to === undefined) return undefined;
      return { kind: 'rename', path: from, to, ...cutMark(...args) };
    },
  ),
  ofPath('security_path_chmod', 'chmod'),
  ofPath('security_path_chown', 'chown'),
  ofPath('security_path_truncate', 'truncate'),
];

/** A file that never had a place on any disk. */
export function memoryMark(name: string): { readonly origin?: 'memory' } {
  return /^\/?memfd:/.test(name) ? { origin: 'memory' } : {};
}

/**
 * A hard link cannot leave its mount, so what stands before the new name's path on the mount stands before the old one's
 * too.
 */
function onSameMount(
  name: string,
  inMount: string | undefined,
  otherInMount: string | undefined,
): string | undefined {
  if (inMount === undefined || otherInMount === undefined) return undefined;
  return name.endsWith(inMount) ? name.slice(0, name.length - inMount.length) + otherInMount : otherInMount;
}
