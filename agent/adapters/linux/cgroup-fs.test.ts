import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cgroupFs, findCgroup2Mount } from './cgroup-fs.ts';

describe('findCgroup2Mount', () => {
  it.each([
    ['pure v2', '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw', '/sys/fs/cgroup'],
    [
      'hybrid',
      '31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n41 31 0:38 / /sys/fs/cgroup/unified rw,relatime shared:9 - cgroup2 cgroup2 rw',
      '/sys/fs/cgroup/unified',
    ],
    [
      'a part of it mounted first',
      '30 23 0:26 /docker/x /part rw - cgroup2 none rw\n31 23 0:26 / /all rw - cgroup2 none rw',
      '/all',
    ],
    ['a blank in its name', '30 23 0:26 / /my\\040cgroups rw - cgroup2 none rw', '/my cgroups'],
    ['none', '30 23 0:26 / / rw - ext4 /dev/vda rw', undefined],
    ['only a part', '30 23 0:26 /docker/x /part rw - cgroup2 none rw', undefined],
  ])('%s', (_name, mountinfo, mount) => expect(findCgroup2Mount(mountinfo)).toBe(mount));
});

describe('cgroups as files', () => {
  let root = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'whorl-cgroup-'));
    mkdirSync(join(root, 'a/b'), { recursive: true });
    writeFileSync(join(root, 'a/cgroup.procs'), '12\n0\n34\n');
    writeFileSync(join(root, 'a/b/cgroup.procs'), '56\n');
    writeFileSync(join(root, 'a/cgroup.events'), 'populated 1\nfrozen 0\n');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it('lists who is inside and below; a pid that is not of our namespace reads 0', () => {
    const cgroups = cgroupFs(root);
    expect(cgroups.procs('/a')).toEqual([12, 34]);
    expect(cgroups.procsBelow('/a')).toEqual([12, 34, 56]);
    expect(cgroups.children('/')).toEqual(['/a']);
    expect(cgroups.children('/a')).toEqual(['/a/b']);
    expect(cgroups.state('/a')).toEqual({ populated: true, frozen: false });
  });

  it('takes a cgroup that is gone for empty', () => {
    const cgroups = cgroupFs(root);
    expect(cgroups.procsBelow('/gone')).toEqual([]);
    expect(cgroups.state('/gone')).toEqual({ populated: false, frozen: false });
    expect(cgroups.move(1, '/gone')).toBe(false);
    expect(cgroups.remove('/gone')).toBe(true);
    expect(cgroups.exists('/gone')).toBe(false);
  });

  it.each(['a', '/a/../..', '/..', '/a\0b'])('follows no path such as %j', (path) => {
    expect(() => cgroupFs(root).kill(path)).toThrow(/absolute below the mount/);
  });
});
