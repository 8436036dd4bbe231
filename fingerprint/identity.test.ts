import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from './behaviour.ts';
import { argsKey, behaviourIdentity } from './identity.ts';

const a: Actor = { root: 'entrypoint', lineage: ['/a', '/b', '/c', '/d'] };
const exec = (more: object): Behaviour => ({ ...a, kind: 'exec', args: ['d'], ...more });

describe('behaviourIdentity', () => {
  it.each<[string, Behaviour, Behaviour, boolean]>([
    ["ancestors beyond the starter's starter", exec({}), exec({ lineage: ['/z', '/b', '/c', '/d'] }), true],
    ["the starter's starter", exec({}), exec({ lineage: ['/a', '/z', '/c', '/d'] }), false],
    ['the root', exec({}), exec({ root: 'probe' }), false],
    ['hooks in another order', exec({ env: ['B', 'A'] }), exec({ env: ['A', 'B', 'A'] }), true],
    ['no hooks and an empty list of them', exec({}), exec({ env: [] }), true],
    ['one argument or two', exec({ args: ['d', ''] }), exec({ args: ['d'] }), false],
    ['an origin and none', exec({ origin: 'image' }), exec({}), false],
    [
      'read and write',
      { ...a, kind: 'open', path: '/x', access: 'read' },
      { ...a, kind: 'open', path: '/x', access: 'write' },
      false,
    ],
    [
      'two image files of one top directory',
      { ...a, kind: 'open', path: '/usr/x', access: 'read', origin: 'image' },
      { ...a, kind: 'open', path: '/usr/lib/y', access: 'read', origin: 'image' },
      true,
    ],
    [
      'an image file read and written',
      { ...a, kind: 'open', path: '/usr/x', access: 'read', origin: 'image' },
      { ...a, kind: 'open', path: '/usr/x', access: 'write', origin: 'image' },
      false,
    ],
    [
      'a file that is remembered by name as well as by class, and by name alone',
      { ...a, kind: 'open', path: '/etc/x', access: 'read', origin: 'image' },
      { ...a, kind: 'open', path: '/etc/x', access: 'read' },
      false,
    ],
    [
      'a sensitive image file and another',
      { ...a, kind: 'open', path: '/etc/shadow', access: 'read', origin: 'image' },
      { ...a, kind: 'open', path: '/etc/x', access: 'read', origin: 'image' },
      false,
    ],
    [
      'a read with and without its origin told',
      { ...a, kind: 'open', path: '/usr/x', access: 'read', origin: 'upper' },
      { ...a, kind: 'open', path: '/usr/x', access: 'read' },
      false,
    ],
    [
      'a write to upper layer or scratch',
      { ...a, kind: 'open', path: '/srv/x', access: 'write', origin: 'upper' },
      { ...a, kind: 'open', path: '/srv/x', access: 'write', origin: 'scratch' },
      true,
    ],
    [
      'a write to a volume and elsewhere',
      { ...a, kind: 'open', path: '/srv/x', access: 'write', origin: 'volume' },
      { ...a, kind: 'open', path: '/srv/x', access: 'write', origin: 'upper' },
      false,
    ],
    [
      'a peer that answered from inside',
      { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1, inward: true },
      { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1 },
      false,
    ],
    [
      'a name or an address as peer',
      { ...a, kind: 'connect', transport: 'tcp', peer: '10.0.0.7', port: 1, unnamed: true },
      { ...a, kind: 'connect', transport: 'tcp', peer: '10.0.0.7', port: 1 },
      true,
    ],
    [
      'a privilege with and without detail',
      { ...a, kind: 'privilege', privilege: 'setns', detail: '' },
      { ...a, kind: 'privilege', privilege: 'setns' },
      false,
    ],
    [
      'a name that holds NUL',
      { ...a, kind: 'resolve', name: 'x\0y' },
      { ...a, kind: 'resolve', name: 'x' },
      false,
    ],
  ])('%s', (_name, one, other, same) => {
    expect(behaviourIdentity(one) === behaviourIdentity(other)).toBe(same);
  });

  it('tells argument vectors apart that join alike', () => {
    const keys = [[], [''], ['', ''], ['a'], ['a', ''], ['', 'a'], ['a', 'b'], ['a b']].map(argsKey);
    expect(new Set(keys).size).toBe(keys.length);
  });
});
