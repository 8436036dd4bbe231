import { readdirSync, type Stats, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/** As many as are looked at: log rotation keeps some ten. */
const maxRotated = 64;

/**
 * Files that this one was called before it was put aside, oldest first: `alerts.json.1`, `alerts.json-20261120`. The kernel
 * dates writes by its tick of up to 10 ms: two that were written last within one are told apart by when they were made.
 */
export function rotatedBefore(path: string): readonly { readonly path: string; readonly stat: Stats }[] {
  const [folder, name] = [dirname(path), basename(path)];
  return readdirSync(folder)
    .filter((entry) => /^[.-]/.test(entry.slice(name.length)) && entry.startsWith(name) && !isPacked(entry))
    .slice(0, maxRotated)
    .flatMap((entry) => {
      const stat = statSync(join(folder, entry), { throwIfNoEntry: false });
      return stat?.isFile() === true ? [{ path: join(folder, entry), stat }] : [];
    })
    .sort((a, b) => a.stat.mtimeMs - b.stat.mtimeMs || a.stat.birthtimeMs - b.stat.birthtimeMs);
}

function isPacked(entry: string): boolean {
  return /\.(?:gz|xz|zst|bz2)$/.test(entry);
}
