import type { EventOf } from '../../../fingerprint/event.ts';
import type { ProcessRecord } from '../process-record.ts';

/** In the order of `ProcessView.namespaces`. */
export const namespaceNames = ['mnt', 'net', 'pid', 'user', 'uts', 'ipc', 'cgroup', 'time'] as const;
export type Belonging = (typeof namespaceNames)[number] | 'root';

/** Joins whatever the descriptor was of. */
const anyNamespace = 'any';

/**
 * Remembers of a program that left a namespace or root in everybody's sight, so that a sweep which finds it elsewhere
 * says nothing new. What the runtime does before the program executes is not the program's and not remembered.
 */
export function noteMove(record: ProcessRecord, event: EventOf<'privilege'>): void {
  if (record.actor === undefined || event.error !== undefined) return;
  const left = leftBy(event);
  if (left.length === 0) return;
  record.moved = new Set([...(record.moved ?? []), ...left]);
  // clone makes the child first and is told when it returns.
  for (const child of record.children) child.moved = new Set([...(child.moved ?? []), ...left]);
}

export function hasMoved({ moved }: ProcessRecord, from: Belonging): boolean {
  return moved !== undefined && (moved.has(from) || (from !== 'root' && moved.has(anyNamespace)));
}

function leftBy({ privilege, detail = '' }: EventOf<'privilege'>): readonly string[] {
  switch (privilege) {
    case 'chroot':
      return ['root'];
    case 'unshare':
    case 'setns':
      return namespacesIn(detail);
    default:
      return [];
  }
}

/** `mnt,pid`, `clone net`, `any`. */
export function namespacesIn(detail: string): readonly string[] {
  return detail.replace(/^clone /, '').split(',');
}
