import type { Origin } from './event.ts';
import type { Baseline, FileEntry, Fingerprint, Program } from './fingerprint.ts';
import { usrMerged } from './image-path.ts';
import type { Owner, Owners } from './package-owner.ts';
import { imageLeaf, splitPath } from './pattern-names.ts';
import { phases } from './phase.ts';
import { baseName, compareText } from './program.ts';
import type { PackageFiles } from './software-package.ts';

/** How a package was seen in use, most telling first. `unseen` is a statement, `unknown` is none. */
export const uses = ['executed', 'loaded', 'unknown', 'read', 'unseen'] as const;
export type Use = (typeof uses)[number];

/** Why nothing can be said of a package that was not seen. */
export type UnknownUse =
  /** The SBOM does not say which files it has. */
  | 'files-not-listed'
  /** Executions, loads or a part of the life of a copy were not watched. */
  | 'not-watched'
  | 'events-lost'
  /** Python reads what it compiled before; such reads are kept by directory, not by name. */
  | 'python-cache';

/** A package of the image and what the baseline knows of it. */
export interface PackageUse {
  readonly package: PackageFiles;
  readonly use: Use;
  /** With `unknown` alone. */
  readonly why?: UnknownUse;
  /** Executables that ran, loaded or read something of it, sorted. */
  readonly by: readonly string[];
  /** What of it that was, sorted. */
  readonly files: readonly string[];
}

/** A program or piece of code of the image that ran, and whose it is. */
export interface OwnedFile {
  readonly path: string;
  readonly use: 'executed' | 'loaded';
  /** Executables that loaded it; of a program itself. */
  readonly by: readonly string[];
  readonly owner: Owner;
}

export interface UseReport {
  /** Programs first, then what they load, each by path. */
  readonly files: readonly OwnedFile[];
  /** In the order of the SBOM. */
  readonly packages: readonly PackageUse[];
}

/** What of these packages ran while the baseline was learned, as far as it can be told. Names and versions decide nothing. */
export function packageUse(
  known: Baseline | Fingerprint,
  owners: Owners,
  packages: readonly PackageFiles[],
): UseReport {
  const evidence = evidenceOf(known, owners);
  const isPythonCached = cachedPython(known.behaviour.programs);
  const blind = blindness(known);
  return {
    files: ownedFiles(evidence, owners),
    packages: packages.map((p) => useOf(p, evidence.byPackage.get(p), blind ?? unknownOf(p, isPythonCached))),
  };
}

interface Seen {
  use: 'executed' | 'loaded' | 'read';
  readonly by: Set<string>;
  readonly files: Set<string>;
}

interface Evidence {
  readonly byPackage: ReadonlyMap<PackageFiles, Seen>;
  readonly executed: ReadonlyMap<string, Set<string>>;
  readonly loaded: ReadonlyMap<string, Set<string>>;
}

function evidenceOf({ behaviour }: Baseline | Fingerprint, owners: Owners): Evidence {
  const byPackage = new Map<PackageFiles, Seen>();
  const executed = new Map<string, Set<string>>();
  const loaded = new Map<string, Set<string>>();
  const see = (use: Seen['use'], path: string, exe: string): void => {
    if (use !== 'read') note(use === 'executed' ? executed : loaded, path, exe);
    const owner = owners.of(path);
    if (owner.kind !== 'packages') return;
    for (const p of owner.packages) noteUse(byPackage, p, { use, path, exe });
  };
  for (const p of behaviour.programs) {
    if (isOfImage(p.origins)) see('executed', p.exe, p.exe);
    for (const f of p.files) {
      const use = useOfFile(f);
      if (use !== undefined) see(use, f.path, p.exe);
    }
  }
  return { byPackage, executed, loaded };
}

function note(map: Map<string, Set<string>>, path: string, exe: string): void {
  const by = map.get(path);
  if (by === undefined) map.set(path, new Set([exe]));
  else by.add(exe);
}

function noteUse(
  map: Map<PackageFiles, Seen>,
  p: PackageFiles,
  { use, path, exe }: { use: Seen['use']; path: string; exe: string },
): void {
  const seen = map.get(p);
  // What counts is the most telling use, and who made that one.
  if (seen === undefined || uses.indexOf(use) < uses.indexOf(seen.use))
    map.set(p, { use, by: new Set([exe]), files: new Set([path]) });
  else if (seen.use === use) {
    seen.by.add(exe);
    seen.files.add(path);
  }
}

/** What was written into the container, or lies on a volume, is not the file of the image that is called so. */
export function isOfImage(origins: readonly Origin[]): boolean {
  return origins.length === 0 || origins.includes('image');
}

function useOfFile({ access, origin, path }: FileEntry): 'loaded' | 'read' | undefined {
  if (access.includes('load')) return origin === undefined || origin === 'image' ? 'loaded' : undefined;
  const isRead = access.includes('read') || access.includes('map');
  return isRead && origin !== 'volume' && splitPath(path)[1] !== imageLeaf ? 'read' : undefined;
}

function ownedFiles({ executed, loaded }: Evidence, owners: Owners): OwnedFile[] {
  const rows = (use: OwnedFile['use'], map: Evidence['executed']): OwnedFile[] =>
    [...map]
      .sort(([a], [b]) => compareText(a, b))
      .map(([path, by]) => ({ path, use, by: [...by].sort(compareText), owner: owners.of(path) }));
  return [...rows('executed', executed), ...rows('loaded', loaded)];
}

function useOf(p: PackageFiles, seen: Seen | undefined, unknown: UnknownUse | undefined): PackageUse {
  const told = {
    package: p,
    by: [...(seen?.by ?? [])].sort(compareText),
    files: [...(seen?.files ?? [])].sort(compareText),
  };
  if (seen !== undefined && seen.use !== 'read') return { ...told, use: seen.use };
  // A file of it was read: whether its code ran as well is still the question that has no answer.
  if (unknown !== undefined) return { ...told, use: 'unknown', why: unknown };
  return { ...told, use: seen?.use ?? 'unseen' };
}

/** What makes every absence in this baseline say nothing. */
function blindness({
  coverage,
  phases: learned,
  observation,
}: Baseline | Fingerprint): UnknownUse | undefined {
  const isWatched = coverage.includes('exec') && coverage.includes('load');
  if (!isWatched || phases.some((p) => learned?.includes(p) === false)) return 'not-watched';
  return observation.lost > 0 ? 'events-lost' : undefined;
}

function unknownOf(p: PackageFiles, isPythonCached: (path: string) => boolean): UnknownUse | undefined {
  if (!p.complete) return 'files-not-listed';
  return p.files.some((f) => f.endsWith('.py') && isPythonCached(f)) ? 'python-cache' : undefined;
}

/** Whether Python may have read the compiled form of a file below `/usr/{image}` and its like. */
function cachedPython(programs: readonly Program[]): (path: string) => boolean {
  const tops = new Set(
    programs
      .filter((p) => /^(?:python|pypy)[\d.]*t?$/.test(baseName(p.exe)))
      .flatMap((p) => p.files.map((f) => splitPath(f.path)))
      .filter(([, leaf]) => leaf === imageLeaf)
      .map(([directory]) => directory),
  );
  return (path) => {
    const whole = usrMerged(path);
    return tops.has(whole.slice(0, whole.indexOf('/', 1)));
  };
}
