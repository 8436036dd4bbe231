import type { Behaviour } from './behaviour.ts';
import type { BehaviourSet, Program, Steps } from './fingerprint.ts';
import { generalise } from './generalise.ts';
import { type Entry, type EntryOf, entriesOf, grantId, grantsOf, programId } from './grants.ts';
import { PathPatterns } from './path-patterns.ts';
import { identityOf, type ProgramIdentity, parentOf, programKey, programOf } from './program.ts';
import { ProgramSet } from './program-set.ts';

/** A behaviour, and the test steps that ran when it was seen. */
export interface Shown {
  readonly behaviour: Behaviour;
  readonly steps: readonly string[];
}

/**
 * Who showed each entry of a learned set first, by id; programs as a whole too. What became part of a pattern is looked up
 * in it. An entry that nothing given here shows has no member.
 *
 * @param shown in order of time
 */
export function firstShown(behaviour: BehaviourSet, shown: Iterable<Shown>): Steps {
  const known = new Known(behaviour);
  const steps = new Map<string, readonly string[]>();
  for (const { behaviour: b, steps: names } of shown)
    for (const id of known.idsOf(generalise(b, {}))) if (!steps.has(id)) steps.set(id, names);
  return Object.fromEntries(steps);
}

interface Pattern {
  readonly id: string;
  readonly act: EntryOf<'file'>['act'];
  readonly patterns: PathPatterns;
}

class Known {
  readonly #ids: ReadonlySet<string>;
  readonly #patterns: ReadonlyMap<string, readonly Pattern[]>;

  constructor(behaviour: BehaviourSet) {
    this.#ids = new Set([
      ...behaviour.programs.map((p) => programId(identityOf(p))),
      ...grantsOf(behaviour).map((g) => g.id),
    ]);
    this.#patterns = new Map(behaviour.programs.map((p) => [programKey(identityOf(p)), patternsOf(p)]));
  }

  /** Ids of what accepts it, the programs that act and start included. */
  idsOf(b: Behaviour): readonly string[] {
    const set = new ProgramSet();
    set.addBehaviour(b);
    const parent = parentOf(b);
    const programs = [programOf(b), ...(parent === undefined ? [] : [parent])];
    return [
      ...programs.map(programId).filter((id) => this.#ids.has(id)),
      ...grantsOf(set.toSet()).flatMap(({ id, program, entry }) =>
        this.#ids.has(id) ? [id] : this.#wider(program, entry),
      ),
    ];
  }

  #wider(program: ProgramIdentity, entry: Entry): readonly string[] {
    if (entry.kind === 'network' && entry.network.do !== 'listen') {
      const id = grantId(program, { ...entry, network: { ...entry.network, inward: true } });
      return this.#ids.has(id) ? [id] : [];
    }
    if (entry.kind !== 'file') return [];
    const paths = entry.to === undefined ? [entry.path] : [entry.path, entry.to];
    const known = this.#patterns.get(programKey(program)) ?? [];
    return known.filter((p) => p.act === entry.act && p.patterns.accepts(paths)).map((p) => p.id);
  }
}

function patternsOf(p: Program): readonly Pattern[] {
  const files = entriesOf(p).filter((e): e is EntryOf<'file'> => e.kind === 'file');
  return files.flatMap((e) => {
    const paths = e.to === undefined ? [e.path] : [e.path, e.to];
    if (e.act === 'load' || e.act === 'link' || !paths.some(PathPatterns.isPattern)) return [];
    const patterns = new PathPatterns();
    patterns.add(paths);
    return [{ id: grantId(identityOf(p), e), act: e.act, patterns }];
  });
}
