import type { Behaviour, BehaviourOf } from './behaviour.ts';
import type { NetworkEntry, PrivilegeEntry } from './fingerprint.ts';
import { readActs } from './generalise-forms.ts';
import { imageClassOf, keepsName } from './image-class.ts';

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

/** What was done, without who did it. Whatever teaches more or is judged otherwise has another key. */
export function subjectKey(b: Behaviour): string {
  switch (b.kind) {
    case 'exec':
      return `exec\0${b.origin ?? ''}\0${hooksKey(b.env)}\0${argsKey(b.args)}`;
    case 'load':
      return `load\0${b.path}\0${b.origin ?? ''}`;
    case 'open':
      return openKey(b);
    case 'delete':
      return `delete\0${b.path}`;
    case 'connect':
    case 'resolve':
      return b.inward === true ? `inward\0${entryKey(b)}` : entryKey(b);
    case 'link':
    case 'rename':
    case 'listen':
    case 'privilege':
      return entryKey(b);
  }
}

/** Seen to answer an address inside, although its name is public. */
export function isInward(n: NetworkEntry): boolean {
  return n.do !== 'listen' && n.inward === true;
}

/**
 * An image read is one thing per class. Of the other origins two matter: a volume is evidence for a data directory, and
 * a read known to be of something else than the image is not covered by the class.
 */
function openKey(b: BehaviourOf<'open'>): string {
  const imageClass = imageClassOf(b);
  if (imageClass !== undefined)
    return keepsName(b.path) ? `${b.access}\0${b.path}\0image` : `${b.access}\0${imageClass}`;
  const key = `${b.access}\0${b.path}`;
  if (b.origin === undefined || b.origin === 'image') return key;
  if (b.origin === 'volume') return `${key}\0volume`;
  return readActs.has(b.access) ? `${key}\0other` : key;
}

/** The key of an entry inside its program, for all kinds that are looked up by one. */
export function entryKey(
  b: BehaviourOf<'link' | 'rename' | 'connect' | 'listen' | 'resolve' | 'privilege'>,
): string {
  switch (b.kind) {
    case 'link':
      return `link\0${b.path}\0${b.target}`;
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

/** The key of the behaviours that an entry of a fingerprint stands for. */
export function networkKey(n: NetworkEntry): string {
  switch (n.do) {
    case 'connect':
      return entryKey({ ...nobody, ...n, kind: 'connect' });
    case 'listen':
      return entryKey({ ...nobody, ...n, kind: 'listen' });
    case 'resolve':
      return entryKey({ ...nobody, ...n, kind: 'resolve' });
  }
}

export function privilegeKey(x: PrivilegeEntry): string {
  return entryKey({ ...nobody, kind: 'privilege', ...x });
}
