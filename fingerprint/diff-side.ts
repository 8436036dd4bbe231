import type { Behaviour } from './behaviour.ts';
import { fullCoverage } from './coverage.ts';
import { origins } from './event.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { type Entry, entriesOf, grantKey, programOfEntries, programsByKey } from './grants.ts';
import { type FingerprintIndex, indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { identityOf, programKey, rootParent } from './program.ts';
import { currentRules } from './rules.ts';
import { withoutRemoved } from './tombstones.ts';
import type { Verdict } from './verdict.ts';

/**
 * One program of one of the two documents, ready to be asked what it accepts. The answer is the judge's own, with the
 * program taken out of its tree, so that diff can never disagree with what will be enforced.
 */
export interface Side {
  readonly program: Program;
  readonly starters: ReadonlySet<string>;
  readonly entries: ReadonlyMap<string, Entry>;
  /** What a person took back of it, which patterns do not let in again. */
  readonly removed: Program | undefined;
  readonly acts: FingerprintIndex;
  /** The same with one argument vector that is always known: origins and hooks are asked about by it. */
  readonly starts: FingerprintIndex;
}

/** What a document accepts, program by program: without what a person took back, and without what nothing starts. */
export function sidesOf(known: {
  readonly behaviour: BehaviourSet;
  readonly removed?: BehaviourSet;
}): Map<string, Side> {
  const { behaviour, removed } = known;
  const left = removed === undefined ? behaviour : withoutRemoved(behaviour, removed);
  const stones = new Map(removed?.programs.map((p) => [programKey(identityOf(p)), p]));
  const active = [...programsByKey(left)].filter(([, { starters }]) => starters.size > 0);
  return new Map(
    active.map(([key, { program, starters }]) => [key, sideOf(program, starters, stones.get(key))]),
  );
}

const anyArgs: readonly string[] = ['{whorl:any}'];

function sideOf(program: Program, starters: ReadonlySet<string>, stone?: Program): Side {
  return {
    program,
    starters,
    entries: new Map(entriesOf(program).map((e) => [grantKey(e), e])),
    removed: stone,
    acts: soloIndex(program, stone),
    starts: soloIndex({ ...program, args: [anyArgs] }, stone),
  };
}

/** What exactly these entries of a program accept, without its others. */
export function sideOfEntries(program: Program, entries: readonly Entry[]): Side {
  return sideOf(programOfEntries(program, entries), new Set(['']));
}

function soloIndex(p: Program, stone: Program | undefined): FingerprintIndex {
  return indexBehaviour({
    coverage: fullCoverage,
    behaviour: { programs: [alone(p)] },
    ...(stone === undefined ? {} : { removed: { programs: [alone(stone)] } }),
    rules: currentRules,
  });
}

function alone({ parent: _, ...rest }: Program): Program {
  return { ...rest, id: 'p0', parents: [rootParent(rest.root)] };
}

/** A behaviour an entry may accept, and the verdict of a side that does not. */
export interface Refused {
  readonly behaviour: Behaviour;
  readonly verdict: Extract<Verdict, { kind: 'drift' }>;
}

/** What the entry lets its own side accept and the other refuses. Empty: the other accepts all of it. */
export function refusedBy(other: Side, entry: Entry, own: Side): readonly Refused[] {
  const { exe, root } = own.program;
  const refused: Refused[] = [];
  let accepted = 0;
  for (const act of actsOf(entry)) {
    const behaviour: Behaviour = { root, lineage: [exe], ...act };
    if (verdictOf(own, entry, behaviour).kind !== 'expected') continue;
    accepted++;
    const verdict = verdictOf(other, entry, behaviour);
    if (verdict.kind === 'drift') refused.push({ behaviour, verdict });
  }
  // What names a site parameter accepts nothing until the site binds it: there the entry itself is compared.
  const key = grantKey(entry);
  if (accepted > 0 || !own.entries.has(key) || other.entries.has(key)) return refused;
  const behaviour = actsOf(entry).map((act): Behaviour => ({ root, lineage: [exe], ...act }))[0];
  const verdict = behaviour === undefined ? undefined : verdictOf(other, entry, behaviour);
  return behaviour !== undefined && verdict?.kind === 'drift' ? [{ behaviour, verdict }] : [];
}

function verdictOf(side: Side, entry: Entry, b: Behaviour): Verdict {
  return judge(b, entry.kind === 'origin' || entry.kind === 'hook' ? side.starts : side.acts);
}

type Act = Behaviour extends infer B ? (B extends Behaviour ? Omit<B, 'root' | 'lineage'> : never) : never;

const anyOrigin = [undefined, ...origins];

/** Every behaviour that tells one entry from a similar one: by each origin, and inward or not. */
function actsOf(entry: Entry): readonly Act[] {
  switch (entry.kind) {
    case 'arguments':
      return [{ kind: 'exec', args: entry.args }];
    case 'origin':
      return [{ kind: 'exec', args: anyArgs, origin: entry.origin }];
    case 'hook':
      return [{ kind: 'exec', args: anyArgs, env: [entry.name] }];
    case 'privilege': {
      const detail = entry.detail === undefined ? {} : { detail: entry.detail };
      return [{ kind: 'privilege', privilege: entry.privilege, ...detail }];
    }
    case 'network':
      return networkActs(entry.network);
    case 'file':
      return fileActsOf(entry);
  }
}

function networkActs(n: Extract<Entry, { kind: 'network' }>['network']): readonly Act[] {
  switch (n.do) {
    case 'listen':
      return [{ kind: 'listen', transport: n.transport, port: n.port }];
    case 'resolve': {
      const act = { kind: 'resolve', name: n.name } as const;
      return n.inward === true ? [act, { ...act, inward: true }] : [act];
    }
    case 'connect': {
      const act = { kind: 'connect', transport: n.transport, peer: n.peer, port: n.port } as const;
      return n.inward === true ? [act, { ...act, inward: true }] : [act];
    }
  }
}

function fileActsOf({ act, path, origin: from, to = '' }: Extract<Entry, { kind: 'file' }>): readonly Act[] {
  switch (act) {
    case 'load':
      // Learned by a source that cannot tell origins, it accepts several: each is asked about.
      return (from === undefined ? anyOrigin : [undefined, from]).map((origin) => ({
        kind: 'load',
        path,
        ...(origin === undefined ? {} : { origin }),
      }));
    case 'link':
      return [{ kind: 'link', path, target: to }];
    case 'rename':
      return [{ kind: 'rename', path, to }];
    case 'delete':
      return [{ kind: 'delete', path }];
    case 'read':
    case 'write':
    case 'create':
    case 'map':
      return anyOrigin.map((origin) => ({
        kind: 'open',
        path,
        access: act,
        ...(origin === undefined ? {} : { origin }),
      }));
  }
}
