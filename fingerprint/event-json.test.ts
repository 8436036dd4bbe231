import { describe, expect, it } from 'vitest';
import { subject } from '../test/fakes/behaviours.ts';
import type { Event } from './event.ts';
import { formatEvent, parseEvent } from './event-json.ts';

const json = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
const base = { time: 1_777_708_800_000_123, process: { pid: 7, start: 99 } } as const;

const events: readonly Event[] = [
  { ...base, kind: 'fork', child: { pid: 8, start: 100 }, parent: { pid: 1, start: 0 }, cgroup: 42 },
  {
    ...base,
    kind: 'exec',
    exe: '/bin/sh',
    file: '/entry.sh',
    args: ['sh', ''],
    cwd: '/',
    origin: 'image',
    sha256: 'ab'.repeat(32),
    env: ['LD_PRELOAD'],
    truncated: true,
    container: {
      id: 'c',
      name: 'cart',
      image: 'shop/cart',
      digest: subject.digest,
      namespace: 'shop',
      pod: 'p',
      owner: 'o',
    },
  },
  { ...base, kind: 'exit', code: 0, signal: 9 },
  { ...base, kind: 'load', path: '/lib/x.so', origin: 'upper', found: true },
  { ...base, kind: 'open', path: '/etc/passwd', access: 'read', via: 'io_uring', error: 13 },
  { ...base, kind: 'link', path: '/a', target: '../b', symbolic: true },
  { ...base, kind: 'delete', path: '/a' },
  { ...base, kind: 'rename', path: '/a', to: '/b' },
  { ...base, kind: 'connect', transport: 'tcp', address: '::1', port: 443, via: 'fastopen' },
  { ...base, kind: 'listen', transport: 'unix', address: '@x', port: 0 },
  { ...base, kind: 'accept', transport: 'tcp', address: '10.0.0.1', port: 40000 },
  {
    ...base,
    kind: 'resolve',
    phase: 'answer',
    name: 'a.example',
    type: 'A',
    id: 7,
    server: '10.0.0.2',
    answers: [{ name: 'a.example', type: 'A', data: '1.2.3.4', ttl: 30 }],
  },
  { ...base, kind: 'privilege', privilege: 'ptrace', detail: 'attach' },
  { ...base, kind: 'cgroup', action: 'made', id: 5, path: '/x' },
  { ...base, kind: 'attach', to: 5, path: '/x' },
  { ...base, kind: 'gap', since: base.time - 5, until: base.time, lost: 3, reason: 'ring full' },
];

describe('events', () => {
  it.each(events.map((e) => [e.kind, e] as const))('come back unchanged: %s', (_kind, e) => {
    expect(parseEvent(json(formatEvent(e)))).toEqual(e);
  });

  it('are written in one order, with readable times', () => {
    expect(JSON.stringify(formatEvent({ ...base, kind: 'delete', path: '/a', cgroup: 1 }))).toBe(
      '{"time":"2026-05-02T08:00:00.000123Z","kind":"delete","process":{"pid":7,"start":99},"path":"/a","cgroup":1}',
    );
  });

  it.each<[string, string, object]>([
    ['an unknown member', 'colour', { ...base, kind: 'delete', path: '/a', colour: 1 }],
    ['a missing member', 'path', { ...base, kind: 'delete' }],
    ['an unknown kind', 'kind', { ...base, kind: 'dance' }],
    ['a wrong type', 'path', { ...base, kind: 'delete', path: 7 }],
    ['a NUL', 'path', { ...base, kind: 'delete', path: 'a\0b' }],
    ['half a surrogate pair', 'path', { ...base, kind: 'delete', path: '\ud800' }],
    ['a fraction', 'process.pid', { ...base, process: { pid: 1.5, start: 0 }, kind: 'delete', path: '/a' }],
    [
      'a port out of range',
      'port',
      { ...base, kind: 'connect', transport: 'tcp', address: 'x', port: 70000 },
    ],
    ['an argument that is no text', 'args[1]', { ...base, kind: 'exec', exe: '/x', args: ['a', 1] }],
    ['a digest of other length', 'sha256', { ...base, kind: 'exec', exe: '/x', args: [], sha256: 'ab' }],
    ['found: false', 'found', { ...base, kind: 'delete', path: '/a', found: false }],
    [
      'a nested unknown member',
      'process.x',
      { ...base, process: { pid: 1, start: 1, x: 1 }, kind: 'delete', path: '/a' },
    ],
  ])('are refused for %s', (_name, field, value) => {
    const line = { ...value, time: '2026-05-02T08:00:00Z' };
    expect(() => parseEvent(json(line))).toThrow(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('are refused when they are no object or carry no time', () => {
    for (const value of [null, 7, 'x', [], true, {}]) {
      expect(() => parseEvent(value)).toThrow(expect.objectContaining({ code: 'SCHEMA' }));
    }
    expect(() => parseEvent(json({ ...base, kind: 'delete', path: '/a' }))).toThrow(/must be a text/);
  });
});
