import type { BehaviourSet, FileAct, FileEntry } from './fingerprint.ts';
import { readActs } from './generalise-forms.ts';
import { type NamedFile, NameGroup, namedFile, type Patterned } from './name-group.ts';
import { anyLeaf, splitPath } from './pattern-names.ts';
import { compareText } from './program.ts';
import { ProgramSet } from './program-set.ts';

/**
 * What names share in place of the names, where many were seen: a closure, so that `condense(a ∪ b)` and
 * `condense(condense(a) ∪ condense(b))` are the same bytes. That holds because a pattern counts as the names it was made
 * of, absorbs what belongs to it, and keeps as evidence what its names were evidence for (docs/format.md, patterns).
 */
export function condense(set: BehaviourSet): BehaviourSet {
  const groups = new Groups();
  for (const p of set.programs) for (const f of p.files) groups.add(p.id, f);
  const out = new ProgramSet();
  out.addSet({ programs: set.programs.map((p) => ({ ...p, files: groups.filesOf(p.id, p.files) })) });
  return out.toSet();
}

/** What a baseline lists that stands for more than was seen: `learn` says so to the person who reads it. */
export interface Generalised {
  readonly dataDirectories: readonly string[];
  readonly siblingClasses: readonly string[];
}

export function generalisedIn(set: BehaviourSet): Generalised {
  const files = set.programs.flatMap((p) => p.files);
  const data = files.flatMap((f) => directoriesOf(f));
  const classes = files
    .filter((f) => namedFile(f.path, f.to)?.form === 'siblings')
    .map((f) => (f.to === undefined ? f.path : `${f.path} → ${f.to}`));
  const distinct = (texts: readonly string[]): string[] => [...new Set(texts)].sort(compareText);
  return { dataDirectories: distinct(data), siblingClasses: distinct(classes) };
}

function directoriesOf(f: FileEntry): readonly string[] {
  const file = namedFile(f.path, f.to);
  return file?.form === 'any' ? file.directories : [];
}

/** What may be generalised at all: code and the targets of links are known by name. */
const condensable: ReadonlySet<FileAct> = new Set(['read', 'map', 'write', 'create', 'delete', 'rename']);

/** Whatever is mounted there: the kernel's own file systems, and the directories that every system has. */
const systemDirectory =
  /^\/(?:(?:proc|sys)(?:\/.*)?|etc|dev|usr|bin|sbin|lib\w*|boot|var|run|root|home|opt)$/;

/**
 * Code and configuration: what is changed there is known by name, even where the workload installed it itself. Python's
 * cache is neither, it writes that wherever it may.
 */
const codeOrSettings =
  /^\/(?:etc|bin|sbin|lib\w*|boot|usr\/(?:local\/)?(?:bin|sbin|lib\w*))(?:\/|$)(?!.*__pycache__$)/;

class Groups {
  readonly #groups = new Map<string, NameGroup>();
  readonly #byProgram = new Map<string, NameGroup[]>();
  /** By directory: groups whose own names may show that it is one of data. */
  readonly #byDirectory = new Map<string, NameGroup[]>();
  readonly #created = new Set<string>();
  readonly #isData = new Map<string, boolean>();

  add(program: string, f: FileEntry): void {
    for (const act of f.access) {
      if (act === 'create') this.#created.add(f.path);
      const file = condensable.has(act) ? namedFile(f.path, f.to) : undefined;
      if (file !== undefined) this.#group(program, act, file).add(file, f.origin === 'volume');
    }
  }

  /** The entries of one program, condensed. */
  filesOf(program: string, files: readonly FileEntry[]): FileEntry[] {
    const kept = files.flatMap((f) => this.#kept(program, f));
    const own = this.#byProgram.get(program) ?? [];
    return [...kept, ...own.flatMap((g) => this.#patterns(g).map((p) => ({ ...p, access: [g.act] })))];
  }

  /** The entry with those acts that no pattern took over. */
  #kept(program: string, f: FileEntry): FileEntry[] {
    const access = f.access.filter((act) => {
      const file = condensable.has(act) ? namedFile(f.path, f.to) : undefined;
      if (file === undefined) return true;
      const group = this.#group(program, act, file);
      return !this.#takes(group, file, f.origin === 'volume');
    });
    return access.length === 0 ? [] : [{ ...f, access }];
  }

  #takes(group: NameGroup, file: NamedFile, onVolume: boolean): boolean {
    return file.form !== 'name' || this.#isAny(group) || (!onVolume && group.pattern(file) !== undefined);
  }

  #patterns(group: NameGroup): readonly Patterned[] {
    if (!this.#isAny(group)) return group.patterns();
    const [path = '', to] = group.directories.map((directory) => `${directory}/${anyLeaf}`);
    return [{ path, ...(to === undefined ? {} : { to }) }];
  }

  #isAny(group: NameGroup): boolean {
    if (group.hasAny) return true;
    if (!readActs.has(group.act) && group.directories.some((d) => codeOrSettings.test(d))) return false;
    return group.isMany && group.directories.every((d) => this.#isDataDirectory(d));
  }

  /** On a volume, as many of its names show, or made by the workload. Asks about shorter paths only, so it ends. */
  #isDataDirectory(directory: string): boolean {
    const known = this.#isData.get(directory);
    if (known !== undefined) return known;
    const own = this.#byDirectory.get(directory) ?? [];
    const answer =
      !systemDirectory.test(directory) &&
      (own.some((g) => g.hasAny || g.isManyOnVolume) || this.#isMade(directory));
    this.#isData.set(directory, answer);
    return answer;
  }

  #isMade(directory: string): boolean {
    if (this.#created.has(directory)) return true;
    const file = namedFile(directory);
    if (file?.form !== 'name') return false;
    const [parent] = splitPath(directory);
    const above = (this.#byDirectory.get(parent) ?? []).filter((g) => g.act === 'create');
    return above.some((g) => this.#isAny(g) || g.pattern(file) !== undefined);
  }

  #group(program: string, act: FileAct, file: NamedFile): NameGroup {
    const key = `${program}\0${act}\0${file.directory}`;
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const group = new NameGroup(act, file.directories);
    this.#groups.set(key, group);
    push(this.#byProgram, program, group);
    // A rename says nothing of where its two directories are.
    if (file.directories.length === 1) push(this.#byDirectory, file.directory, group);
    return group;
  }
}

function push<T>(lists: Map<string, T[]>, key: string, value: T): void {
  const known = lists.get(key);
  if (known === undefined) lists.set(key, [value]);
  else known.push(value);
}
