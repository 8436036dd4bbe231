import type { Behaviour, BehaviourOf } from './behaviour.ts';
import { portText, subjectText } from './drift.ts';
import type { Access, Origin, Privilege } from './event.ts';
import { isModuleRequest } from './module-request.ts';
import { printable } from './printable.ts';

/** Long enough for a path or a command a person can take in, short enough for one line of several. */
const quotedLength = 120;

/** A string from the watched world inside a sentence: safe for a terminal, and where it begins and ends is plain. */
export function quoted(text: string, max = quotedLength): string {
  return `\`${printable(text, max).replaceAll('`', "'")}\``;
}

const originNotes: Readonly<Record<Origin, string>> = {
  image: '',
  upper: ' (not in the image)',
  volume: ' (on a volume)',
  scratch: ' (in a scratch directory)',
  memory: ' (in memory only)',
  carried: ' (from another image of the pod)',
};

export function originNote(origin: Origin | undefined): string {
  return origin === undefined ? '' : originNotes[origin];
}

const accessVerbs: Readonly<Record<Access, string>> = {
  read: 'read',
  write: 'wrote',
  create: 'created',
  map: 'mapped',
};

const privilegeVerbs: Readonly<Record<Privilege, string>> = {
  'module-load': 'loaded a kernel module',
  ptrace: 'took hold of another process',
  memfd: 'made a file in memory',
  setns: 'entered another namespace',
  unshare: 'made a namespace of its own',
  mount: 'mounted a file system',
  chroot: 'changed its root directory',
  bpf: 'used bpf',
  'io-uring': 'set up io_uring',
  'compat-syscall': 'used system calls of another architecture',
  'leave-cgroup': 'left its control group',
  capability: 'used a capability',
};

function privilegeVerb({ privilege, detail }: BehaviourOf<'privilege'>): string {
  return isModuleRequest(privilege, detail) ? 'made the kernel look for a module' : privilegeVerbs[privilege];
}

/** What was done, as the predicate of a sentence: `connected to evil.example:443`. */
export function predicate(b: Behaviour, origin?: Origin): string {
  switch (b.kind) {
    case 'exec':
      return `started ${execName(b)}${originNote(origin ?? b.origin)}`;
    case 'load':
      return `loaded code from ${quoted(b.path)}${originNote(origin ?? b.origin)}`;
    case 'open':
      return `${accessVerbs[b.access]} ${quoted(b.path)}`;
    case 'link':
      return `linked ${quoted(b.path)} to ${quoted(b.target)}`;
    case 'delete':
      return `deleted ${quoted(b.path)}`;
    case 'rename':
      return `renamed ${quoted(b.path)} to ${quoted(b.to)}`;
    case 'connect':
      return predicateConnect(b);
    case 'listen':
      return `listened on ${b.transport} port ${b.port < 0 ? 'drawn by the kernel' : portText(b.port)}`;
    case 'resolve':
      return `asked for the name ${quoted(b.name)}`;
    case 'privilege':
      return `${privilegeVerb(b)}${b.detail === undefined ? '' : ` (${printable(b.detail, 60)})`}`;
  }
}

/** The executable; with the rest of the command line where that is what tells a person what happens. */
export function execName(b: BehaviourOf<'exec'>): string {
  const exe = b.lineage.at(-1) ?? '';
  const rest = b.args.slice(1).join(' ');
  const isShell = /\/(?:(?:ba|da|a|z|k)?sh|python[\d.]*|perl|node|ruby|php)$/.test(exe);
  return quoted(isShell && rest !== '' ? `${exe} ${rest}` : exe);
}

function predicateConnect(b: BehaviourOf<'connect'>): string {
  const verb = b.transport === 'udp' ? 'sent to' : 'connected to';
  const peer = printable(subjectText(b), quotedLength);
  return b.transport === 'unix' ? `${verb} the socket ${quoted(b.peer)}` : `${verb} ${peer}`;
}
