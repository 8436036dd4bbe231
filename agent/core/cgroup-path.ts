/**
 * Whose cgroup a path is, from its form alone. Forms: runc's cgroupfs and systemd drivers under containerd, CRI-O,
 * docker and podman; systemd's units; anything else somebody made. Only names: what is true of them the runtime says.
 */
export type CgroupOwner =
  /** The hierarchy's root, or a node that only sorts others (slices, kubepods, a pod's own). Nobody's instance. */
  | { readonly kind: 'group' }
  | {
      readonly kind: 'container';
      readonly runtime: ContainerRuntimeName;
      readonly containerId: string;
      readonly podUid?: string;
      /** The cgroup that is the instance: everything below belongs to it. */
      readonly path: string;
      readonly owner: string;
    }
  | { readonly kind: 'unit'; readonly unit: string; readonly path: string; readonly owner: string }
  | { readonly kind: 'cgroup'; readonly path: string; readonly owner: string };

type ContainerRuntimeName = 'containerd' | 'cri-o' | 'docker' | 'podman' | 'lxc' | 'unknown';

const hexId = /^[0-9a-f]{64}$/;
/** systemd driver: `<prefix>-<id>.scope`. `crio-conmon-…` and `libpod-conmon-…` are the monitors, not the containers. */
const scoped = /^(cri-containerd|crio|docker|libpod|nerdctl)-([0-9a-f]{64})\.scope$/;
/** What runc makes of a systemd-style name under the cgroupfs driver: `<slice>:<prefix>:<id>`. */
const colons = /^[^:]*:(cri-containerd|crio|docker|libpod|nerdctl):([0-9a-zA-Z_.-]+)$/;
/** cgroupfs driver of CRI-O and podman: the same without `.scope`. */
const plain = /^(crio|libpod)-([0-9a-f]{64})$/;
const lxcPayload = /^lxc\.payload\.(.+)$/;
const podSegment = /^(?:kube.*-)?pod([0-9a-f]{8}[-_0-9a-f]{24,28})(?:\.slice)?(?::.*)?$/;
const unitName = /^.+\.(service|scope|socket|mount|swap|timer|path)$/;
/** containerd's own namespaces; the id below is whatever the client called it (`ctr run … c1` → `/k8s.io/c1`). */
const containerdNamespaces = new Set(['k8s.io', 'moby', 'default']);
const sorters = new Set([
  'kubepods',
  'kubelet',
  'besteffort',
  'burstable',
  'guaranteed',
  'docker',
  'lxc',
  'libpod_parent',
  'k8s.io',
  'moby',
  'machine',
]);

const prefixRuntime: Readonly<Record<string, ContainerRuntimeName>> = {
  'cri-containerd': 'containerd',
  nerdctl: 'containerd',
  crio: 'cri-o',
  docker: 'docker',
  libpod: 'podman',
};

/**
 * The owner of a v2 cgroup path. The outermost container wins (what a container nests belongs to it), then the unit
 * (below a user manager the inner one), then the cgroup itself.
 *
 * @param path absolute below the mount, as the kernel prints it; untrusted (whoever makes a cgroup names it).
 */
export function parseCgroupPath(path: string): CgroupOwner {
  const segments = path.split('/').filter((s) => s !== '');
  return (
    containerOf(segments) ??
    unitOf(segments) ??
    (segments.every(isSorter)
      ? { kind: 'group' }
      : { kind: 'cgroup', path: join(segments), owner: `cgroup/${segments.map(generaliseName).join('/')}` })
  );
}

function containerOf(segments: readonly string[]): CgroupOwner | undefined {
  let podUid: string | undefined;
  for (const [i, segment] of segments.entries()) {
    podUid ??= podSegment.exec(segment)?.[1]?.replaceAll('_', '-');
    const found = containerId(segments, i);
    if (found === undefined) continue;
    const path = join(segments.slice(0, i + 1));
    const owner =
      podUid === undefined
        ? `cgroup/${segments
            .slice(0, i + 1)
            .map(generaliseName)
            .join('/')}`
        : 'pod';
    return { kind: 'container', ...found, ...(podUid === undefined ? {} : { podUid }), path, owner };
  }
  return undefined;
}

function containerId(
  segments: readonly string[],
  i: number,
): { runtime: ContainerRuntimeName; containerId: string } | undefined {
  const segment = segments[i] ?? '';
  const parent = segments[i - 1];
  const prefixed = scoped.exec(segment) ?? plain.exec(segment) ?? colons.exec(segment);
  if (prefixed?.[1] !== undefined && prefixed[2] !== undefined)
    return { runtime: prefixRuntime[prefixed[1]] ?? 'unknown', containerId: prefixed[2] };
  if (hexId.test(segment)) return { runtime: hexRuntime(segments, i), containerId: segment };
  const lxc = lxcPayload.exec(segment)?.[1] ?? (parent === 'lxc' && i === 1 ? segment : undefined);
  if (lxc !== undefined) return { runtime: 'lxc', containerId: lxc };
  if (i === 1 && parent !== undefined && containerdNamespaces.has(parent))
    return { runtime: 'containerd', containerId: segment };
  return undefined;
}

function hexRuntime(segments: readonly string[], i: number): ContainerRuntimeName {
  const parent = segments[i - 1] ?? '';
  if (parent === 'docker') return 'docker';
  if (parent === 'libpod_parent') return 'podman';
  return containerdNamespaces.has(parent) ? 'containerd' : 'unknown';
}

function unitOf(segments: readonly string[]): CgroupOwner | undefined {
  let at = segments.findIndex((s) => unitName.test(s));
  // A user manager is not the service: what it runs has units of its own below it.
  while (at >= 0 && /^user@\d+\.service$/.test(segments[at] ?? '')) {
    const inner = segments.findIndex((s, i) => i > at && unitName.test(s));
    if (inner < 0) break;
    at = inner;
  }
  const unit = segments[at];
  if (unit === undefined) return undefined;
  return { kind: 'unit', unit, path: join(segments.slice(0, at + 1)), owner: `unit/${generaliseUnit(unit)}` };
}

/** Copies of a template are one owner: `getty@tty1.service` → `getty@.service`. */
function generaliseUnit(unit: string): string {
  return generaliseName(unit.replace(/@.*(\.[a-z]+)$/, '@$1'));
}

/** What differs between copies of one thing: ids and counters standing alone. `php8.2-fpm` keeps its version. */
function generaliseName(segment: string): string {
  return segment
    .replace(/[0-9a-f]{8}([-_])[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}/g, '{uuid}')
    .replace(/[0-9a-f]{32,}/g, '{hex}')
    .replace(/(?<![a-zA-Z0-9.])([ur]?)\d+(?![a-zA-Z0-9]|\.\d)/g, '$1{num}');
}

function isSorter(segment: string, i: number): boolean {
  return (
    segment.endsWith('.slice') ||
    podSegment.test(segment) ||
    sorters.has(segment) ||
    (i === 0 && segment === 'default')
  );
}

function join(segments: readonly string[]): string {
  return `/${segments.join('/')}`;
}
