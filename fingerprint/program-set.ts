import type { Behaviour, BehaviourOf } from './behaviour.ts';
import type { Origin } from './event.ts';
import type {
  BehaviourSet,
  FileAct,
  FileEntry,
  NetworkEntry,
  PrivilegeEntry,
  Program,
} from './fingerprint.ts';
import { argsKey, entryKey, isInward, networkKey, privilegeKey } from './identity.ts';
import { imageClassOf, keepsName } from './image-class.ts';
import {
  compareText,
  identityOf,
  type ProgramIdentity,
  parentOf,
  programKey,
  programOf,
  rootParent,
} from './program.ts';

interface FileDraft {
  readonly path: string;
  readonly to: string | undefined;
  readonly origin: Origin | undefined;
  readonly acts: Set<FileAct>;
}

/** Sets all through, so that order and repetition cannot show in the result. */
interface Draft {
  readonly identity: ProgramIdentity;
  /** Keys of the nodes it may be started from; `#root` for outside. */
  readonly parents: Set<string>;
  readonly origins: Set<Origin>;
  readonly args: Map<string, readonly string[]>;
  readonly env: Set<string>;
  readonly files: Map<string, FileDraft>;
  readonly network: Map<string, NetworkEntry>;
  readonly privileges: Map<string, PrivilegeEntry>;
}

/** A behaviour set while it is put together; `toSet` writes the one canonical form (docs/format.md, canonical form). */
export class ProgramSet {
  readonly #drafts = new Map<string, Draft>();

  addBehaviour(b: Behaviour): void {
    const draft = this.#node(programOf(b));
    const parent = parentOf(b);
    if (parent === undefined) draft.parents.add(rootParent(b.root));
    else {
      this.#node(parent);
      draft.parents.add(programKey(parent));
    }
    addAct(draft, b);
  }

  addSet(set: BehaviourSet): void {
    const keys = new Map(set.programs.map((p) => [p.id, programKey(identityOf(p))]));
    for (const p of set.programs) {
      const draft = this.#node(identityOf(p));
      for (const id of p.parents) draft.parents.add(keys.get(id) ?? id);
      addProgram(draft, p);
    }
  }

  toSet(): BehaviourSet {
    const drafts = [...this.#drafts.values()].sort((a, b) => compareIdentity(a.identity, b.identity));
    const ids = new Map(drafts.map((d, i) => [programKey(d.identity), `p${i}`]));
    return { programs: drafts.map((d, i) => render(d, `p${i}`, ids)) };
  }

  #node(identity: ProgramIdentity): Draft {
    const key = programKey(identity);
    const known = this.#drafts.get(key);
    if (known !== undefined) return known;
    const draft: Draft = {
      identity,
      parents: new Set(identity.parent === '' ? [rootParent(identity.root)] : []),
      origins: new Set(),
      args: new Map(),
      env: new Set(),
      files: new Map(),
      network: new Map(),
      privileges: new Map(),
    };
    this.#drafts.set(key, draft);
    return draft;
  }
}

function compareIdentity(a: ProgramIdentity, b: ProgramIdentity): number {
  return compareText(a.root, b.root) || compareText(a.parent, b.parent) || compareText(a.exe, b.exe);
}

function addAct(draft: Draft, b: Behaviour): void {
  switch (b.kind) {
    case 'exec':
      draft.args.set(argsKey(b.args), b.args);
      if (b.origin !== undefined) draft.origins.add(b.origin);
      for (const name of b.env ?? []) draft.env.add(name);
      return;
    case 'load':
      addFile(draft, 'load', b.path, undefined, b.origin);
      return;
    case 'open':
      addOpen(draft, b);
      return;
    case 'link':
      addFile(draft, 'link', b.path, b.target);
      return;
    case 'delete':
      addFile(draft, 'delete', b.path);
      return;
    case 'rename':
      addFile(draft, 'rename', b.path, b.to);
      return;
    case 'connect': {
      const { transport, peer, port, inward } = b;
      addPeer(draft, {
        do: 'connect',
        transport,
        peer,
        port,
        ...(inward === undefined ? {} : { inward }),
      });
      return;
    }
    case 'listen':
      addPeer(draft, { do: 'listen', transport: b.transport, port: b.port });
      return;
    case 'resolve':
      addPeer(draft, {
        do: 'resolve',
        name: b.name,
        ...(b.inward === undefined ? {} : { inward: b.inward }),
      });
      return;
    case 'privilege': {
      const detail = b.detail === undefined ? {} : { detail: b.detail };
      draft.privileges.set(entryKey(b), { privilege: b.privilege, ...detail });
      return;
    }
  }
}

/** The kernel's own file systems are mounted too, but nobody's data lies there. */
const ofKernel = /^\/(?:proc|sys)\//;

/** Of where a file came from only the volume is kept: by that its directory may become one of data. */
function addOpen(draft: Draft, b: BehaviourOf<'open'>): void {
  const imageClass = imageClassOf(b);
  const origin = b.origin === 'volume' && !ofKernel.test(b.path) ? b.origin : undefined;
  addFile(draft, b.access, imageClass ?? b.path, undefined, origin);
  if (imageClass !== undefined && keepsName(b.path)) addFile(draft, b.access, b.path);
}

/** One entry per peer: who was seen to answer from inside may answer from outside too. */
function addPeer(draft: Draft, entry: NetworkEntry): void {
  const key = networkKey(entry);
  const known = draft.network.get(key);
  draft.network.set(key, known !== undefined && isInward(known) ? known : entry);
}

/** What is mapped executable keeps an entry of its own per origin: reading a file never grants loading it. */
function addFile(draft: Draft, act: FileAct, path: string, to?: string, origin?: Origin): void {
  const key = `${path}\0${to ?? ''}\0${origin ?? ''}`;
  const entry = draft.files.get(key) ?? { path, to, origin, acts: new Set<FileAct>() };
  entry.acts.add(act);
  draft.files.set(key, entry);
}

function addProgram(draft: Draft, p: Program): void {
  for (const origin of p.origins) draft.origins.add(origin);
  for (const args of p.args) draft.args.set(argsKey(args), args);
  for (const name of p.env) draft.env.add(name);
  for (const f of p.files) for (const act of f.access) addFile(draft, act, f.path, f.to, f.origin);
  for (const n of p.network) addPeer(draft, n);
  for (const x of p.privileges) draft.privileges.set(privilegeKey(x), x);
}

function render(d: Draft, id: string, ids: ReadonlyMap<string, string>): Program {
  const { root, parent, exe } = d.identity;
  return {
    id,
    root,
    ...(parent === '' ? {} : { parent }),
    parents: [...d.parents].map((key) => ids.get(key) ?? key).sort(compareIds),
    exe,
    origins: [...d.origins].sort(compareText),
    args: sorted(d.args),
    env: [...d.env].sort(compareText),
    files: sorted(d.files).map(renderFile),
    network: sorted(d.network),
    privileges: sorted(d.privileges),
  };
}

/** Entries in the order of their keys, by code units. */
function sorted<T>(entries: ReadonlyMap<string, T>): T[] {
  return [...entries].sort(([a], [b]) => compareText(a, b)).map(([, entry]) => entry);
}

/** `#root` first, then the nodes in the order of their numbers: p2 before p10. */
function compareIds(a: string, b: string): number {
  return a.length - b.length || compareText(a, b);
}

function renderFile(f: FileDraft): FileEntry {
  return {
    path: f.path,
    access: [...f.acts].sort(compareText),
    ...(f.to === undefined ? {} : { to: f.to }),
    ...(f.origin === undefined ? {} : { origin: f.origin }),
  };
}
