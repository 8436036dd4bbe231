import { describe, expect, it } from 'vitest';
import { mountOf, originAt, parseMounts } from './mounts.ts';

const container =
  parseMounts(`700 600 0:50 / / rw,relatime - overlay overlay rw,lowerdir=/l/1:/l/2,upperdir=/layers/a\\,b\\040c/fs,workdir=/w
701 700 0:51 / /dev/shm rw - tmpfs shm rw
702 700 8:1 /vol /data rw - ext4 /dev/sda1 rw
703 702 8:1 /vol2 /data/in\\040side rw - ext4 /dev/sda1 rw
704 700 0:52 / /data2 rw - tmpfs tmpfs rw
this is no line
`);
const host = parseMounts(`25 1 8:1 / / rw - ext4 /dev/sda1 rw
26 25 0:22 / /run rw - tmpfs tmpfs rw
27 25 8:2 / /home rw - ext4 /dev/sda2 rw
`);

describe('mounts', () => {
  it('are read with what is escaped in them', () => {
    expect(container).toHaveLength(5);
    expect(container[0]).toEqual({
      point: '/',
      type: 'overlay',
      upper: '/layers/a,b c/fs',
      lower: ['/l/1', '/l/2'],
    });
    expect(container[3]?.point).toBe('/data/in side');
  });

  it.each<[string, string, readonly string[] | undefined]>([
    ['each in an option of its own', 'lowerdir+=/l/2,lowerdir+=/l/1', ['/l/2', '/l/1']],
    ['with a colon in a name', 'lowerdir=/l/a\\:b:/l/1', ['/l/a:b', '/l/1']],
    // Written shorter, from a folder that the table does not name.
    ['not whole', 'lowerdir=2/fs:1/fs', undefined],
  ])('tell the layers below %s', (_, lower, layers) => {
    const [mount] = parseMounts(`1 0 0:1 / / rw - overlay o rw,${lower},upperdir=/u,workdir=/w\n`);
    expect(mount?.lower).toEqual(layers);
  });

  it.each([
    ['/etc/passwd', '/'],
    ['/data/x', '/data'],
    ['/data', '/data'],
    ['/data/in side/x', '/data/in side'],
    ['/database', '/'],
    ['/data2/x', '/data2'],
  ])('%s lies on %s', (path, point) => expect(mountOf(path, container)?.point).toBe(point));

  it('on one point the last counts', () => {
    const twice = parseMounts('1 0 0:1 / / rw - ext4 a rw\n2 1 0:2 / / rw - tmpfs b rw\n');
    expect(mountOf('/x', twice)?.type).toBe('tmpfs');
  });
});

describe('where a file comes from', () => {
  const written = new Set(['/usr/lib/evil.so']);
  const inContainer = {
    mounts: container,
    isHost: false,
    isInLayer: (_: string, path: string) => written.has(path),
  };

  it.each([
    ['/usr/lib/libc.so.6', 'image'],
    ['/usr/lib/evil.so', 'upper'],
    ['/dev/shm/x.so', 'scratch'],
    ['/data/plugin.so', 'volume'],
    ['/memfd:x', 'memory'],
    ['/SYSV00000000', 'memory'],
  ])('in a container %s: %s', (path, origin) => expect(originAt(path, inContainer)).toBe(origin));

  it.each([
    ['/usr/lib/libc.so.6', 'image'],
    ['/home/me/x.so', 'image'],
    ['/tmp/x.so', 'scratch'],
    ['/run/x.so', 'scratch'],
  ])('on the host %s: %s', (path, origin) =>
    expect(originAt(path, { ...inContainer, mounts: host, isHost: true })).toBe(origin),
  );

  it('goes by the name where the layer cannot be looked into, and says nothing without a mount', () => {
    const blind = { ...inContainer, isInLayer: () => undefined };
    expect(originAt('/usr/lib/evil.so', blind)).toBe('image');
    expect(originAt('/tmp/evil.so', blind)).toBe('scratch');
    expect(originAt('/x', { ...inContainer, mounts: [] })).toBeUndefined();
  });
});
