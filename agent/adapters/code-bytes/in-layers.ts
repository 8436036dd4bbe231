import { lstatSync, readlinkSync, type Stats } from 'node:fs';
import { dirname, resolve } from 'node:path/posix';

/** As many as the kernel follows (MAXSYMLINKS). */
const maxLinks = 40;

/**
 * Where the image has a file: the path on this machine of the topmost layer that holds it. Links are followed by hand
 * and within the layers, because the kernel would look an absolute one up in our own root. Undefined for what is no
 * regular file there, or was removed by a layer.
 */
export function inLayers(layers: readonly string[], path: string): string | undefined {
  let wanted: string | undefined = path;
  for (let links = 0; links <= maxLinks && wanted !== undefined; links += 1) {
    const found = walk(layers, wanted);
    if (found === undefined || found.kind === 'file') return found?.path;
    wanted = found.path;
  }
  return undefined;
}

type Step = { readonly kind: 'file' | 'link'; readonly path: string };

/** To the file, or to the first link on the way: then where that leads. */
function walk(layers: readonly string[], path: string): Step | undefined {
  const segments = resolve('/', path).split('/').slice(1);
  let live = layers;
  let at = '';
  for (const [i, segment] of segments.entries()) {
    at += `/${segment}`;
    const held = live.flatMap((layer) => entryOf(layer, at));
    const [top] = held;
    if (top === undefined) return undefined;
    if (top.stat.isSymbolicLink()) {
      const target = resolve(dirname(at), readlinkSync(top.layer + at), ...segments.slice(i + 1));
      return { kind: 'link', path: target };
    }
    // A whiteout is a device: some layer removed what those below it have.
    if (i === segments.length - 1)
      return top.stat.isFile() ? { kind: 'file', path: top.layer + at } : undefined;
    live = merged(held);
  }
  return undefined;
}

interface Entry {
  readonly layer: string;
  readonly stat: Stats;
}

/** Layers whose directory shows through: below a file, a link or a whiteout the lower ones are hidden. */
function merged(held: readonly Entry[]): readonly string[] {
  const hidden = held.findIndex(({ stat }) => !stat.isDirectory());
  return held.slice(0, hidden < 0 ? held.length : hidden).map(({ layer }) => layer);
}

function entryOf(layer: string, at: string): Entry[] {
  try {
    return [{ layer, stat: lstatSync(layer + at) }];
  } catch {
    return [];
  }
}
