import { textOf } from '../normalise/sensor-text.ts';

/** A file of which a process has code mapped. */
export interface CodeMapping {
  readonly path: string;
  /** The kernel's mark for a file without a name; a file's own name may end so too. */
  readonly marked: boolean;
  /** `start-end`, as below /proc/<pid>/map_files. */
  readonly range: string;
}

const deletedMark = ' (deleted)';
/** Fields of a line of /proc/<pid>/maps; what is no file has no slash in the last. */
const line = /^([0-9a-f]+)-([0-9a-f]+) (....) [0-9a-f]+ (\S+) (\d+) +(\/.*)$/;

/**
 * Files whose code a process has mapped itself, each once. The executable and its loader are mapped by the kernel
 * without a call that a source could tell of: they are known by the addresses the kernel itself noted, never by name.
 *
 * @param maps /proc/<pid>/maps
 * @param auxv /proc/<pid>/auxv; without it nothing can be said
 */
export function codeMappings(maps: Uint8Array, auxv: Uint8Array): readonly CodeMapping[] | undefined {
  const kernels = kernelAddresses(auxv);
  if (kernels === undefined) return undefined;
  const found = new Map<string, CodeMapping>();
  const skipped = new Set<string>();
  for (const text of Buffer.from(maps.buffer, maps.byteOffset, maps.length).toString('latin1').split('\n')) {
    const [, start = '', end = '', rights = '', device = '', inode = '', path = ''] = line.exec(text) ?? [];
    if (path === '') continue;
    const file = `${device} ${inode} ${path}`;
    const [from, to] = [Number.parseInt(start, 16), Number.parseInt(end, 16)];
    if (kernels.some((address) => address >= from && address < to)) skipped.add(file);
    if (rights[2] === 'x' && !found.has(file)) found.set(file, mapping(path, `${start}-${end}`));
  }
  return [...found].filter(([file]) => !skipped.has(file)).map(([, code]) => code);
}

function mapping(shown: string, range: string): CodeMapping {
  const marked = shown.endsWith(deletedMark);
  return { path: textOf(Buffer.from(shown, 'latin1')), marked, range };
}

/** A link or mapping of a file whose last name is gone, by the name it had. */
export function withoutMark(path: string): string {
  return path.endsWith(deletedMark) ? path.slice(0, -deletedMark.length) : path;
}

export function isMarked(path: string): boolean {
  return path.endsWith(deletedMark);
}

/** AT_BASE: where the loader lies; AT_ENTRY: a place in the executable (linux/auxvec.h). */
const atBase = 7;
const atEntry = 9;
/** The highest there is stands below 64; a key beyond shows that the words have another size. */
const maxKey = 255;

function kernelAddresses(auxv: Uint8Array): readonly number[] | undefined {
  const view = new DataView(auxv.buffer, auxv.byteOffset, auxv.length);
  return readAuxv(view, 8) ?? readAuxv(view, 4);
}

function readAuxv(view: DataView, word: 4 | 8): readonly number[] | undefined {
  const at = (offset: number): number =>
    word === 4 ? view.getUint32(offset, true) : Number(view.getBigUint64(offset, true));
  const found: number[] = [];
  for (let offset = 0; offset + 2 * word <= view.byteLength; offset += 2 * word) {
    const key = at(offset);
    if (key > maxKey) return undefined;
    if (key === 0) break;
    if ((key === atBase || key === atEntry) && at(offset + word) !== 0) found.push(at(offset + word));
  }
  return found.length === 0 ? undefined : found;
}
