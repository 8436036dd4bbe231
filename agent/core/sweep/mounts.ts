import type { Origin } from '../../../fingerprint/event.ts';
import { originOf } from '../normalise/sensor-origin.ts';
import { fact } from '../normalise/sensor-record.ts';

export interface Mount {
  readonly point: string;
  readonly type: string;
  /** Of an overlay: where what was written lies, as the machine sees it. */
  readonly upper?: string;
  /** The layers below, topmost first; absent where they are not told whole. */
  readonly lower?: readonly string[];
}

/** Reads /proc/<pid>/mountinfo. What is no line of it is left out. */
export function parseMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const point = before.split(' ')[4];
    const [type, , options = ''] = after.split(' ');
    if (point === undefined || type === undefined || type === '') return [];
    const upper = /(?:^|,)upperdir=((?:[^,\\]|\\.)*)/.exec(options)?.[1];
    if (upper === undefined) return [{ point: unescaped(point), type }];
    return [{ point: unescaped(point), type, upper: unescaped(upper), ...lowerOf(options) }];
  });
}

function lowerOf(options: string): Pick<Mount, 'lower'> {
  // Since Linux 6.8 each may stand in an option of its own.
  const told = [...options.matchAll(/(?:^|,)lowerdir\+?=((?:[^,\\]|\\.)*)/g)];
  const lower = told
    .flatMap(([, value = '']) => value.split(/(?<!\\):/))
    .map((layer) => unescaped(layer).replaceAll('\\:', ':'));
  return lower.length > 0 && lower.every((layer) => layer.startsWith('/')) ? { lower } : {};
}

/** Blanks and backslashes stand as three octal digits, a comma among the options behind a backslash. */
function unescaped(text: string): string {
  return text
    .replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
    .replaceAll('\\,', ',');
}

/** The mount a path lies on: the deepest, and of those on one point the last. */
export function mountOf(path: string, mounts: readonly Mount[]): Mount | undefined {
  let best: Mount | undefined;
  for (const mount of mounts) {
    const { point } = mount;
    const holds = point === '/' || path === point || path.startsWith(`${point}/`);
    if (holds && point.length >= (best?.point.length ?? 0)) best = mount;
  }
  return best;
}

export interface Place {
  readonly mounts: readonly Mount[];
  /** In the first process's mount namespace. */
  readonly isHost: boolean;
  /** Whether a layer holds the file itself; undefined when the layer cannot be looked into. */
  readonly isInLayer: (layer: string, path: string) => boolean | 'removed' | undefined;
}

const inMemory = new Set(['tmpfs', 'ramfs', 'hugetlbfs', 'rootfs']);
/** Files of the kernel's own mounts: memfd and System V memory. */
const kernels = /^\/(memfd:|SYSV[0-9a-f]{8}\b|anon_hugepage|\[aio\])/;

/** Where the bytes of a mapped or executed file come from, by the same rules as for the sensor's records. */
export function originAt(path: string, { mounts, isHost, isInLayer }: Place): Origin | undefined {
  if (kernels.test(path)) return originOf(fact.kernelMount | fact.tmpfs, path);
  const mount = mountOf(path, mounts);
  if (mount === undefined) return undefined;
  const isRoot = mount.point === '/';
  const inUpper = isRoot && mount.upper !== undefined && !isHost ? isInLayer(mount.upper, path) : undefined;
  const facts = [
    isRoot ? fact.rootMount : 0,
    isHost ? fact.hostNamespace : 0,
    inMemory.has(mount.type) ? fact.tmpfs : 0,
    mount.type === 'overlay' ? fact.overlay : 0,
    inUpper === undefined ? fact.layerUnknown : 0,
    inUpper === true ? fact.upper : 0,
  ];
  return originOf(
    facts.reduce((all, one) => all | one, 0),
    path,
  );
}
