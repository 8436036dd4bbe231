import type { Behaviour } from './behaviour.ts';
import type { NetworkEntry, PrivilegeEntry } from './fingerprint.ts';

/**
 * One string per thing a fingerprint can know: of two behaviours with the same identity the second teaches nothing and
 * is judged like the first. Used by the agent's seen-set and its dictionary.
 *
 * Parts are joined by NUL. Paths, arguments and executables come from the kernel and cannot hold one; DNS names can, so
 * they stand last, where they cannot pretend to be the start of another part.
 */
export function behaviourIdentity(b: Behaviour): string {
  const { lineage, root } = b;
  const n = lineage.length;
  const actor = `${root}\0${lineage[n - 3] ?? ''}\0${lineage[n - 2] ?? ''}\0${lineage[n - 1] ?? ''}`;
  return `${actor}\0${subjectKey(b)}`;
}

/** What was done, without who did it: the key of an entry inside its program. */
export function subjectKey(b: Behaviour): string {
  switch (b.kind) {
    case 'exec':
      return `exec\0${b.origin ?? ''}\0${hooksKey(b.env)}\0${argsKey(b.args)}`;
    case 'load':
      return `load\0${b.path}\0${b.origin ?? ''}`;
    case 'open':
      return `${b.access}\0${b.path}`;
    case 'link':
      return `link\0${b.path}\0${b.target}`;
    case 'delete':
      return `delete\0${b.path}`;
    case 'rename':
      return `rename\0${b.path}\0${b.to}`;
    case 'connect':
      return `connect\0${b.transport}\0${b.port}\0${b.peer}`;
    case 'listen':
      return `listen\0${b.transport}\0${b.port}`;
    case 'resolve':
      return `resolve\0${b.name}`;
    case 'privilege':
      return b.detail === undefined ? `privilege\0${b.privilege}` : `privilege\0${b.privilege}\0${b.detail}`;
  }
}

/** A whole argument vector as one string; arguments cannot hold NUL, and the count tells `['a','']` from `['a']`. */
export function argsKey(args: readonly string[]): string {
  return `${args.length}\0${args.join('\0')}`;
}

/** Hooks are a set: in which order the environment named them says nothing. */
function hooksKey(env: readonly string[] | undefined): string {
  if (env === undefined || env.length === 0) return '';
  return [...new Set(env)].sort().join(',');
}

/** Nobody: a stand-in actor, because the key of an entry does not depend on who acts. */
const nobody = { root: 'entrypoint', lineage: [] } as const;

/** The subject key of the behaviours that an entry of a fingerprint stands for. */
export function networkKey(n: NetworkEntry): string {
  switch (n.do) {
    case 'connect':
      return subjectKey({ ...nobody, ...n, kind: 'connect' });
    case 'listen':
      return subjectKey({ ...nobody, ...n, kind: 'listen' });
    case 'resolve':
      return subjectKey({ ...nobody, ...n, kind: 'resolve' });
  }
}

export function privilegeKey(x: PrivilegeEntry): string {
  return subjectKey({ ...nobody, kind: 'privilege', ...x });
}
