import { DrawnNames } from './drawn-names.ts';
import type { Origin } from './event.ts';
import type { FileAct, FileEntry } from './fingerprint.ts';
import { classEntry } from './image-class.ts';
import { PackedFiles } from './packed-files.ts';
import { PathPatterns } from './path-patterns.ts';
import { imageLeaf } from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';

/** What one program may do to files, by exact name first: opens are nine events of ten. */
export class IndexedFiles {
  readonly #entries: PackedFiles;
  /** Classes of image reads. Apart from the exact names, so that no file can be called like one. */
  readonly #classes = new Map<FileAct, Set<string>>();
  readonly #patterns = new Map<FileAct, PathPatterns>();
  readonly #drawn = new Map<FileAct, DrawnNames>();
  /** New names of renames, targets of links. */
  readonly #targets = new Set<string>();
  readonly #use: 'grants' | 'tombstones';

  /** @param use tombstones take back whatever they could stand for, also what has entries of its own among them */
  constructor(files: PackedFiles | readonly FileEntry[], use: 'grants' | 'tombstones' = 'grants') {
    const isPacked = files instanceof PackedFiles;
    this.#entries = isPacked ? files : new PackedFiles(files);
    this.#use = use;
    for (const f of isPacked ? files.entries() : files)
      for (const act of f.access) this.#add(act, f.path, f.to);
  }

  /** What the names alone do not say. */
  #add(act: FileAct, path: string, to: string | undefined): void {
    const paths = to === undefined ? [path] : [path, to];
    if (path.endsWith(`/${imageLeaf}`))
      this.#classes.set(act, (this.#classes.get(act) ?? new Set()).add(classEntry(path)));
    else if (act !== 'load' && act !== 'link' && paths.some(PathPatterns.isPattern)) {
      const patterns = this.#patterns.get(act) ?? new PathPatterns();
      patterns.add(paths);
      this.#patterns.set(act, patterns);
    } else if (to !== undefined) this.#targets.add(to);
    if (DrawnNames.isDrawn(act, paths)) {
      const drawn = this.#drawn.get(act) ?? new DrawnNames();
      drawn.add(paths);
      this.#drawn.set(act, drawn);
    }
  }

  /**
   * Making a file and writing to it are one, but for sensitive files: whether it was there already is its volume's story,
   * not the program's (a log, a pid file, a lock).
   * @param to new name of a rename, target of a link
   */
  accepts(act: FileAct, path: string, to?: string): boolean {
    if (this.#accepts(act, path, to)) return true;
    const twin = act === 'create' ? 'write' : act === 'write' ? 'create' : undefined;
    return twin !== undefined && this.#accepts(twin, path, to) && !isSensitivePath(path);
  }

  #accepts(act: FileAct, path: string, to: string | undefined): boolean {
    if (this.#entries.grants(act, path, to)) return true;
    const paths = to === undefined ? [path] : [path, to];
    if (this.#patterns.get(act)?.accepts(paths) === true) return true;
    return this.#drawn.get(act)?.accepts(paths, (name) => this.#hasOwn(name)) === true;
  }

  #hasOwn(name: string): boolean {
    return this.#use === 'grants' && (this.#entries.knows(name) || this.#targets.has(name));
  }

  hasClass(act: FileAct, imageClass: string): boolean {
    return this.#classes.get(act)?.has(imageClass) === true;
  }

  /** Whether this very entry is among them; a pattern as it is written. */
  holds(act: FileAct, path: string, to?: string): boolean {
    return this.#entries.holds(act, path, to);
  }

  /** Whether anything at all may be done to this very path. */
  knows(path: string): boolean {
    return this.#entries.knows(path);
  }

  /** Where code that may be loaded under this path comes from, undefined where nobody told; undefined: nothing may. */
  loads(path: string): readonly (Origin | undefined)[] | undefined {
    return this.#entries.loads(path);
  }
}
