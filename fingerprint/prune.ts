import { FingerprintError } from './errors.ts';
import type { Baseline, Program } from './fingerprint.ts';
import { type Entry, entriesOf, grantId, programId, programOfEntries } from './grants.ts';
import { identityOf } from './program.ts';
import { uniteRemoved, withoutRemoved } from './tombstones.ts';

/**
 * Takes programs and entries back, for good: they are written into `removed`, so that learning does not bring them back.
 *
 * @param ids of programs and entries, as `inspect --json`, `lint --json` and `diff --json` name them
 * @throws SCHEMA for an id that names nothing, and where taking an entry alone would allow more than before
 */
export function prune(baseline: Baseline, ids: ReadonlySet<string>): Baseline {
  const left = new Set(ids);
  const stones = baseline.behaviour.programs.flatMap((p): Program[] => {
    const identity = identityOf(p);
    if (left.delete(programId(identity))) {
      for (const e of entriesOf(p)) left.delete(grantId(identity, e));
      return [stoneOf(p, [])];
    }
    const entries = entriesOf(p).filter((e) => left.delete(grantId(identity, e)));
    if (entries.length === 0) return [];
    assertOrigin(p, entries);
    return [
      stoneOf(
        p,
        entries.map((e) => widened(e, p)),
      ),
    ];
  });
  const [unknown] = left;
  if (unknown !== undefined) throw new FingerprintError('SCHEMA', `holds no entry or program ${unknown}`);
  const removed = uniteRemoved(...(baseline.removed === undefined ? [] : [baseline.removed]), {
    programs: stones,
  });
  return { ...baseline, removed, behaviour: withoutRemoved(baseline.behaviour, removed) };
}

/** Who started it is no part of a tombstone: it holds below whatever starter. */
function stoneOf(p: Program, entries: readonly Entry[]): Program {
  return { ...programOfEntries(p, entries), parents: [] };
}

/** A program without any origin is compared with none: taking the last one away would let it run from a volume. */
function assertOrigin(p: Program, entries: readonly Entry[]): void {
  const taken = entries.filter((e) => e.kind === 'origin').length;
  if (taken === 0 || taken < p.origins.length) return;
  throw new FingerprintError(
    'SCHEMA',
    `would leave ${p.exe} without an origin, so that it may run from more places than before; remove the program instead`,
  );
}

/** The same for code: where a source did not tell the origin, taking the told one alone would leave the untold one. */
function widened(entry: Entry, p: Program): Entry {
  if (entry.kind !== 'file' || entry.act !== 'load' || entry.origin === undefined) return entry;
  const untold = p.files.some(
    (f) => f.path === entry.path && f.access.includes('load') && f.origin === undefined,
  );
  return untold ? { kind: 'file', act: 'load', path: entry.path } : entry;
}
