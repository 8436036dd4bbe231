import { describe, expect, it } from 'vitest';
import { aboutAll, observation, subject } from '../test/fakes/behaviours.ts';
import type { Behaviour } from './behaviour.ts';
import { behaviourDigest } from './behaviour-digest.ts';
import { learn, learnReport } from './learn.ts';

const sh = { root: 'entrypoint', lineage: ['/bin/sh'] } as const;
const app = { root: 'entrypoint', lineage: ['/bin/sh', '/app'] } as const;
const behaviours: readonly Behaviour[] = [
  { ...app, kind: 'open', path: '/data/b', access: 'write' },
  { ...app, kind: 'open', path: '/data/b', access: 'read' },
  { ...app, kind: 'load', path: '/lib/x.so', origin: 'image' },
  { ...app, kind: 'exec', args: ['app', '-v'], origin: 'image' },
  { ...app, kind: 'exec', args: ['app'], origin: 'volume', env: ['NODE_OPTIONS'] },
  { ...app, kind: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 },
  { ...sh, kind: 'exec', args: ['sh', '/entry.sh'], origin: 'image' },
];

describe('learn', () => {
  it('writes the canonical form', () => {
    expect(learn(subject, behaviours, aboutAll).behaviour).toEqual({
      programs: [
        {
          id: 'p0',
          root: 'entrypoint',
          parents: ['#entrypoint'],
          exe: '/bin/sh',
          origins: ['image'],
          args: [['sh', '/entry.sh']],
          env: [],
          files: [],
          network: [],
          privileges: [],
        },
        {
          id: 'p1',
          root: 'entrypoint',
          parent: '/bin/sh',
          parents: ['p0'],
          exe: '/app',
          origins: ['image', 'volume'],
          args: [['app'], ['app', '-v']],
          env: ['NODE_OPTIONS'],
          files: [
            { path: '/data/b', access: ['read', 'write'] },
            { path: '/lib/x.so', access: ['load'], origin: 'image' },
          ],
          network: [{ do: 'connect', transport: 'tcp', peer: 'db.shop', port: 5432 }],
          privileges: [],
        },
      ],
    });
  });

  it('keeps a program whose start was missed', () => {
    const { programs } = learn(
      subject,
      [{ root: 'found', lineage: ['/a', '/b', '/c'], kind: 'delete', path: '/x' }],
      aboutAll,
    ).behaviour;
    expect(programs.map((p) => [p.id, p.parent, p.parents, p.exe, p.args])).toEqual([
      ['p0', '/a', [], '/b', []],
      ['p1', '/b', ['p0'], '/c', []],
    ]);
  });

  it.each<[string, Behaviour]>([
    ['a dropped executable', { ...app, kind: 'exec', args: ['app'], origin: 'upper' }],
    ['code in scratch', { ...app, kind: 'load', path: '/tmp/x.so', origin: 'scratch' }],
    ['code in memory', { ...app, kind: 'load', path: 'memfd:x', origin: 'memory' }],
    ['mounting', { ...app, kind: 'privilege', privilege: 'mount' }],
    [
      'a session by hand',
      { root: 'interactive', lineage: ['/bin/sh'], kind: 'exec', args: ['sh'], origin: 'image' },
    ],
    ['what such a session does', { root: 'interactive', lineage: ['/bin/sh'], kind: 'delete', path: '/x' }],
    [
      'what a program in memory does',
      { ...app, lineage: ['/bin/sh', '/memfd:x'], kind: 'delete', path: '/x' },
    ],
  ])('leaves out %s and counts it', (_name, b) => {
    const report = learnReport(subject, [...behaviours, b], aboutAll);
    expect(report.leftOut).toBe(1);
    expect(report.learned).toBe(behaviours.length);
    expect(report.baseline).toEqual(learn(subject, behaviours, aboutAll));
  });

  it('says nothing of devices without state', () => {
    const report = learnReport(
      subject,
      [{ ...app, kind: 'open', path: '/dev/null', access: 'write' }],
      aboutAll,
    );
    expect(report).toMatchObject({ learned: 0, leftOut: 0, baseline: { behaviour: { programs: [] } } });
  });

  it('keeps when and where out of the digest', () => {
    const elsewhere = {
      ...aboutAll,
      observation: { ...observation, startedAt: '2026-01-01T00:00:00Z', instances: ['z'] },
    };
    const a = learn(subject, behaviours, aboutAll);
    const b = learn({ ...subject, name: 'other' }, behaviours.toReversed(), elsewhere);
    expect(behaviourDigest(a.behaviour)).toBe(behaviourDigest(b.behaviour));
    expect(behaviourDigest(a.behaviour)).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(behaviourDigest({ programs: [] })).not.toBe(behaviourDigest(a.behaviour));
  });

  it('keeps the smallest 64 instance ids', () => {
    const instances = Array.from({ length: 100 }, (_, i) => `i${String(i).padStart(3, '0')}`);
    const about = { ...aboutAll, observation: { ...observation, instances: instances.toReversed() } };
    expect(learn(subject, [], about).observation.instances).toEqual(instances.slice(0, 64));
  });
});
