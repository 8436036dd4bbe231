import type { Root } from './behaviour.ts';
import type { BehaviourKind, Origin } from './event.ts';
import { type BehaviourSet, type FileAct, fileActs, type Program, type RuleVersion } from './fingerprint.ts';
import { argsKey, networkKey, privilegeKey } from './identity.ts';

/** One program, ready to be asked. Keys as in identity.ts. */
export interface IndexedProgram {
  readonly root: Root;
  readonly parent: string;
  /** Executables two steps up it was started under; empty text for a starter that came from outside. */
  readonly starters: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly args: ReadonlySet<string>;
  readonly env: ReadonlySet<string>;
  /** Paths by what may be done to them; looked up by the path as it is, because opens are nine events of ten. */
  readonly files: ReadonlyMap<FileAct, ReadonlySet<string>>;
  /** Subject keys of all links, renames, peers and privileges. */
  readonly entries: ReadonlySet<string>;
  /** Paths it may do anything at all to. */
  readonly paths: ReadonlySet<string>;
  /** Paths it may load, with the origins they came from. */
  readonly loads: ReadonlyMap<string, readonly (Origin | undefined)[]>;
  /** Whether it may connect beyond the machine at all. */
  readonly egress: boolean;
  /** What it was built from, for the sentence about the nearest known thing. */
  readonly program: Program;
}

/** A behaviour set with its lookups built once. Judging costs the same whatever its size. */
export interface FingerprintIndex {
  readonly coverage: ReadonlySet<BehaviourKind>;
  /** exe → its nodes; a handful each, so the search among them is short. */
  readonly programs: ReadonlyMap<string, readonly IndexedProgram[]>;
  readonly rules: RuleVersion;
}

/** Builds the lookups of a baseline or fingerprint. */
export function indexBehaviour(f: {
  readonly coverage: readonly BehaviourKind[];
  readonly behaviour: BehaviourSet;
  readonly rules: RuleVersion;
}): FingerprintIndex {
  const byId = new Map(f.behaviour.programs.map((p) => [p.id, p]));
  const programs = new Map<string, IndexedProgram[]>();
  for (const p of f.behaviour.programs) {
    const nodes = programs.get(p.exe) ?? [];
    nodes.push(indexProgram(p, byId));
    programs.set(p.exe, nodes);
  }
  return { coverage: new Set(f.coverage), programs, rules: f.rules };
}

function indexProgram(p: Program, byId: ReadonlyMap<string, Program>): IndexedProgram {
  const loads = new Map<string, (Origin | undefined)[]>();
  for (const f of p.files) {
    if (f.access.includes('load')) loads.set(f.path, [...(loads.get(f.path) ?? []), f.origin]);
  }
  const files = new Map<FileAct, Set<string>>(fileActs.map((act) => [act, new Set()]));
  for (const f of p.files) for (const act of f.access) files.get(act)?.add(f.path);
  return {
    root: p.root,
    parent: p.parent ?? '',
    starters: new Set(p.parents.map((id) => byId.get(id)?.parent ?? '')),
    origins: new Set(p.origins),
    args: new Set(p.args.map(argsKey)),
    env: new Set(p.env),
    files,
    entries: new Set(entryKeys(p)),
    paths: new Set(p.files.map((f) => f.path)),
    loads,
    egress: p.network.some((n) => n.do === 'connect' && isEgress(n.transport, n.peer)),
    program: p,
  };
}

function* entryKeys(p: Program): Generator<string> {
  for (const f of p.files) {
    if (f.to !== undefined) for (const act of f.access) yield `${act}\0${f.path}\0${f.to}`;
  }
  for (const n of p.network) yield networkKey(n);
  for (const x of p.privileges) yield privilegeKey(x);
}

/** Whether a connection leaves this copy of the workload. */
export function isEgress(transport: string, peer: string): boolean {
  return transport !== 'unix' && peer !== 'localhost';
}
