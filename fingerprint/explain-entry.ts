import type { Privilege } from './event.ts';
import type { FileAct, NetworkEntry } from './fingerprint.ts';
import type { Entry, EntryOf } from './grants.ts';
import { isModuleRequest } from './module-request.ts';
import { isSiblingPattern } from './pattern-names.ts';
import { originNote, quoted } from './phrase.ts';
import { isSensitivePath } from './sensitive.ts';

/**
 * Entries of a fingerprint as the predicate of a sentence in the present tense: "connects to `db.shop:5432`". Every
 * string from the watched world stands in backticks and holds none, so that a page or a comment can find and escape it.
 */
export function entryWords(entry: Entry): string {
  switch (entry.kind) {
    case 'arguments':
      return `runs ${quoted(entry.args.join(' '), 200)}`;
    case 'origin':
      return `runs from ${originPlace(entry.origin)}`;
    case 'hook':
      return `is started with ${quoted(entry.name)} set`;
    case 'file':
      return fileWords([entry.act], entry);
    case 'network':
      return networkWords(entry.network);
    case 'privilege':
      return `${privilegeVerb(entry)}${entry.detail === undefined ? '' : ` (${quoted(entry.detail, 60)})`}`;
  }
}

const actVerbs: Readonly<Record<FileAct, string>> = {
  read: 'reads',
  write: 'writes',
  create: 'creates',
  map: 'maps',
  load: 'loads code from',
  link: 'links',
  delete: 'deletes',
  rename: 'renames',
};

const privilegeVerbs: Readonly<Record<Privilege, string>> = {
  'module-load': 'loads kernel modules',
  ptrace: 'takes hold of other processes',
  memfd: 'makes files in memory',
  setns: 'enters other namespaces',
  unshare: 'makes namespaces of its own',
  mount: 'mounts file systems',
  chroot: 'changes its root directory',
  bpf: 'uses bpf',
  'io-uring': 'sets up io_uring',
  'compat-syscall': 'uses system calls of another architecture',
  'leave-cgroup': 'leaves its control group',
  capability: 'uses a capability',
};

function privilegeVerb({ privilege, detail }: EntryOf<'privilege'>): string {
  return isModuleRequest(privilege, detail)
    ? 'makes the kernel look for a module'
    : privilegeVerbs[privilege];
}

/** Several acts on one place: "writes and creates any name in `/data/uploads`". */
export function fileWords(acts: readonly FileAct[], f: Omit<EntryOf<'file'>, 'kind' | 'act'>): string {
  const to = f.to === undefined ? '' : ` to ${pathWords(f.to)}`;
  const grave = [f.path, f.to ?? ''].some(isSensitivePath) ? ' (sensitive)' : '';
  return `${actWords(acts)} ${pathWords(f.path)}${to}${originNote(f.origin)}${grave}`;
}

export function actWords(acts: readonly FileAct[]): string {
  return listed(acts.map((act) => actVerbs[act]));
}

/** A path or pattern as a person says it. */
export function pathWords(path: string): string {
  const volume = /^\{volume:([^{}]*)\}(\/.*)?$/.exec(path);
  const place = volume === null ? undefined : `the site's volume ${quoted(volume[1] ?? '')}`;
  if (path.endsWith('/{image}')) return `any file of the image ${below(path.slice(0, -'/{image}'.length))}`;
  const rest = volume?.[2] ?? path;
  if (place === undefined) return patternWords(path);
  return rest === '' || rest === '/**' ? `anything on ${place}` : `${patternWords(rest)} on ${place}`;
}

function patternWords(path: string): string {
  if (isSiblingPattern(path.slice(path.lastIndexOf('/') + 1))) return `any name of the form ${quoted(path)}`;
  if (path.endsWith('/**')) return `anything ${below(path.slice(0, -'/**'.length))}`;
  if (path.endsWith('/{any}')) {
    const directory = path.slice(0, -'/{any}'.length);
    return `any name in ${quoted(directory === '' ? '/' : directory)} (data directory)`;
  }
  return quoted(path);
}

function below(directory: string): string {
  return directory === '' ? 'anywhere' : `below ${quoted(directory)}`;
}

function networkWords(n: NetworkEntry): string {
  switch (n.do) {
    case 'connect':
      return `${n.transport === 'udp' ? 'sends' : 'connects'} to ${peerWords(n)}${inwardWords(n)}`;
    case 'listen':
      return `listens on ${n.transport} port ${n.port < 0 ? 'drawn by the kernel' : n.port}`;
    case 'resolve': {
      const site = siteName(n.name);
      const name = site === undefined ? quoted(n.name) : `of the site's ${quoted(site)}`;
      return `asks for the name ${name}${inwardWords(n)}`;
    }
  }
}

function inwardWords(n: Exclude<NetworkEntry, { do: 'listen' }>): string {
  return n.inward === true ? ', also where that name answers an address inside' : '';
}

function peerWords(n: Extract<NetworkEntry, { do: 'connect' }>): string {
  if (n.transport === 'unix') return `the socket ${quoted(n.peer)}`;
  const site = siteName(n.peer);
  if (site !== undefined)
    return `the site's ${quoted(site)} on ${n.port < 0 ? 'any drawn port' : `port ${n.port}`}`;
  const port = n.port < 0 ? '' : `:${n.port}`;
  const peer = quoted(`${n.peer.includes(':') ? `[${n.peer}]` : n.peer}${port}`);
  const drawn = n.port < 0 ? ' on any drawn port' : '';
  return isBareAddress(n.peer) ? `the address ${peer}${drawn}, which nothing names` : `${peer}${drawn}`;
}

/** Whether a peer is an address that no name was found for. */
export function isBareAddress(peer: string): boolean {
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(peer) || /^[0-9a-f]*:[0-9a-f:.]*$/i.test(peer);
}

function siteName(text: string): string | undefined {
  return /^\{site:([^{}]*)\}$/.exec(text)?.[1];
}

export function originPlace(origin: EntryOf<'origin'>['origin']): string {
  switch (origin) {
    case 'image':
      return 'the image';
    case 'upper':
      return 'a file written into the container';
    case 'volume':
      return 'a volume';
    case 'scratch':
      return 'a scratch directory';
    case 'memory':
      return 'memory alone';
    case 'carried':
      return 'a file of another image of the pod';
  }
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}
