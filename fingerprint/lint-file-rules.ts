import type { Side } from './diff-side.ts';
import { entryWords, originPlace, pathWords } from './explain-entry.ts';
import { type Entry, type EntryOf, grantId } from './grants.ts';
import { isRuntimeSocket } from './lint-names.ts';
import { type LintRule, type LintWorld, type Place, placesWhere, some } from './lint-rule.ts';
import { codePaths, mayWrite } from './lint-writable.ts';
import { anyLeaf, belowLeaf, isSiblingPattern, splitPath } from './pattern-names.ts';
import { quoted } from './phrase.ts';
import { identityOf } from './program.ts';
import { isSensitivePath } from './sensitive.ts';

/** Files and code that an intruder could use or change unseen. */
export const fileRules: readonly LintRule[] = [
  {
    id: 'foreign-code',
    severity: 'critical',
    what: 'code from outside the image may run',
    why: 'what was written into the container, a scratch directory or memory is what an attack brings along',
    fix: 'put the file into the image, or on a volume that the workload cannot write',
    find: (world) => placesWhere(world, isForeignCode, (found) => some(found.map(foreignWords))),
  },
  {
    id: 'writable-code',
    severity: 'high',
    what: 'a file that runs may be written',
    why: 'code that the workload can change is code that an intruder can change; only its origin still tells',
    fix: 'narrow what may be written, or take the file out of the writable directory',
    find: findWritableCode,
  },
  {
    id: 'sensitive-write',
    severity: 'high',
    what: 'a sensitive file may be written, replaced or linked',
    why: 'accounts, keys, start-up files and switches of the kernel give more rights for good',
    fix: 'remove the entry unless this is what the program is for',
    find: (world) =>
      placesWhere(
        world,
        (e) => isSensitive(e) && !isRead(e),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'sensitive-read',
    severity: 'medium',
    what: 'a sensitive file may be read',
    why: 'an intruder reads it in the same way',
    fix: 'keep it if the program is made to use it; give it nothing more than that',
    find: (world) =>
      placesWhere(
        world,
        (e) => isSensitive(e) && isRead(e),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'wide-write',
    severity: 'medium',
    what: 'names that nobody has seen may be written',
    why: 'what is dropped or encrypted there does not drift',
    fix: 'keep data directories on volumes of their own, without anything that runs',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'file' && !isRead(e) && isWide(e.path),
        (found) => some(found.map(entryWords)),
      ),
  },
  {
    id: 'wide-read',
    severity: 'low',
    what: 'names that nobody has seen may be read',
    why: 'whatever is put there can be collected',
    fix: 'let only those programs read it that serve it',
    find: (world) =>
      placesWhere(
        world,
        (e) => e.kind === 'file' && isRead(e) && isWide(e.path),
        (found) => some(found.map((e) => (e.kind === 'file' ? pathWords(e.path) : ''))),
      ),
  },
  {
    id: 'code-on-volume',
    severity: 'medium',
    what: 'code on a volume may run',
    why: 'whoever else mounts the volume decides what it does',
    fix: 'put it into the image, or mount the volume read-only',
    find: (world) =>
      placesWhere(
        world,
        (e) => originOf(e) === 'volume',
        (found) => some(found.map(foreignWords)),
      ),
  },
  {
    id: 'origin-unknown',
    severity: 'low',
    what: 'where the bytes of programs come from is not known',
    why: 'another file of the same name on a volume would not drift',
    fix: 'learn with a source that can tell origins',
    find: ({ sides }) => {
      const blind = sides.filter(({ program: p }) => p.args.length > 0 && p.origins.length === 0);
      if (blind.length === 0) return [];
      const names = some(blind.map((s) => quoted(s.program.exe)));
      return [{ sentence: `${blind.length} of ${sides.length} programs: ${names}`, entries: [] }];
    },
  },
];

function originOf(e: Entry): string | undefined {
  if (e.kind === 'origin') return e.origin;
  return e.kind === 'file' && e.act === 'load' ? e.origin : undefined;
}

function isForeignCode(e: Entry): boolean {
  return ['upper', 'scratch', 'memory'].includes(originOf(e) ?? '');
}

function foreignWords(e: Entry): string {
  if (e.kind === 'origin') return `may run from ${originPlace(e.origin)}`;
  return entryWords(e);
}

function isSensitive(e: Entry): e is EntryOf<'file'> {
  if (e.kind !== 'file' || isRuntimeSocket(e.path)) return false;
  return isSensitivePath(e.path) || (e.to !== undefined && isSensitivePath(e.to));
}

function isRead(e: EntryOf<'file'>): boolean {
  return e.act === 'read' || e.act === 'map' || e.act === 'load';
}

function isWide(path: string): boolean {
  const [, leaf] = splitPath(path);
  return leaf === anyLeaf || leaf === belowLeaf || isSiblingPattern(leaf);
}

/** Programs that may change files which run, whichever program runs them. */
function findWritableCode(world: LintWorld): Place[] {
  const code = codePaths(world.sides.map((s) => s.program));
  return world.sides.flatMap((side) => {
    const paths = code.filter((path) => mayWrite(side, path));
    if (paths.length === 0) return [];
    const identity = identityOf(side.program);
    const entries = writersOf(side).map((e) => grantId(identity, e));
    const sentence = `${world.nameOf(identity)} may change ${some(paths.map((p) => quoted(p)))}, which runs`;
    return [{ program: side.program.exe, sentence, entries }];
  });
}

function writersOf(side: Side): Entry[] {
  return [...side.entries.values()].filter(
    (e) => e.kind === 'file' && (e.act === 'write' || e.act === 'create' || e.to !== undefined),
  );
}
