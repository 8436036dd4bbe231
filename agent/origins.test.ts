import { describe, expect, it } from 'vitest';
import { Origins } from './origins.ts';
import type { StateView } from './ports/state-view.ts';

const mountinfo = `30 1 0:40 / / rw - overlay overlay rw,lowerdir=/l2:/l1,upperdir=/snap/7/fs,workdir=/w
31 30 0:41 / /data rw - ext4 /dev/sda1 rw
32 30 0:42 / /tmp rw - tmpfs tmpfs rw
`;
const first = { pid: 7, start: 5_000_000 };
const copy = {
  id: 'c',
  owner: { kind: 'container', runtime: 'containerd', containerId: 'c', path: '/k8s.io/c', owner: 'o' },
  first,
} as const;

const layers: Readonly<Record<string, Readonly<Record<string, boolean | 'removed' | undefined>>>> = {
  '/snap/7/fs': { '/app/planted': true, '/usr/bin/replaced': 'removed' },
  '/l2': { '/app/x': true, '/usr/bin/old': 'removed' },
  '/l1': { '/usr/bin/cart': true, '/usr/bin/replaced': true, '/usr/bin/old': true },
};

/** A copy whose `/app/planted` was written, seen at ticks 500. */
function node({ ticks = 500 as number | null } = {}) {
  const reads: number[] = [];
  const clock = { now: 0 };
  const view: Pick<StateView, 'glance' | 'mounts' | 'isInLayer'> = {
    glance: (pid) => (ticks === null ? undefined : { pid, parent: 1, startTicks: ticks, mapped: 0 }),
    mounts: (pid) => {
      reads.push(pid);
      return mountinfo;
    },
    isInLayer: (layer, path) => layers[layer]?.[path] ?? false,
  };
  return { origins: new Origins(view as StateView, () => clock.now), reads, clock };
}

describe('where a file of a container comes from', () => {
  it.each([
    ['/usr/bin/cart', 'image'],
    ['/app/planted', 'upper'],
    ['/app/x', 'image'],
    // Planted, executed and removed before anybody looked.
    ['/usr/bin/dropped', 'upper'],
    ['/usr/bin/replaced', 'upper'],
    ['/usr/bin/old', 'upper'],
    ['/data/x', 'volume'],
    ['/tmp/x', 'scratch'],
    ['/memfd:x', 'memory'],
  ])('%s: %s', (path, origin) => {
    expect(node().origins.of({ instance: copy, process: first, path })).toBe(origin);
  });

  it.each<[string, Parameters<Origins['of']>[0], Parameters<typeof node>[0]]>([
    [
      'of what runs on the host',
      { instance: { ...copy, owner: { kind: 'group' } }, process: first, path: '/x' },
      {},
    ],
    ['when its process is gone', { instance: copy, process: first, path: '/x' }, { ticks: null }],
    [
      'when the pid is another process by now',
      { instance: copy, process: first, path: '/x' },
      { ticks: 900 },
    ],
    ['of a name that is no path', { instance: copy, process: first, path: 'pipe:[7]' }, {}],
  ])('nobody can say %s', (_what, file, world) => {
    expect(node(world).origins.of(file)).toBeUndefined();
  });

  it('is read from the mounts every ten seconds, from another process when the first is gone', () => {
    const { origins, reads, clock } = node();
    const file = { instance: { ...copy, first: { pid: 6, start: 1 } }, process: first, path: '/x' };
    for (const now of [0, 9_999_999, 10_000_000]) {
      clock.now = now;
      origins.of(file);
    }
    expect(reads).toEqual([7, 7]);
  });

  it('is read anew when something was mounted', () => {
    const { origins, reads } = node();
    const file = { instance: copy, process: first, path: '/x' };
    origins.of(file);
    origins.changed();
    origins.of(file);
    expect(reads).toEqual([7, 7]);
  });

  it('is asked again after a second when nobody could say', () => {
    const { origins, reads, clock } = node();
    const gone = {
      instance: { ...copy, first: { pid: 6, start: 1 } },
      process: { pid: 8, start: 1 },
      path: '/x',
    };
    expect(origins.of(gone)).toBeUndefined();
    clock.now = 1_000_000;
    expect(origins.of({ ...gone, process: first })).toBeDefined();
    expect(reads).toEqual([7]);
  });
});
