import { statSync } from 'node:fs';
import { dirname } from 'node:path/posix';

export interface Mount {
  readonly point: string;
  readonly type: string;
  readonly options: string;
}

/** Reads /proc/<pid>/mountinfo; what is no line of it is left out. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    const [type = '', , options = ''] = after.split(' ');
    return point === undefined || type === ''
      ? []
      : [{ point: unescaped(point), type, options: unescaped(options) }];
  });
}

/** The mount a path lies on: the deepest, and of those on one point the last, which hides the others. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const { point } = mount;
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    if (holds && point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

/** File systems of this machine. Another may be a network that is away or a program that never answers. */
const localTypes = new Set([
  'overlay',
  'ext2',
  'ext3',
  'ext4',
  'xfs',
  'btrfs',
  'f2fs',
  'zfs',
  'tmpfs',
  'ramfs',
]);

export function isLocal({ type }: Mount): boolean {
  return localTypes.has(type);
}

/** Layers below an overlay, topmost first, as this machine sees them; none when they cannot be told. */
export function layersBelow({ type, options }: Mount): readonly string[] {
  if (type !== 'overlay') return [];
  const [upper] = optionOf(options, 'upperdir');
  const layers = [
    ...optionOf(options, 'lowerdir').flatMap((value) => value.split(/(?<!\\):/)),
    // Since Linux 6.8 each may stand in an option of its own.
    ...optionOf(options, 'lowerdir\\+'),
  ].map((layer) => layer.replaceAll('\\:', ':'));
  if (layers.every((layer) => layer.startsWith('/'))) return layers;
  return upper === undefined ? [] : fromBase(layers, upper);
}

/** containerd writes layers shorter, from the folder that holds all snapshots, when the options would not fit a page. */
function fromBase(layers: readonly string[], upper: string): readonly string[] {
  let base = dirname(upper);
  for (let up = 0; up < 3; up += 1) {
    base = dirname(base);
    const full = layers.map((layer) => (layer.startsWith('/') ? layer : `${base}/${layer}`));
    if (full.every(isDirectory)) return full;
  }
  return [];
}

function optionOf(options: string, name: string): string[] {
  const values = options.matchAll(new RegExp(`(?:^|,)${name}=((?:[^,\\\\]|\\\\.)*)`, 'g'));
  return [...values].map(([, value = '']) => value.replaceAll('\\,', ','));
}

function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}
