import { describe, expect, it } from 'vitest';
import { directoryProblem, directoryRefusal, peerSpelling, refusedDirectories } from './bound-value.ts';

describe('a directory as the value of a volume parameter', () => {
  it.each(['/srv/carts', '/data', '/var/lib/cart', '/opt/cart/data', '/mnt/a b', '/home/cart/store'])(
    '%s may be',
    (d) => {
      expect([directoryProblem(d), directoryRefusal(d)]).toEqual([undefined, undefined]);
    },
  );

  it.each([
    'data',
    '',
    '/data/',
    '//data',
    '/a/../etc',
    '/a/./b',
    '/srv/{any}',
    '/srv/*',
    '/srv/?',
    '/srv/{volume:x}',
  ])('%j has not the form of one', (d) => {
    expect(directoryProblem(d)).toBeDefined();
  });

  it.each(refusedDirectories.map((r) => [r.directory, r] as const))(
    '%s is refused',
    (directory, { below, why }) => {
      expect(directoryProblem(directory)).toBeUndefined();
      expect(directoryRefusal(directory)).toBe(why);
      const inside = `${directory === '/' ? '' : directory}/x-data`;
      expect(directoryRefusal(inside) !== undefined).toBe(below);
    },
  );

  it.each([
    '/run/secrets',
    '/home/cart/.ssh',
    '/var/lib/kubelet/pki',
    '/var/spool/cron',
    '/data/.aws',
    '/srv/tls.key',
  ])('%s is refused because it is sensitive', (d) => {
    expect(directoryRefusal(d)).toMatch(/gives the workload or the node away/);
  });
});

describe('a peer as the value of a site parameter', () => {
  it.each([
    ['db.corp.example', 'db.corp.example'],
    ['DB.Corp.Example.', 'db.corp.example'],
    ['redis', 'redis'],
    ['10.0.0.9', '10.0.0.9'],
    ['FD00:0:0::9', 'fd00::9'],
    ['::ffff:10.0.0.9', '10.0.0.9'],
    ['workload:shop/db', 'workload:shop/db'],
  ])('%s is written %s', (peer, spelling) => expect(peerSpelling(peer)).toBe(spelling));

  it.each([
    '',
    '*',
    '*.example',
    'a b',
    '{site:database}',
    '10.0.0.256',
    '/run/x.sock',
    'workload:',
    'workload:a',
    'workload:a/{x}',
    'a/b',
  ])('%j is none', (peer) => expect(peerSpelling(peer)).toBeUndefined());
});
