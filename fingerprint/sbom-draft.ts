import { FingerprintError } from './errors.ts';
import { imagePath } from './image-path.ts';
import type { Sbom } from './sbom.ts';
import type { ReferenceGraph } from './sbom-graph.ts';
import { isSystemPackage, type PackageFiles, type SoftwarePackage } from './software-package.ts';

/** An image of a whole distribution with desktop and toolchains has a tenth of either. */
const maxItems = 200_000;

/** A package while its SBOM is read. */
export interface PackageDraft {
  readonly about: SoftwarePackage;
  readonly files: Set<string>;
  readonly directories: Set<string>;
  /** Something told which files are its own, not only where it was noticed. */
  complete: boolean;
}

/** Collects what an SBOM or a scanner says of packages and files, whichever way it says it. */
export class SbomDraft {
  readonly #packages: PackageDraft[] = [];
  readonly #listed = new Set<string>();
  #files = 0;

  add(about: SoftwarePackage): PackageDraft {
    if (this.#packages.length >= maxItems) throw tooMany('packages');
    const draft: PackageDraft = { about, files: new Set(), directories: new Set(), complete: false };
    this.#packages.push(draft);
    return draft;
  }

  /** The SBOM knows this file. */
  list(text: string): void {
    const path = imagePath(text);
    if (path === undefined) return;
    this.#count();
    this.#listed.add(path);
  }

  /** The SBOM says that this file belongs to the package. */
  claim(draft: PackageDraft, text: string): void {
    const path = imagePath(text);
    if (path === undefined) return;
    this.#count();
    draft.files.add(path);
    if (isSystemPackage(draft.about)) draft.complete = true;
    else claimPlace(draft, path);
  }

  /**
   * Where a tool noticed the package. Of a package of the system that is the package manager's own list, which says
   * nothing of its files; of a jar, a Go program or a Node module it is the thing itself.
   */
  locate(draft: PackageDraft, text: string): void {
    const path = imagePath(text);
    if (path === undefined || isSystemPackage(draft.about)) return;
    this.#count();
    if (isCode(leafOf(path))) draft.files.add(path);
    claimPlace(draft, path);
  }

  /** Programs and archives that hold packages: a Go program and its modules. Trivy says so by the graph of dependencies. */
  holdAll(graph: ReferenceGraph<PackageDraft>): void {
    for (const { path, holds } of graph.holdings((place) => isCode(leafOf(place)))) this.locate(holds, path);
  }

  #count(): void {
    this.#files++;
    if (this.#files > maxItems) throw tooMany('files');
  }

  finish(about: Pick<Sbom, 'format' | 'tool' | 'digests' | 'notes'>): Sbom {
    const packages = this.#packages.map(
      ({ about: p, files, directories, complete }): PackageFiles => ({
        ...p,
        files: [...files],
        directories: [...directories],
        complete,
      }),
    );
    return { ...about, packages, listed: this.#listed };
  }
}

function tooMany(what: string): FingerprintError {
  return new FingerprintError('TOO_LARGE', `names more than ${maxItems} ${what}, the most that are read`);
}

/** What holds code by its name: an archive, a library, a program without ending or with a version for one. */
const codeFile =
  /\.(?:jar|war|ear|par|hpi|jpi|whl|egg|dll|exe|node|wasm|phar|so)$|\.so(?:\.\d+)+$|\.\d+$|^[^.]+$/i;
/** These have no ending and are lists of what was asked for, not code. */
const listFile =
  /^(?:Pipfile|Gemfile|Rakefile|Cargo|RECORD|METADATA|PKG-INFO|INSTALLER|WHEEL|LICENSE|COPYING|NOTICE|README)$/i;

/** Managers of languages put a package into a place of its own, and their list is known by its name. */
function claimPlace(draft: PackageDraft, path: string): void {
  const leaf = leafOf(path);
  const directory = path.slice(0, path.length - leaf.length - 1);
  const gem = /^(.*)\/specifications\/(?:default\/)?([^/]+)\.gemspec$/.exec(path);
  const wheel = /^(.+)\/[^/]+\.(?:dist|egg)-info(?:\/[^/]+)?$/.exec(path);
  if (draft.about.type === 'npm' && leaf === 'package.json') {
    draft.directories.add(directory);
    draft.complete = true;
  } else if (gem !== null) {
    draft.directories.add(`${gem[1]}/gems/${gem[2]}`);
    draft.complete = true;
  } else if (draft.about.type === 'pypi' && wheel !== null) {
    // The usual name, not the certain one (PyYAML is `yaml`): enough to say that it ran, too little to say that it did not.
    draft.directories.add(`${wheel[1]}/${draft.about.name.toLowerCase().replace(/[-.]+/g, '_')}`);
  } else if (draft.about.type === 'pypi' ? /\.pyc?$/.test(leaf) : isCode(leaf)) draft.complete = true;
}

function leafOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

function isCode(leaf: string): boolean {
  return codeFile.test(leaf) && !listFile.test(leaf);
}
