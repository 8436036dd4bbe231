import type { Root } from './behaviour.ts';
import { type Bindings, noBindings } from './bindings.ts';
import { lineKeys } from './command-line.ts';
import { compactProgram, packedFilesOf } from './compact.ts';
import type { CoverageWord } from './coverage.ts';
import type { BehaviourSet, Program, RuleVersion } from './fingerprint.ts';
import { argsKey, isInward, networkKey, privilegeKey } from './identity.ts';
import { IndexedFiles } from './indexed-files.ts';
import { PackedFiles } from './packed-files.ts';
import { identityOf, programKey } from './program.ts';
import { boundFiles, boundPeers } from './site-parameter.ts';
import { withoutRemoved } from './tombstones.ts';

/** One program, ready to be asked. Keys as in identity.ts. */
export interface IndexedProgram {
  readonly root: Root;
  readonly parent: string;
  /** Executables two steps up it was started under; empty text for a starter that came from outside. */
  readonly starters: ReadonlySet<string>;
  readonly origins: ReadonlySet<string>;
  readonly args: ReadonlySet<string>;
  /** Argument vectors with blanks in them, as the words that another source tells of them. */
  readonly lines: ReadonlySet<string>;
  readonly env: ReadonlySet<string>;
  readonly files: IndexedFiles;
  /** What a person took back of it. */
  readonly removed: Removed | undefined;
  /** Entry keys of all peers and privileges. */
  readonly entries: ReadonlySet<string>;
  /** Entry keys of the peers whose public name may answer an address inside. */
  readonly inward: ReadonlySet<string>;
  /** Whether it may connect beyond the machine at all. */
  readonly egress: boolean;
  /** What it was built from, for the sentence about the nearest known thing. */
  readonly program: Program;
}

/** What is taken back where leaving it out is not enough: where a pattern, an origin nobody told, or the same words
 * would let it in again. */
interface Removed {
  readonly args: ReadonlySet<string>;
  readonly files: IndexedFiles;
  readonly origins: ReadonlySet<string>;
}

/** A behaviour set with its lookups built once. Judging costs the same whatever its size. */
export interface FingerprintIndex {
  readonly coverage: ReadonlySet<CoverageWord>;
  /** exe → its nodes; a handful each, so the search among them is short. */
  readonly programs: ReadonlyMap<string, readonly IndexedProgram[]>;
  readonly rules: RuleVersion;
}

/**
 * Builds the lookups of a baseline or fingerprint.
 *
 * @param bindings what the site parameters stand for here; an entry whose parameter is not bound accepts nothing.
 */
export function indexBehaviour(
  f: {
    readonly coverage: readonly CoverageWord[];
    readonly behaviour: BehaviourSet;
    readonly removed?: BehaviourSet;
    readonly rules: RuleVersion;
  },
  bindings: Bindings = noBindings,
): FingerprintIndex {
  const behaviour = f.removed === undefined ? f.behaviour : withoutRemoved(f.behaviour, f.removed);
  const removed = new Map(f.removed?.programs.map((p) => [programKey(identityOf(p)), p]));
  const byId = new Map(behaviour.programs.map((p) => [p.id, p]));
  const programs = new Map<string, IndexedProgram[]>();
  for (const program of behaviour.programs) {
    const p = compactProgram(program);
    const nodes = programs.get(p.exe) ?? [];
    const stone = removed.get(programKey(identityOf(p)));
    nodes.push({ ...indexProgram(p, byId, bindings), removed: stone && indexRemoved(stone, bindings) });
    programs.set(p.exe, nodes);
  }
  return { coverage: new Set(f.coverage), programs, rules: f.rules };
}

function indexRemoved(stone: Program, bindings: Bindings): Removed {
  return {
    args: new Set(stone.args.map(argsKey)),
    files: new IndexedFiles(boundEntries(stone, bindings), 'tombstones'),
    origins: new Set(stone.origins),
  };
}

/** Those that mean the same everywhere stay as they are packed already. */
function boundEntries(p: Program, bindings: Bindings): PackedFiles {
  const files = packedFilesOf(p);
  if (!files.hasParameters) return files;
  return new PackedFiles([...files.entries()].flatMap((f) => boundFiles(f, bindings)));
}

/** Most lists of most programs are empty. */
const none: ReadonlySet<string> = new Set();

function setOf(values: readonly string[]): ReadonlySet<string> {
  return values.length === 0 ? none : new Set(values);
}

function indexProgram(
  p: Program,
  byId: ReadonlyMap<string, Program>,
  bindings: Bindings,
): Omit<IndexedProgram, 'removed'> {
  const network = p.network.flatMap((n) => boundPeers(n, bindings));
  return {
    root: p.root,
    parent: p.parent ?? '',
    starters: setOf(p.parents.map((id) => byId.get(id)?.parent ?? '')),
    origins: setOf(p.origins),
    args: setOf(p.args.map(argsKey)),
    lines: lineKeys(p.args),
    env: setOf(p.env),
    files: new IndexedFiles(boundEntries(p, bindings)),
    entries: setOf([...network.map(networkKey), ...p.privileges.map(privilegeKey)]),
    inward: setOf(network.filter(isInward).map(networkKey)),
    egress: network.some((n) => n.do === 'connect' && isEgress(n.transport, n.peer)),
    program: p,
  };
}

/** Whether a connection leaves this copy of the workload. */
export function isEgress(transport: string, peer: string): boolean {
  return transport !== 'unix' && peer !== 'localhost';
}
