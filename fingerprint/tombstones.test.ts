import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import type { BehaviourSet, Program } from './fingerprint.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';
import { merge } from './merge.ts';
import { uniteRemoved } from './tombstones.ts';

const app: Actor = { root: 'entrypoint', lineage: ['/app'] };
const shell: Actor = { root: 'entrypoint', lineage: ['/app', '/bin/sh'] };
const curl: Actor = { root: 'entrypoint', lineage: ['/app', '/bin/sh', '/usr/bin/curl'] };
const open = (path: string): Behaviour => ({ ...app, kind: 'open', path, access: 'write', origin: 'volume' });
const seen: readonly Behaviour[] = [
  { ...app, kind: 'exec', args: ['app'], origin: 'image', env: ['NODE_OPTIONS'] },
  { ...app, kind: 'exec', args: ['app', '--debug'], origin: 'volume' },
  { ...app, kind: 'load', path: '/lib/x.so', origin: 'volume' },
  { ...app, kind: 'open', path: '/usr/share/x', access: 'read', origin: 'image' },
  { ...app, kind: 'connect', transport: 'tcp', peer: 'api.example', port: 443 },
  { ...app, kind: 'privilege', privilege: 'chroot', detail: '/srv' },
  { ...shell, kind: 'exec', args: ['sh'], origin: 'image' },
  { ...curl, kind: 'exec', args: ['curl'], origin: 'image' },
  ...Array.from({ length: 20 }, (_, i) => open(`/data/name${'~'.repeat(i)}`)),
];

const stone = (more: Partial<Program>): BehaviourSet => ({
  programs: [
    {
      id: 'p0',
      root: 'entrypoint',
      parents: [],
      exe: '/app',
      origins: [],
      args: [],
      env: [],
      files: [],
      network: [],
      privileges: [],
      ...more,
    },
  ],
});
const aboutShell = stone({ parent: '/app', exe: '/bin/sh' });

describe('a tombstone', () => {
  it.each<[string, BehaviourSet, Behaviour]>([
    ['arguments', stone({ args: [['app', '--debug']] }), { ...app, kind: 'exec', args: ['app', '--debug'] }],
    ['an origin', stone({ origins: ['volume'] }), { ...app, kind: 'exec', args: ['app'], origin: 'volume' }],
    [
      'a hook',
      stone({ env: ['NODE_OPTIONS'] }),
      { ...app, kind: 'exec', args: ['app'], env: ['NODE_OPTIONS'] },
    ],
    [
      'a library',
      stone({ files: [{ path: '/lib/x.so', access: ['load'], origin: 'volume' }] }),
      { ...app, kind: 'load', path: '/lib/x.so', origin: 'volume' },
    ],
    [
      'a class of image files',
      stone({ files: [{ path: '/usr/{image}', access: ['read'] }] }),
      { ...app, kind: 'open', path: '/usr/share/x', access: 'read', origin: 'image' },
    ],
    [
      'one image file of a class',
      stone({ files: [{ path: '/usr/share/x', access: ['read'] }] }),
      { ...app, kind: 'open', path: '/usr/share/x', access: 'read', origin: 'image' },
    ],
    ['a data directory', stone({ files: [{ path: '/data/{any}', access: ['write'] }] }), open('/data/new')],
    [
      'one name of a data directory',
      stone({ files: [{ path: '/data/x', access: ['write'] }] }),
      open('/data/x'),
    ],
    [
      'a peer',
      stone({ network: [{ do: 'connect', transport: 'tcp', peer: 'api.example', port: 443 }] }),
      { ...app, kind: 'connect', transport: 'tcp', peer: 'api.example', port: 443 },
    ],
    [
      'a privilege',
      stone({ privileges: [{ privilege: 'chroot', detail: '/srv' }] }),
      { ...app, kind: 'privilege', privilege: 'chroot', detail: '/srv' },
    ],
    ['a whole program', aboutShell, { ...shell, kind: 'exec', args: ['sh'] }],
    ['what was started by it', aboutShell, { ...curl, kind: 'exec', args: ['curl'] }],
  ])('takes back %s, however often it is learned again', (_name, removed, b) => {
    expect(judge(b, indexBehaviour(learn(subject, [...seen, b], aboutAll))).kind).toBe('expected');
    const without = learn(subject, [...seen, b], { ...aboutAll, removed });
    expect(judge(b, indexBehaviour(without)).kind).toBe('drift');
    const again = merge(without, learn(subject, [...seen, b], aboutAll));
    expect(judge(b, indexBehaviour(again)).kind).toBe('drift');
    expect(again).toEqual(without);
  });

  it('on the only origin of a program does not let it run from anywhere', () => {
    const fromVolume: Behaviour = { ...app, kind: 'exec', args: ['app'], origin: 'volume' };
    const removed = stone({ origins: ['volume'] });
    const index = indexBehaviour(learn(subject, [fromVolume], { ...aboutAll, removed }));
    expect(judge(fromVolume, index)).toMatchObject({ because: 'foreign-origin' });
  });

  it('on one origin of a library holds where another source told none', () => {
    const load: Behaviour = { ...app, kind: 'load', path: '/srv/x.so', origin: 'volume' };
    const untold: Behaviour = { ...app, kind: 'load', path: '/srv/x.so' };
    const removed = stone({ files: [{ path: '/srv/x.so', access: ['load'], origin: 'volume' }] });
    const index = indexBehaviour(learn(subject, [load, untold], { ...aboutAll, removed }));
    expect(judge(load, index)).toMatchObject({ because: 'foreign-origin' });
    expect(judge(untold, index)).toEqual({ kind: 'expected' });
  });

  it('leaves the rest', () => {
    const without = indexBehaviour(
      learn(subject, seen, {
        ...aboutAll,
        removed: stone({ files: [{ path: '/data/x', access: ['write'] }] }),
      }),
    );
    for (const b of [...seen, open('/data/new')]) expect(judge(b, without).kind).toBe('expected');
  });

  it('does not count for a pattern', () => {
    const names = Array.from({ length: 20 }, (_, i) => `/data/name${'~'.repeat(i)}`);
    const removed = stone({ files: names.slice(1).map((path) => ({ path, access: ['write'] as const })) });
    const { behaviour } = learn(subject, names.map(open), { ...aboutAll, removed });
    expect(behaviour.programs[0]?.files).toEqual([
      { path: '/data/name', access: ['write'], origin: 'volume' },
    ]);
  });
});

describe('lists of tombstones', () => {
  const entry = stone({ args: [['app']] });
  it('are united, the whole of a program before parts of it', () => {
    expect(uniteRemoved(entry, aboutShell).programs.map((p) => p.exe)).toEqual(['/app', '/bin/sh']);
    expect(uniteRemoved(entry, stone({}))).toEqual(uniteRemoved(stone({})));
    expect(uniteRemoved(stone({}), entry)).toEqual(uniteRemoved(stone({})));
  });
});
