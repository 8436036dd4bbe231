import type { FileEntry, Program } from './fingerprint.ts';

/**
 * Taking one told origin away must not let in the untold ones: a program without any is compared with none. So the last
 * one takes the starts with it, and a told origin of loaded code the entry that tells none.
 *
 * @param kept what is left of `before`
 */
export function withoutWidening(kept: Program, before: Program): Program {
  const lost = before.origins.length > 0 && kept.origins.length === 0;
  const files = kept.files.flatMap((f) => withoutUntold(f, kept, before));
  return { ...kept, files, args: lost ? [] : kept.args };
}

function withoutUntold(f: FileEntry, kept: Program, before: Program): FileEntry[] {
  if (!f.access.includes('load') || f.origin !== undefined) return [f];
  if (toldLoads(before, f.path) === 0 || toldLoads(kept, f.path) > 0) return [f];
  const access = f.access.filter((act) => act !== 'load');
  return access.length === 0 ? [] : [{ ...f, access }];
}

function toldLoads({ files }: Program, path: string): number {
  return files.filter((f) => f.path === path && f.access.includes('load') && f.origin !== undefined).length;
}

const learnableOrigins = ['image', 'volume', 'carried'] as const;

/**
 * The other way round: an origin that somebody else tells must not shut out those that passed while none was told.
 *
 * @param all everything that is known of the program
 */
export function withoutNarrowing(p: Program, all: Program): Program {
  const untold = p.args.length > 0 && p.origins.length === 0 && all.origins.length > 0;
  const told = all.files.filter((f) => f.access.includes('load') && f.origin !== undefined);
  const paths = new Set(told.map((f) => f.path).filter((path) => isOnlyUntold(p, path)));
  const files = [...paths].flatMap((path) =>
    learnableOrigins.map((origin): FileEntry => ({ path, access: ['load'], origin })),
  );
  return { ...p, origins: untold ? learnableOrigins : p.origins, files: [...p.files, ...files] };
}

function isOnlyUntold(p: Program, path: string): boolean {
  return toldLoads(p, path) === 0 && p.files.some((f) => f.path === path && f.access.includes('load'));
}
