import { judgedShare } from './coverage.ts';
import { sidesOf } from './diff-side.ts';
import { type BehaviourKind, behaviourKinds, type Origin } from './event.ts';
import { isBareAddress } from './explain-entry.ts';
import type { Baseline, Fingerprint, NetworkEntry, PrivilegeEntry, Program } from './fingerprint.ts';
import { type Entry, entriesOf } from './grants.ts';
import { isInward } from './identity.ts';

import {
  isGraveCapability,
  isMetadataPeer,
  isPreload,
  isRuntimeSocket,
  isVariedName,
  openVectors,
  type ToolKind,
  toolKindsOf,
} from './lint-names.ts';
import { codePaths, mayWrite } from './lint-writable.ts';
import { imageLeaf } from './pattern-names.ts';
import { treeShare } from './score-files.ts';
import { isSensitivePath, neverLearnable } from './sensitive.ts';

/** How permissive a fingerprint is: 0 allows nothing, 100 judges nothing. */
export interface Score {
  readonly total: number;
  readonly parts: Readonly<Record<BehaviourKind, number>>;
}

/** The most a kind can add, reached when it is not judged at all. Together 100. */
const shares: Readonly<Record<BehaviourKind, number>> = {
  exec: 25,
  load: 10,
  open: 20,
  link: 3,
  delete: 3,
  rename: 4,
  connect: 20,
  listen: 3,
  resolve: 5,
  privilege: 7,
};

/** The weight of entries at which a kind has half of its share. */
const half = 40;

/**
 * The permissiveness score (docs/operations.md, lint). Every entry has a weight of its own and none is ever subtracted,
 * so taking an entry away or replacing a pattern by names it covers never raises it, and merging never lowers it.
 */
export function score(known: Baseline | Fingerprint): Score {
  const weights = weightsOf(known);
  const parts: Record<BehaviourKind, number> = { ...shares };
  for (const kind of behaviourKinds) {
    const judged = judgedShare(known.coverage, kind);
    const allowed = weights[kind] / (weights[kind] + half);
    parts[kind] = shares[kind] * (judged * allowed + 1 - judged);
  }
  return { total: behaviourKinds.reduce((sum, kind) => sum + parts[kind], 0), parts };
}

type Weights = Record<BehaviourKind, number>;

function weightsOf(known: Baseline | Fingerprint): Weights {
  const weights = Object.fromEntries(behaviourKinds.map((kind) => [kind, 0])) as Weights;
  const sides = [...sidesOf(known).values()];
  const code = codePaths(sides.map((s) => s.program));
  for (const side of sides) {
    const { program, starters } = side;
    weights.exec += programWeight(program) + 0.5 * starters.size;
    addFiles(weights, program);
    for (const n of program.network) weights[n.do] += networkWeight(n);
    for (const x of program.privileges) weights.privilege += privilegeWeight(x);
    weights.load += 10 * code.filter((path) => mayWrite(side, path)).length;
  }
  return weights;
}

const toolWeights: Readonly<Record<ToolKind, number>> = {
  shell: 10,
  interpreter: 5,
  'package-manager': 15,
  'download-tool': 8,
  'remote-control': 12,
  steerable: 5,
  'privilege-tool': 12,
};

const foreignOrigins: ReadonlySet<Origin> = new Set(['upper', 'scratch', 'memory']);

function programWeight(p: Program): number {
  let weight = 1 + 0.2 * p.args.length + 10 * openVectors(p).length;
  for (const kind of toolKindsOf(p)) weight += toolWeights[kind];
  for (const hook of p.env) weight += isPreload(hook) ? 10 : 3;
  for (const origin of p.origins) if (foreignOrigins.has(origin)) weight += 20;
  return p.root === 'interactive' ? weight + 20 : weight;
}

type FileEntry = Extract<Entry, { kind: 'file' }>;

/** What all of the files there are would weigh: reading tells, writing changes. */
const treeWeights = { read: 9, map: 9, write: 30, create: 30, delete: 30, rename: 30 } as const;

function addFiles(weights: Weights, p: Program): void {
  const files = entriesOf(p).filter((e): e is FileEntry => e.kind === 'file');
  for (const [act, whole] of Object.entries(treeWeights)) {
    const paths = files.filter((f) => f.act === act && !f.path.endsWith(`/${imageLeaf}`)).map((f) => f.path);
    weights[act === 'delete' || act === 'rename' ? act : 'open'] += whole * treeShare(paths);
  }
  for (const f of files) {
    const kind =
      f.act === 'load' || f.act === 'link' || f.act === 'delete' || f.act === 'rename' ? f.act : 'open';
    weights[kind] += fileWeight(f);
  }
}

/** On top of its share of the tree. */
function fileWeight({ act, path, to, origin }: FileEntry): number {
  if (act === 'load') return origin !== undefined && foreignOrigins.has(origin) ? 20 : 0.02;
  if (path.endsWith(`/${imageLeaf}`)) return 0.5;
  const grave = isSensitivePath(path) || (to !== undefined && isSensitivePath(to));
  if (grave) return act === 'read' || act === 'map' ? 3 : 8;
  return act === 'link' ? 0.1 : 0;
}

function networkWeight(n: NetworkEntry): number {
  const inward = isInward(n) ? 5 : 0;
  switch (n.do) {
    case 'listen':
      return 1;
    case 'resolve':
      return (isVariedName(n.name) ? 3 : 0.3) + inward;
    case 'connect':
      return peerWeight(n) + (n.port < 0 ? 0.5 : 0) + inward;
  }
}

function peerWeight({ transport, peer }: Extract<NetworkEntry, { do: 'connect' }>): number {
  if (transport === 'unix') return isRuntimeSocket(peer) ? 20 : 0.5;
  if (isMetadataPeer(peer)) return 10;
  if (peer === 'localhost') return 0.3;
  return isBareAddress(peer) || isVariedName(peer) ? 3 : 1;
}

function privilegeWeight({ privilege, detail }: PrivilegeEntry): number {
  const act = { kind: 'privilege', privilege, ...(detail === undefined ? {} : { detail }) } as const;
  if (neverLearnable({ root: 'entrypoint', lineage: [], ...act })) return 20;
  return privilege === 'capability' && isGraveCapability(detail) ? 15 : 5;
}
