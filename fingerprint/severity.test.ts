import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from './behaviour.ts';
import { compareGravity, maxSeverity, severityOf } from './severity.ts';
import type { DriftReason } from './verdict.ts';

const a: Actor = { root: 'entrypoint', lineage: ['/a', '/b'] };
const open: Behaviour = { ...a, kind: 'open', path: '/srv/x', access: 'read' };

describe('severityOf', () => {
  it.each<[string, Behaviour, DriftReason, string, string]>([
    [
      'code from the upper layer',
      { ...a, kind: 'exec', args: [], origin: 'upper' },
      'new-program',
      'critical',
      'high',
    ],
    [
      'a way out of the container',
      { ...a, kind: 'privilege', privilege: 'setns' },
      'never-learnable',
      'critical',
      'high',
    ],
    [
      'a replaced file',
      { ...a, kind: 'exec', args: [], origin: 'volume' },
      'foreign-origin',
      'high',
      'medium',
    ],
    [
      'a new program of the image',
      { ...a, kind: 'exec', args: [], origin: 'image' },
      'new-program',
      'high',
      'medium',
    ],
    ['a new lineage', { ...a, kind: 'exec', args: [], origin: 'image' }, 'new-lineage', 'high', 'medium'],
    ['a sensitive file', { ...open, path: '/etc/shadow' }, 'sensitive-file', 'high', 'medium'],
    [
      'a first egress',
      { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1 },
      'first-egress',
      'high',
      'medium',
    ],
    [
      'a new peer',
      { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1 },
      'new-peer',
      'medium',
      'low',
    ],
    ['new arguments', { ...a, kind: 'exec', args: [], origin: 'image' }, 'new-arguments', 'medium', 'low'],
    ['a new file', open, 'new-file', 'low', 'low'],
    ['a trivial file of a foreign program', open, 'new-program', 'low', 'low'],
    ['a secret read by a foreign program', { ...open, path: '/etc/shadow' }, 'new-program', 'high', 'medium'],
    [
      'a link to a secret by a foreign program',
      { ...a, kind: 'link', path: '/x', target: '/etc/shadow' },
      'new-program',
      'high',
      'medium',
    ],
    [
      'a runtime socket by a foreign program',
      { ...a, kind: 'connect', transport: 'unix', peer: '/run/docker.sock', port: 0 },
      'new-program',
      'high',
      'medium',
    ],
    [
      'egress of a foreign program',
      { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1 },
      'new-program',
      'high',
      'medium',
    ],
    [
      'loopback of a foreign program',
      { ...a, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 1 },
      'new-program',
      'medium',
      'low',
    ],
    [
      'a privilege of a foreign program',
      { ...a, kind: 'privilege', privilege: 'chroot' },
      'new-program',
      'high',
      'medium',
    ],
  ])('%s', (_name, b, because, approved, provisional) => {
    expect(severityOf(b, because, false)).toBe(approved);
    expect(severityOf(b, because, true)).toBe(provisional);
  });
});

it('puts the gravest first, then kind, then time, then key', () => {
  const rows = [
    { severity: 'low', kind: 'open', first: 1, key: 'a' },
    { severity: 'high', kind: 'connect', first: 3, key: 'b' },
    { severity: 'high', kind: 'exec', first: 2, key: 'd' },
    { severity: 'high', kind: 'exec', first: 2, key: 'c' },
    { severity: 'critical', kind: 'open', first: 9, key: 'e' },
  ] as const;
  expect(rows.toSorted(compareGravity).map((r) => r.key)).toEqual(['e', 'c', 'd', 'b', 'a']);
  expect(maxSeverity(['low', 'high', 'medium'])).toBe('high');
  expect(maxSeverity([])).toBe('low');
});
