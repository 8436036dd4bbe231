import { condense } from './condense.ts';
import type { Baseline, BehaviourSet, FileAct, FileEntry, Program } from './fingerprint.ts';
import { type Entry, grantId } from './grants.ts';
import { identityOf } from './program.ts';
import { ProgramSet } from './program-set.ts';
import { parameterOf } from './site-parameter.ts';
import { withoutRemoved } from './tombstones.ts';

/**
 * What was recorded now, and of what was recorded before that which this recording could not show: what is known to come
 * and go, and what a person wrote with a site parameter in it. What a person took back stays away.
 *
 * @param keeps whether an entry of the former stays, by its id
 */
export function withKept(now: BehaviourSet, former: Baseline, keeps: (id: string) => boolean): BehaviourSet {
  const set = new ProgramSet();
  set.addSet(now);
  set.addSet(keptOf(former.behaviour, keeps));
  const { removed } = former;
  return condense(removed === undefined ? set.toSet() : withoutRemoved(set.toSet(), removed));
}

function keptOf(former: BehaviourSet, keeps: (id: string) => boolean): BehaviourSet {
  const parts = new Map(former.programs.map((p) => [p.id, partOf(p, keeps)]));
  const kept = new Set([...parts].flatMap(([id, part]) => (isEmpty(part) ? [] : [id])));
  // Whoever starts it must stand there too, whatever else it does.
  for (const id of kept)
    for (const above of parts.get(id)?.parents ?? []) if (parts.has(above)) kept.add(above);
  return { programs: [...parts.values()].filter((p) => kept.has(p.id)) };
}

/** The program with those entries alone. */
function partOf(p: Program, keeps: (id: string) => boolean): Program {
  const stays = (entry: Entry): boolean => keeps(grantId(identityOf(p), entry)) || namesParameter(entry);
  return {
    ...p,
    args: p.args.filter((args) => stays({ kind: 'arguments', args })),
    origins: p.origins.filter((origin) => stays({ kind: 'origin', origin })),
    env: p.env.filter((name) => stays({ kind: 'hook', name })),
    files: p.files.flatMap((f) => {
      const access = f.access.filter((act) => stays(fileAct(f, act)));
      return access.length === 0 ? [] : [{ ...f, access }];
    }),
    network: p.network.filter((network) => stays({ kind: 'network', network })),
    privileges: p.privileges.filter((x) => stays({ kind: 'privilege', ...x })),
  };
}

/** As `entriesOf` names it: where a file was read from is evidence and no part of the entry. */
function fileAct({ path, to, origin }: FileEntry, act: FileAct): Entry {
  return {
    kind: 'file',
    act,
    path,
    ...(to === undefined ? {} : { to }),
    ...(origin === undefined || act !== 'load' ? {} : { origin }),
  };
}

function isEmpty(p: Program): boolean {
  return [p.args, p.origins, p.env, p.files, p.network, p.privileges].every((list) => list.length === 0);
}

function namesParameter(entry: Entry): boolean {
  const text =
    entry.kind === 'file'
      ? entry.path
      : entry.kind !== 'network' || entry.network.do === 'listen'
        ? ''
        : entry.network.do === 'connect'
          ? entry.network.peer
          : entry.network.name;
  return parameterOf(text) !== undefined;
}
