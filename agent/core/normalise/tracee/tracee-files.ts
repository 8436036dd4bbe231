import { resolvePath } from '../sensor-text.ts';
import type { Facts, Read, ReadersOf } from './tracee-facts.ts';

const O_ACCMODE = 3;
const O_CREAT = 0o100;
const O_EXCL = 0o200;
const O_TRUNC = 0o1000;
const bits: Readonly<Record<string, number>> = { O_WRONLY: 1, O_RDWR: 2, O_CREAT, O_EXCL, O_TRUNC };

/** What Tracee calls a path is resolved in the process's mount namespace; what has no path (a memfd) is a bare name. */
export function absolute(path: string | undefined): string | undefined {
  if (path === undefined || path === '') return undefined;
  return path.startsWith('/') ? path : `/${path}`;
}

/**
 * `security_file_open` does not say whether the file was made or was there. Only with O_EXCL it must be new; with O_CREAT
 * alone it is written to, because taking an old file for a new one would forget what that name was known to lead to.
 */
function accessOf(flags: number | readonly string[] | undefined): 'read' | 'write' | 'create' {
  const asked =
    typeof flags === 'number' ? flags : (flags ?? []).reduce((all, name) => all | (bits[name] ?? 0), 0);
  if ((asked & O_CREAT) === 0) return (asked & O_ACCMODE) !== 0 || (asked & O_TRUNC) !== 0 ? 'write' : 'read';
  return (asked & O_EXCL) !== 0 ? 'create' : 'write';
}

function written(path: string | undefined, via?: string): Read {
  const at = absolute(path);
  if (at === undefined) return 'unreadable';
  return { kind: 'open', path: at, access: 'write', ...(via === undefined ? {} : { via }) };
}

function linked(from: string | undefined, to: string | undefined): Read {
  if (from === undefined || to === undefined) return 'unreadable';
  // System calls tell names as they were called: of a relative one nobody knows any more where it began.
  if (!from.startsWith('/') || !to.startsWith('/')) return 'unreadable';
  return { kind: 'link', path: resolvePath('/', to), target: resolvePath('/', from), symbolic: false };
}

function orUnreadable<F extends Facts>(path: string | undefined, facts: (path: string) => F): Read {
  const at = absolute(path);
  return at === undefined ? 'unreadable' : facts(at);
}

export const fileReaders: ReadersOf<
  | 'security_file_open'
  | 'file_modification'
  | 'magic_write'
  | 'do_truncate'
  | 'chmod_common'
  | 'security_inode_mknod'
  | 'security_inode_unlink'
  | 'security_inode_rename'
  | 'security_inode_symlink'
  | 'link'
  | 'linkat'
  | 'shared_object_loaded'
> = {
  security_file_open: (v) =>
    orUnreadable(v.text('pathname'), (path) => ({ kind: 'open', path, access: accessOf(v.flags('flags')) })),
  file_modification: (v) => written(v.text('file_path')),
  magic_write: (v) => written(v.text('pathname')),
  do_truncate: (v) => written(v.text('pathname'), 'truncate'),
  chmod_common: (v) => written(v.text('pathname'), 'chmod'),
  security_inode_mknod: (v) =>
    orUnreadable(v.text('file_name'), (path) => ({ kind: 'open', path, access: 'create', via: 'mknod' })),
  security_inode_unlink: (v) => orUnreadable(v.text('pathname'), (path) => ({ kind: 'delete', path })),
  security_inode_rename: (v) => {
    const [path, to] = [absolute(v.text('old_path')), absolute(v.text('new_path'))];
    return path === undefined || to === undefined ? 'unreadable' : { kind: 'rename', path, to };
  },
  security_inode_symlink: (v) => {
    const [path, target] = [absolute(v.text('linkpath')), v.text('target')];
    return path === undefined || target === undefined
      ? 'unreadable'
      : { kind: 'link', path, target, symbolic: true };
  },
  link: (v) => linked(v.text('oldpath'), v.text('newpath')),
  linkat: (v) => linked(v.text('oldpath'), v.text('newpath')),
  shared_object_loaded: (v) => orUnreadable(v.text('pathname'), (path) => ({ kind: 'load', path })),
};
