import { type FileAct, type FileEntry, fileActs } from './fingerprint.ts';
import { imageLeaf } from './image-class.ts';
import { isWholePath } from './pattern-names.ts';
import { isSensitivePath } from './sensitive.ts';
import { belowLeaf } from './site-parameter.ts';

/** What one program may do to single paths, by exact name first: opens are nine events of ten. */
export class IndexedFiles {
  readonly #exact = new Map<FileAct, Set<string>>(fileActs.map((act) => [act, new Set()]));
  /** Classes of image reads. Apart from the exact names, so that no file can be called like one. */
  readonly #classes = new Map<FileAct, Set<string>>();
  /** Directories below which everything is accepted. */
  readonly #below = new Map<FileAct, Set<string>>();
  readonly #paths = new Set<string>();

  constructor(files: readonly FileEntry[]) {
    for (const f of files) for (const act of f.access) this.#add(act, f);
  }

  #add(act: FileAct, { path }: FileEntry): void {
    const slash = path.lastIndexOf('/');
    const leaf = path.slice(slash + 1);
    if (leaf === imageLeaf) addTo(this.#classes, act, path);
    else if (leaf === belowLeaf) addTo(this.#below, act, path.slice(0, slash));
    else {
      this.#exact.get(act)?.add(path);
      this.#paths.add(path);
    }
  }

  accepts(act: FileAct, path: string): boolean {
    return this.#exact.get(act)?.has(path) === true || this.#isBelow(act, path);
  }

  hasClass(act: FileAct, imageClass: string): boolean {
    return this.#classes.get(act)?.has(imageClass) === true;
  }

  /** Whether anything at all may be done to this very path. */
  knows(path: string): boolean {
    return this.#paths.has(path);
  }

  #isBelow(act: FileAct, path: string): boolean {
    const directories = this.#below.get(act);
    if (directories === undefined || isSensitivePath(path) || !isWholePath(path)) return false;
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1))
      if (directories.has(path.slice(0, end))) return true;
    return false;
  }
}

function addTo(sets: Map<FileAct, Set<string>>, act: FileAct, value: string): void {
  const known = sets.get(act);
  if (known === undefined) sets.set(act, new Set([value]));
  else known.add(value);
}
