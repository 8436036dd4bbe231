import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isLocal, layersBelow, mountOf, parseMounts } from './mounts.ts';

const overlay = (options: string) => ({ point: '/', type: 'overlay', options });

describe('layersBelow', () => {
  it.each<[string, readonly string[]]>([
    ['rw,lowerdir=/a:/b,upperdir=/u,workdir=/w', ['/a', '/b']],
    ['rw,lowerdir=/a\\:b:/c', ['/a:b', '/c']],
    ['rw,lowerdir=/a\\,b:/c', ['/a,b', '/c']],
    ['rw,lowerdir+=/a,lowerdir+=/b,upperdir=/u', ['/a', '/b']],
    ['rw,upperdir=/u', []],
    ['rw,lowerdir=1/fs:2/fs', []],
    ['rw,lowerdir=1/fs:2/fs,upperdir=/nowhere/3/fs', []],
  ])('%s', (options, expected) => expect(layersBelow(overlay(options))).toEqual(expected));

  it('finds those that containerd wrote from the folder of its snapshots', () => {
    const dir = mkdtempSync(join(tmpdir(), 'whorl-mounts-'));
    for (const one of ['1/fs', '2/fs', '3/fs']) mkdirSync(join(dir, one), { recursive: true });
    const options = `rw,lowerdir=2/fs:1/fs,upperdir=${dir}/3/fs,workdir=${dir}/3/work`;
    expect(layersBelow(overlay(options))).toEqual([`${dir}/2/fs`, `${dir}/1/fs`]);
    rmSync(dir, { recursive: true });
  });

  it('is nothing of another file system', () => {
    expect(layersBelow({ point: '/', type: 'ext4', options: 'rw,lowerdir=/a' })).toEqual([]);
  });
});

const text = `21 1 0:19 / / rw - overlay overlay rw,lowerdir=/a,upperdir=/u
30 21 8:1 /data /data\\040one rw - ext4 /dev/sda1 rw
31 21 0:50 / /net rw - nfs4 server:/x rw
32 21 8:2 / /data\\040one rw shared:3 - fuse.sshfs x rw
what is no line
`;

it.each<[string, string, boolean]>([
  ['/usr/bin/x', 'overlay', true],
  // The later mount on the same point hides the earlier one.
  ['/data one/x', 'fuse.sshfs', false],
  ['/net/a/b', 'nfs4', false],
  ['/network', 'overlay', true],
])('%s lies on %s', (path, type, local) => {
  const mount = mountOf(path, parseMounts(text));
  expect(mount?.type).toBe(type);
  expect(mount === undefined ? undefined : isLocal(mount)).toBe(local);
});
