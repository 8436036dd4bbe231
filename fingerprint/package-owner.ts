import { FingerprintError } from './errors.ts';
import { isSameLibrary, isSystemPath, libraryForm, pythonSource, usrMerged } from './image-path.ts';
import { quoted } from './phrase.ts';
import type { Sbom } from './sbom.ts';
import { isSystemPackage, type PackageFiles } from './software-package.ts';

/** To whom a file of the image belongs, as far as the SBOM says. */
export type Owner =
  /** More than one where several hold it (the modules of a Go program) or a version was not kept. */
  | { readonly kind: 'packages'; readonly packages: readonly PackageFiles[] }
  /** The SBOM lists the file and does not say whose it is. */
  | { readonly kind: 'listed' }
  /** The SBOM lists files, and this is none of them. */
  | { readonly kind: 'nobody' }
  /** The SBOM does not list the files of its packages: absence says nothing. */
  | { readonly kind: 'unknown' };

/** Go programs and archives of archives hold some hundreds; each look-up of the file names them all. */
const maxOwners = 4096;

/** Finds the package of a path. All look-ups are by hash. */
export class Owners {
  readonly #exact = new Map<string, PackageFiles[]>();
  readonly #merged = new Map<string, PackageFiles[]>();
  /** By the form in which a version is left out; the name as the SBOM has it tells which versions. */
  readonly #libraries = new Map<string, { readonly path: string; readonly owner: PackageFiles }[]>();
  /** Directories that directly hold a file, for names that stand for all of one directory. */
  readonly #holders = new Map<string, Set<PackageFiles>>();
  readonly #directories = new Map<string, PackageFiles[]>();
  readonly #listed: ReadonlySet<string>;
  /** What the absence of a file in the SBOM means. */
  readonly files: FileKnowledge;

  /** @throws FingerprintError TOO_LARGE when one file or directory is said to belong to thousands of packages */
  constructor(sbom: Sbom) {
    this.files = fileKnowledge(sbom);
    this.#listed = new Set([...sbom.listed].map(usrMerged));
    // Those of the system first: where two name a file, it is their manager that put it there.
    const ordered = [...sbom.packages].sort(
      (a, b) => Number(isSystemPackage(b)) - Number(isSystemPackage(a)),
    );
    for (const p of ordered) this.#add(p);
  }

  #add(p: PackageFiles): void {
    for (const path of p.files) {
      push(this.#exact, path, p);
      const merged = usrMerged(path);
      push(this.#merged, merged, p);
      const form = libraryForm(merged);
      if (form !== undefined) push(this.#libraries, form, { path: merged, owner: p });
      const directory = merged.slice(0, merged.lastIndexOf('/'));
      const holders = this.#holders.get(directory);
      if (holders === undefined) this.#holders.set(directory, new Set([p]));
      else holders.add(p);
    }
    for (const directory of p.directories) push(this.#directories, usrMerged(directory), p);
  }

  /** @param path exact, or with the placeholders that generalising puts into names of libraries and classes */
  of(path: string): Owner {
    const packages = this.#find(path);
    if (packages.length > 0) return { kind: 'packages', packages: [...new Set(packages)] };
    switch (this.files) {
      case 'by-package':
        return { kind: 'nobody' };
      case 'listed':
        return { kind: this.#listed.has(usrMerged(path)) ? 'listed' : 'nobody' };
      case 'none':
        return { kind: 'unknown' };
    }
  }

  #find(path: string): readonly PackageFiles[] {
    const exact = this.#exact.get(path);
    if (exact !== undefined) return exact;
    const merged = usrMerged(path);
    const found = this.#merged.get(merged) ?? this.#library(merged) ?? this.#class(merged);
    if (found !== undefined) return found;
    const source = pythonSource(merged);
    return source === undefined ? this.#below(merged) : this.#find(source);
  }

  #library(path: string): readonly PackageFiles[] | undefined {
    const anyVersion = this.#libraries.get(path);
    if (anyVersion !== undefined) return anyVersion.map(({ owner }) => owner);
    const form = libraryForm(path);
    const named = form === undefined ? undefined : this.#libraries.get(form);
    const same = named?.filter((l) => isSameLibrary(l.path, path)).map(({ owner }) => owner);
    return same === undefined || same.length === 0 ? undefined : same;
  }

  #class(path: string): readonly PackageFiles[] | undefined {
    if (!path.endsWith('/{class}')) return undefined;
    const holders = this.#holders.get(path.slice(0, -'/{class}'.length));
    return holders === undefined ? undefined : [...holders];
  }

  /** The nearest directory that is a package's own. */
  #below(path: string): readonly PackageFiles[] {
    for (let end = path.lastIndexOf('/'); end > 0; end = path.lastIndexOf('/', end - 1)) {
      const found = this.#directories.get(path.slice(0, end));
      if (found !== undefined) return found;
    }
    return [];
  }
}

function push<T>(map: Map<string, T[]>, key: string, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else if (list.length < maxOwners) list.push(value);
  else
    throw new FingerprintError(
      'TOO_LARGE',
      `says that ${quoted(key)} belongs to more than ${maxOwners} packages`,
    );
}

/** What the SBOM says of files: which package each belongs to, that they are there, or nothing. */
export type FileKnowledge = 'by-package' | 'listed' | 'none';

/**
 * With fewer than half of the system's packages naming a file, their files are not listed: packages that own nothing are
 * the exception everywhere. Files that nobody claims count as a list when there are half as many programs and libraries
 * among them; the package managers' own records, which tools list as evidence, do not. Where no package of a system is
 * named, nobody can say what a system would own.
 */
function fileKnowledge({ packages, listed }: Sbom): FileKnowledge {
  const system = packages.filter(isSystemPackage);
  if (system.length === 0) return 'none';
  const known = system.filter((p) => p.files.length > 0).length;
  if (known * 2 >= system.length) return 'by-package';
  const code = [...listed].filter(isSystemPath).length;
  return code > 0 && code * 2 >= system.length ? 'listed' : 'none';
}
