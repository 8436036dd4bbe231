import type { BehaviourSet, FileEntry, Program } from './fingerprint.ts';
import { PackedFiles } from './packed-files.ts';

const packs = new WeakMap<Program, PackedFiles>();

/**
 * The same program with its file entries packed: nine tenths of a fingerprint, and objects again only while somebody
 * reads `files`. What is kept for as long as the agent runs is kept like this.
 */
export function compactProgram(program: Program): Program {
  if (packs.has(program)) return program;
  const packed = new PackedFiles(program.files);
  const files = (): FileEntry[] => [...packed.entries()];
  const compact: Program = Object.defineProperty({ ...program, files: [] }, 'files', {
    enumerable: true,
    get: files,
  });
  packs.set(compact, packed);
  return compact;
}

/** What a document says, for as long as it may be kept: of the text that it was read from nothing stays. */
export function compactDocument<T extends { readonly behaviour: BehaviourSet }>(known: T): T {
  const { programs } = known.behaviour;
  const bare = programs.map((p): Program => ({ ...p, files: [] }));
  const own = ownText({ ...known, behaviour: { programs: bare } });
  const packed = own.behaviour.programs.map((p, i) =>
    compactProgram({ ...p, files: programs[i]?.files ?? [] }),
  );
  return { ...own, behaviour: { programs: packed } };
}

/** A copy of plain data. A string cut out of a text keeps all of the text in memory; those read anew are their own. */
export function ownText<T>(value: T): T {
  return JSON.parse(JSON.stringify(value));
}

/** Its file entries, to be asked by name. */
export function packedFilesOf(program: Program): PackedFiles {
  return packs.get(program) ?? new PackedFiles(program.files);
}
