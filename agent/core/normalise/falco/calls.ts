import type { RawRecord } from '../../hotpath/raw-record.ts';
import { changeFacts, deleteFacts, executed, exitFacts, linkFacts, openFacts, renameFacts } from './acts.ts';
import type { Reader } from './facts.ts';
import type { FalcoField } from './fields.ts';
import { acceptFacts, bindFacts, connectFacts, listenFacts, sendFacts } from './network.ts';
import { privilegeReaders } from './privilege.ts';

/** What a system call is to us. */
export interface FalcoCall {
  /** Absent: it makes a process, and says no more. */
  readonly read?: Reader;
  /** What decides its event, when it succeeded: so little that it can be answered at a look. Absent: read in full. */
  readonly glance?: Glance;
}

export interface Glance {
  readonly what: Exclude<RawRecord['what'], 'other'>;
  /** All that `read` takes in, but for `evt.args` and the result; those of a path must be absolute. */
  readonly fields: readonly FalcoField[];
  readonly paths: readonly FalcoField[];
}

/**
 * The one table of system calls: of the readers, of the look, and of the rules that are handed out. Not here: those that
 * Falco tells by name alone, such as truncate and fchmodat2.
 */
export const falcoCalls: Readonly<Record<string, FalcoCall>> = {
  ...every(['clone', 'clone3', 'fork', 'vfork'], {}),
  ...every(['execve', 'execveat'], { read: executed }),
  ...every(['open', 'openat', 'openat2', 'creat', 'open_by_handle_at'], {
    read: openFacts,
    glance: act(['fileName'], ['fileType', 'flags', 'fileUpper']),
  }),
  ...every(['unlink', 'unlinkat', 'rmdir'], { read: deleteFacts, glance: act(['path']) }),
  ...every(['rename', 'renameat', 'renameat2'], {
    read: renameFacts,
    glance: act(['pathFrom', 'pathTo']),
  }),
  ...every(['link', 'linkat'], { read: linkFacts(false), glance: act(['pathFrom', 'pathTo']) }),
  ...every(['symlink', 'symlinkat'], { read: linkFacts(true), glance: act(['pathFrom'], ['pathTo']) }),
  ...every(['chmod', 'fchmod', 'fchmodat'], change('write', 'chmod')),
  ...every(['chown', 'fchown', 'lchown', 'fchownat'], change('write', 'chown')),
  ...every(['mkdir', 'mkdirat'], change('create', 'mkdir')),
  ...every(['mknod', 'mknodat'], change('create', 'mknod')),
  connect: {
    read: connectFacts,
    glance: {
      what: 'peer',
      fields: ['fileType', 'transport', 'serverAddress', 'serverPort', 'connectAddress'],
      paths: [],
    },
  },
  ...every(['sendto', 'sendmsg', 'sendmmsg'], {
    read: sendFacts,
    glance: { what: 'peer', fields: ['transport', 'serverAddress', 'serverPort'], paths: [] },
  }),
  ...every(['accept', 'accept4'], {
    read: acceptFacts,
    glance: { what: 'accept', fields: ['transport', 'clientAddress'], paths: [] },
  }),
  listen: { read: listenFacts },
  bind: { read: bindFacts },
  procexit: { read: exitFacts },
  ...Object.fromEntries(Object.entries(privilegeReaders).map(([call, read]) => [call, { read }])),
};

function every(calls: readonly string[], call: FalcoCall): Record<string, FalcoCall> {
  return Object.fromEntries(calls.map((name) => [name, call]));
}

function act(paths: readonly FalcoField[], fields: readonly FalcoField[] = []): Glance {
  return { what: 'act', fields: [...paths, ...fields], paths };
}

function change(access: 'write' | 'create', via: string): FalcoCall {
  return { read: changeFacts(access, via), glance: act(['path', 'fileName']) };
}
