import { expect, it } from 'vitest';
import { originOf } from './sensor-origin.ts';
import { fact } from './sensor-record.ts';

const { rootMount, overlay, upper, tmpfs, kernelMount, unlinked, hostNamespace, layerUnknown } = fact;

it.each([
  ['an image file', rootMount | overlay, '/bin/sh', 'image'],
  ['an image file below /tmp', rootMount | overlay, '/tmp/x', 'image'],
  ['a file written since', rootMount | overlay | upper, '/bin/sh', 'upper'],
  [
    'a directory that something was written below',
    rootMount | overlay | upper | (4 << 12),
    '/var/lib',
    undefined,
  ],
  ['an overlay that does not tell layers', rootMount | overlay | layerUnknown, '/usr/bin/x', 'image'],
  ['such an overlay, scratch folder', rootMount | overlay | layerUnknown, '/tmp/x', 'scratch'],
  ['a bind mount', 0, '/data/x', 'volume'],
  ['an overlay mounted elsewhere', overlay, '/data/x', 'volume'],
  ['a tmpfs mount', tmpfs, '/data/x', 'scratch'],
  ['a container that lives in memory', rootMount | tmpfs, '/bin/sh', 'scratch'],
  ['memfd', kernelMount | tmpfs | unlinked, '/memfd:x', 'memory'],
  ['a pipe', kernelMount, '/', undefined],
  ['the host, /usr', rootMount | hostNamespace, '/usr/bin/x', 'image'],
  ['the host, /tmp', rootMount | hostNamespace, '/tmp/x', 'scratch'],
  ['the host, a mount of its own for /home', hostNamespace, '/home/a/x', 'image'],
  ['a host that lives on an overlay', hostNamespace | rootMount | overlay | upper, '/usr/bin/x', 'image'],
  ['the host, tmpfs', hostNamespace | tmpfs, '/dev/shm/x', 'scratch'],
  ['the host, root in memory', hostNamespace | tmpfs | rootMount, '/bin/sh', 'image'],
  ['the name of a folder that only begins like /tmp', rootMount | hostNamespace, '/tmpfiles/x', 'image'],
])('%s', (_, facts, path, origin) => {
  expect(originOf(facts, path)).toBe(origin);
});
