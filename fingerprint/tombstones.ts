import type { BehaviourSet, FileEntry, Program } from './fingerprint.ts';
import { argsKey, networkKey, privilegeKey } from './identity.ts';
import { IndexedFiles } from './indexed-files.ts';
import { identityOf, programKey } from './program.ts';
import { ProgramSet } from './program-set.ts';

/**
 * What a person removed stays removed: tombstones are kept in the baseline, are merged by union, and whatever they name
 * is dropped as often as it is learned again. A program without entries stands for all of it.
 */
export function withoutRemoved(set: BehaviourSet, removed: BehaviourSet): BehaviourSet {
  const stones = new Map(removed.programs.map((p) => [programKey(identityOf(p)), p]));
  const keyOf = new Map(set.programs.map((p) => [p.id, programKey(identityOf(p))]));
  const isGone = (key: string): boolean => {
    const stone = stones.get(key);
    return stone !== undefined && isWhole(stone);
  };
  const left = new ProgramSet();
  left.addSet({
    programs: set.programs
      .filter((p) => !isGone(keyOf.get(p.id) ?? ''))
      .map((p) => without(p, stones.get(keyOf.get(p.id) ?? '')))
      .map((p) => ({ ...p, parents: p.parents.filter((id) => !isGone(keyOf.get(id) ?? id)) })),
  });
  return left.toSet();
}

/** Lists of tombstones as one. Order and repeats are nothing: the whole of a program wins over parts of it. */
export function uniteRemoved(...sets: readonly BehaviourSet[]): BehaviourSet {
  const stones = sets.flatMap((set) => set.programs);
  const whole = new Set(stones.filter(isWhole).map((p) => programKey(identityOf(p))));
  const all = new ProgramSet();
  // One by one: ids of two sets name different programs, and a tombstone has no use for parents.
  for (const p of stones) {
    const stone = whole.has(programKey(identityOf(p))) ? emptied(p) : p;
    all.addSet({ programs: [{ ...stone, parents: [] }] });
  }
  return all.toSet();
}

function isWhole(p: Program): boolean {
  const { origins, args, env, files, network, privileges } = p;
  return [origins, args, env, files, network, privileges].every((list) => list.length === 0);
}

function emptied(p: Program): Program {
  return { ...p, origins: [], args: [], env: [], files: [], network: [], privileges: [] };
}

function without(p: Program, stone: Program | undefined): Program {
  if (stone === undefined) return p;
  const args = new Set(stone.args.map(argsKey));
  const network = new Set(stone.network.map(networkKey));
  const privileges = new Set(stone.privileges.map(privilegeKey));
  const files = new IndexedFiles(stone.files, 'tombstones');
  const loads = stone.files.filter((f) => f.access.includes('load'));
  return {
    ...p,
    origins: p.origins.filter((origin) => !stone.origins.includes(origin)),
    args: p.args.filter((vector) => !args.has(argsKey(vector))),
    env: p.env.filter((name) => !stone.env.includes(name)),
    files: p.files.flatMap((f) => withoutActs(f, files, loads)),
    network: p.network.filter((n) => !network.has(networkKey(n))),
    privileges: p.privileges.filter((x) => !privileges.has(privilegeKey(x))),
  };
}

/** The entry with the acts that were not removed: by name, by the same pattern, or by a pattern that takes the name. */
function withoutActs(f: FileEntry, removed: IndexedFiles, loads: readonly FileEntry[]): FileEntry[] {
  const access = f.access.filter((act) => {
    if (act === 'load') return !loads.some((l) => l.path === f.path && (l.origin ?? f.origin) === f.origin);
    return !removed.holds(act, f.path, f.to) && !removed.accepts(act, f.path, f.to);
  });
  return access.length === 0 ? [] : [{ ...f, access }];
}
