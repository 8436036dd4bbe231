import type { Baseline, BehaviourSet, Program } from './fingerprint.ts';
import {
  coversEntry,
  type Entry,
  type EntryOf,
  entriesOf,
  type Grant,
  grantKey,
  grantsOf,
} from './grants.ts';
import { IndexedFiles } from './indexed-files.ts';
import { identityOf, programKey } from './program.ts';
import { parameterOf } from './site-parameter.ts';

/**
 * Entries that were granted and that the site has not used: what an attacker could use unseen, and nobody would miss.
 * Of kinds the site was not watched for throughout nothing is said, nor of what is left to the site to bind.
 */
export function unusedGrants(granted: BehaviourSet, used: Pick<Baseline, 'coverage' | 'behaviour'>): Grant[] {
  const watched = new Set(used.coverage);
  const uses = new Map(used.behaviour.programs.map((p) => [programKey(identityOf(p)), new Uses(p)]));
  return grantsOf(granted).filter(
    ({ program, entry }) =>
      coversEntry(watched, entry) &&
      !isLeftToSite(entry) &&
      uses.get(programKey(program))?.needs(entry) !== true,
  );
}

/** What one program was seen to do. */
class Uses {
  readonly #program: Program;
  readonly #keys: ReadonlySet<string>;

  constructor(program: Program) {
    this.#program = program;
    this.#keys = new Set(entriesOf(program).map(grantKey));
  }

  /** Whether something that was seen would drift without the entry. */
  needs(entry: Entry): boolean {
    if (this.#keys.has(grantKey(entry))) return true;
    // A source that cannot tell origins saw the program all the same.
    if (entry.kind === 'origin') return this.#program.origins.length === 0;
    return entry.kind === 'file' && this.#needsFile(entry);
  }

  /** By a pattern that takes a name that was seen; of a load also when one side was not told the origin. */
  #needsFile({ act, path, to, origin }: EntryOf<'file'>): boolean {
    const pattern = new IndexedFiles([{ path, access: [act], ...(to === undefined ? {} : { to }) }]);
    return this.#program.files.some(
      (f) =>
        f.access.includes(act) &&
        (act === 'load'
          ? f.path === path && (f.origin === undefined || origin === undefined)
          : pattern.accepts(act, f.path, f.to)),
    );
  }
}

function isLeftToSite(entry: Entry): boolean {
  if (entry.kind === 'file') return parameterOf(entry.path) !== undefined;
  if (entry.kind !== 'network' || entry.network.do === 'listen') return false;
  const { network } = entry;
  return parameterOf(network.do === 'connect' ? network.peer : network.name) !== undefined;
}
