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
 * The other way round: an origin that is added must not shut out those that passed while none was told.
 *
 * @param more what is added to it
 */
export function withoutNarrowing(base: Program, more: Program): Program {
  const untold = base.args.length > 0 && base.origins.length === 0 && more.origins.length > 0;
  const told = more.files.filter((f) => f.access.includes('load') && f.origin !== undefined);
  const open = told.filter((f) => isOnlyUntold(base, f.path));
  const files = open.flatMap((f) =>
    learnableOrigins.map((origin): FileEntry => ({ path: f.path, access: ['load'], origin })),
  );
  return { ...base, origins: untold ? learnableOrigins : base.origins, files: [...base.files, ...files] };
}

function isOnlyUntold(p: Program, path: string): boolean {
  return toldLoads(p, path) === 0 && p.files.some((f) => f.path === path && f.access.includes('load'));
}
