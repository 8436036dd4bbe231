import { describe, expect, it } from 'vitest';
import type { Actor, Behaviour } from './behaviour.ts';
import { behaviourKinds } from './event.ts';
import { actOf, compareGravity, maxSeverity, severityOf } from './severity.ts';
import { type DriftReason, driftReasons } from './verdict.ts';

const a: Actor = { root: 'entrypoint', lineage: ['/a', '/b'] };
const open: Behaviour = { ...a, kind: 'open', path: '/srv/x', access: 'read' };

/** One of each kind that says nothing grave by itself, but for who does it. */
const acts: Readonly<Record<Behaviour['kind'], Behaviour>> = {
  exec: { ...a, kind: 'exec', args: [], origin: 'image' },
  load: { ...a, kind: 'load', path: '/lib/x.so', origin: 'image' },
  open,
  link: { ...a, kind: 'link', path: '/srv/y', target: '/srv/x' },
  delete: { ...a, kind: 'delete', path: '/srv/x' },
  rename: { ...a, kind: 'rename', path: '/srv/x', to: '/srv/y' },
  connect: { ...a, kind: 'connect', transport: 'tcp', peer: 'x.example', port: 1 },
  listen: { ...a, kind: 'listen', transport: 'tcp', port: 81 },
  resolve: { ...a, kind: 'resolve', name: 'x.example' },
  privilege: { ...a, kind: 'privilege', privilege: 'chroot' },
};

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

describe('the table of reasons (DESIGN §2.6)', () => {
  const rows: readonly (readonly [DriftReason, Behaviour['kind'], string])[] = [
    ['never-learnable', 'exec', 'critical'],
    ['new-program', 'exec', 'high'],
    ['new-lineage', 'exec', 'high'],
    ['foreign-origin', 'load', 'high'],
    ['new-environment', 'exec', 'high'],
    ['sensitive-file', 'open', 'high'],
    ['first-egress', 'connect', 'high'],
    ['rebinding', 'connect', 'high'],
    ['new-privilege', 'privilege', 'high'],
    ['new-arguments', 'exec', 'medium'],
    ['new-peer', 'connect', 'medium'],
    ['new-listener', 'listen', 'medium'],
    ['new-name', 'resolve', 'medium'],
    ['new-file', 'open', 'low'],
    ['new-access', 'open', 'low'],
  ];
  it('has a row for each reason', () =>
    expect(rows.map(([because]) => because).toSorted()).toEqual([...driftReasons].sort()));
  it.each(rows)('%s of %s is %s', (because, kind, severity) => {
    expect(severityOf(acts[kind], because, false)).toBe(severity);
  });
});

describe('the table of acts of a program that is not in the fingerprint', () => {
  const rows: readonly (readonly [Behaviour['kind'], string])[] = [
    ['exec', 'high'],
    ['privilege', 'high'],
    ['connect', 'high'],
    ['load', 'medium'],
    ['listen', 'medium'],
    ['resolve', 'medium'],
    ['open', 'low'],
    ['link', 'low'],
    ['delete', 'low'],
    ['rename', 'low'],
  ];
  it('has a row for each kind', () =>
    expect(rows.map(([kind]) => kind).toSorted()).toEqual([...behaviourKinds].sort()));
  it.each(rows)('%s is %s', (kind, severity) => {
    expect(severityOf(acts[kind], 'new-program', false)).toBe(severity);
  });
});

describe('compareGravity', () => {
  it('puts the gravest first, then what somebody came for, then time, then key', () => {
    const rows = [
      { severity: 'low', act: 'open', first: 1, key: 'a' },
      { severity: 'high', act: 'connect', first: 3, key: 'b' },
      { severity: 'high', act: 'egress', first: 8, key: 'g' },
      { severity: 'high', act: 'exec', first: 2, key: 'd' },
      { severity: 'high', act: 'exec', first: 2, key: 'c' },
      { severity: 'high', act: 'sensitive', first: 9, key: 'f' },
      { severity: 'critical', act: 'open', first: 9, key: 'e' },
    ] as const;
    expect(rows.toSorted(compareGravity).map((r) => r.key)).toEqual(['e', 'f', 'g', 'c', 'd', 'b', 'a']);
  });

  it.each<[Behaviour, string]>([
    [open, 'open'],
    [{ ...open, path: '/etc/shadow' }, 'sensitive'],
    [{ ...a, kind: 'link', path: '/x', target: '/etc/shadow' }, 'sensitive'],
    [{ ...a, kind: 'rename', path: '/x', to: '/etc/ld.so.preload' }, 'sensitive'],
    [{ ...a, kind: 'connect', transport: 'unix', peer: '/run/docker.sock', port: 0 }, 'sensitive'],
    [acts.exec, 'exec'],
    [acts.connect, 'egress'],
    [{ ...a, kind: 'connect', transport: 'udp', peer: '10.0.0.2', port: 53 }, 'connect'],
    [{ ...a, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 80 }, 'connect'],
    [{ ...open, path: '/root/.bashrc' }, 'open'],
    [{ ...open, path: '/root/.bashrc', access: 'write' }, 'sensitive'],
    [{ ...open, path: '/proc/1/environ' }, 'open'],
    [{ ...open, path: '/root/.bash_history', access: 'write' }, 'open'],
    [{ ...a, kind: 'delete', path: '/root/.bash_history' }, 'sensitive'],
  ])('takes %o for %s', (b, act) => expect(actOf(b)).toBe(act));
});

it('takes the gravest of several', () => {
  expect(maxSeverity(['low', 'high', 'medium'])).toBe('high');
  expect(maxSeverity([])).toBe('low');
});
