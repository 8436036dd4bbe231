import { describe, expect, it } from 'vitest';
import { aboutAll, subject } from '../test/fakes/behaviours.ts';
import type { Actor, Behaviour } from './behaviour.ts';
import { behaviourKinds } from './event.ts';
import { indexBehaviour } from './index-behaviour.ts';
import { judge } from './judge.ts';
import { learn } from './learn.ts';
import type { DriftReason } from './verdict.ts';

const start: Actor = { root: 'entrypoint', lineage: ['/entry.sh'] };
const nginx: Actor = { root: 'entrypoint', lineage: ['/entry.sh', '/usr/sbin/nginx'] };
const shell: Actor = { root: 'entrypoint', lineage: ['/usr/sbin/cron', '/bin/sh'] };
const curl: Actor = { root: 'entrypoint', lineage: ['/usr/sbin/cron', '/bin/sh', '/usr/bin/curl'] };

const known: readonly Behaviour[] = [
  { ...start, kind: 'exec', args: ['/entry.sh'], origin: 'image' },
  { ...nginx, kind: 'exec', args: ['nginx', '-g', 'daemon off;'], origin: 'image', env: ['LD_PRELOAD'] },
  { ...nginx, kind: 'load', path: '/lib/libc.so.6', origin: 'image' },
  { ...nginx, kind: 'load', path: '/lib/unknown-origin.so' },
  { ...nginx, kind: 'open', path: '/etc/nginx/nginx.conf', access: 'read' },
  { ...nginx, kind: 'rename', path: '/run/nginx.tmp', to: '/run/nginx.pid' },
  { ...nginx, kind: 'listen', transport: 'tcp', port: 80 },
  { ...nginx, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 9000 },
  { ...nginx, kind: 'resolve', name: 'upstream.shop' },
  { ...nginx, kind: 'privilege', privilege: 'chroot', detail: '/srv' },
  { ...shell, kind: 'exec', args: ['sh', '-c', 'curl https://api.example/'], origin: 'image' },
  { ...curl, kind: 'exec', args: ['curl', 'https://api.example/'], origin: 'image' },
  { ...curl, kind: 'connect', transport: 'tcp', peer: 'api.example', port: 443 },
];
const index = indexBehaviour(learn(subject, known, aboutAll));
const of = (b: Behaviour): string => {
  const v = judge(b, index);
  return v.kind === 'drift' ? v.because : v.kind;
};

describe('judge', () => {
  it.each(known.map((b) => [b]))('expects what was learned: %j', (b) => expect(of(b)).toBe('expected'));

  it.each<[string, Behaviour, DriftReason | 'expected']>([
    [
      'an executable nobody ran',
      { ...nginx, lineage: ['/entry.sh', '/tmp/x'], kind: 'exec', args: [], origin: 'upper' },
      'new-program',
    ],
    [
      'an act of such an executable',
      { ...nginx, lineage: ['/tmp/x'], kind: 'open', path: '/etc/hosts', access: 'read' },
      'new-program',
    ],
    [
      'a known program below another',
      { ...nginx, lineage: ['/entry.sh', '/usr/sbin/nginx', '/bin/sh'], kind: 'exec', args: ['sh'] },
      'new-lineage',
    ],
    [
      'a known pair below another starter',
      {
        ...curl,
        lineage: ['/usr/sbin/nginx', '/bin/sh', '/usr/bin/curl'],
        kind: 'exec',
        args: ['curl', 'https://api.example/'],
      },
      'new-lineage',
    ],
    [
      'the same act through another starter',
      {
        ...curl,
        lineage: ['/usr/sbin/nginx', '/bin/sh', '/usr/bin/curl'],
        kind: 'connect',
        transport: 'tcp',
        peer: 'api.example',
        port: 443,
      },
      'new-lineage',
    ],
    [
      'a known program entered by hand',
      { ...start, root: 'interactive', kind: 'exec', args: ['/entry.sh'], origin: 'image' },
      'new-lineage',
    ],
    [
      'deeper ancestors that differ',
      {
        ...curl,
        lineage: ['/sbin/init', ...curl.lineage],
        kind: 'connect',
        transport: 'tcp',
        peer: 'api.example',
        port: 443,
      },
      'expected',
    ],
    [
      'other arguments',
      { ...nginx, kind: 'exec', args: ['nginx', '-s', 'reload'], origin: 'image' },
      'new-arguments',
    ],
    [
      'known arguments split otherwise',
      { ...nginx, kind: 'exec', args: ['nginx', '-g daemon off;'], origin: 'image' },
      'new-arguments',
    ],
    [
      'known arguments, origin untold',
      { ...nginx, kind: 'exec', args: ['nginx', '-g', 'daemon off;'] },
      'expected',
    ],
    [
      'a replaced executable',
      { ...nginx, kind: 'exec', args: ['nginx', '-g', 'daemon off;'], origin: 'upper' },
      'foreign-origin',
    ],
    [
      'a hook that never was',
      { ...start, kind: 'exec', args: ['/entry.sh'], origin: 'image', env: ['LD_PRELOAD'] },
      'new-environment',
    ],
    ['a library nobody loaded', { ...nginx, kind: 'load', path: '/lib/new.so', origin: 'image' }, 'new-file'],
    ['a dropped library', { ...nginx, kind: 'load', path: '/tmp/x.so', origin: 'upper' }, 'never-learnable'],
    [
      'a replaced library',
      { ...nginx, kind: 'load', path: '/lib/libc.so.6', origin: 'upper' },
      'foreign-origin',
    ],
    [
      'a library whose origin nobody told, now dropped',
      { ...nginx, kind: 'load', path: '/lib/unknown-origin.so', origin: 'upper' },
      'never-learnable',
    ],
    [
      'a library whose origin nobody told, now told',
      { ...nginx, kind: 'load', path: '/lib/unknown-origin.so', origin: 'image' },
      'expected',
    ],
    [
      'reading what was only loaded',
      { ...nginx, kind: 'open', path: '/lib/libc.so.6', access: 'read' },
      'new-access',
    ],
    [
      'loading what was only read',
      { ...nginx, kind: 'load', path: '/etc/nginx/nginx.conf', origin: 'image' },
      'new-file',
    ],
    [
      'writing what was only read',
      { ...nginx, kind: 'open', path: '/etc/nginx/nginx.conf', access: 'write' },
      'new-access',
    ],
    ['another file', { ...nginx, kind: 'open', path: '/srv/a', access: 'read' }, 'new-file'],
    [
      'a file of another program',
      { ...curl, kind: 'open', path: '/etc/nginx/nginx.conf', access: 'read' },
      'new-file',
    ],
    ['a sensitive file', { ...nginx, kind: 'open', path: '/etc/shadow', access: 'read' }, 'sensitive-file'],
    [
      'a link to a sensitive file',
      { ...nginx, kind: 'link', path: '/srv/a', target: '/etc/shadow' },
      'sensitive-file',
    ],
    [
      'a move onto a sensitive file',
      { ...nginx, kind: 'rename', path: '/srv/a', to: '/etc/ld.so.preload' },
      'sensitive-file',
    ],
    [
      "a container runtime's socket",
      { ...nginx, kind: 'connect', transport: 'unix', peer: '/var/run/docker.sock', port: 0 },
      'sensitive-file',
    ],
    [
      'another socket',
      { ...nginx, kind: 'connect', transport: 'unix', peer: '/run/app.sock', port: 0 },
      'new-peer',
    ],
    ['a free device', { ...nginx, kind: 'open', path: '/dev/null', access: 'write' }, 'expected'],
    ['deleting a free device', { ...nginx, kind: 'delete', path: '/dev/null' }, 'new-file'],
    [
      'a known name moved elsewhere',
      { ...nginx, kind: 'rename', path: '/run/nginx.tmp', to: '/run/other' },
      'new-access',
    ],
    [
      'the first egress of a program',
      { ...nginx, kind: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 },
      'first-egress',
    ],
    [
      'another local port',
      { ...nginx, kind: 'connect', transport: 'tcp', peer: 'localhost', port: 4444 },
      'new-peer',
    ],
    [
      'another peer',
      { ...curl, kind: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 },
      'new-peer',
    ],
    [
      'the same peer by datagram',
      { ...curl, kind: 'connect', transport: 'udp', peer: 'api.example', port: 443 },
      'new-peer',
    ],
    ['another listener', { ...nginx, kind: 'listen', transport: 'tcp', port: 4444 }, 'new-listener'],
    ['another name', { ...nginx, kind: 'resolve', name: 'evil.example' }, 'new-name'],
    ['another privilege', { ...nginx, kind: 'privilege', privilege: 'memfd' }, 'new-privilege'],
    [
      'a known privilege on something else',
      { ...nginx, kind: 'privilege', privilege: 'chroot', detail: '/' },
      'new-privilege',
    ],
    ['a privilege nobody can learn', { ...nginx, kind: 'privilege', privilege: 'setns' }, 'never-learnable'],
  ])('%s', (_name, b, reason) => expect(of(b)).toBe(reason));

  it('does not judge what was not watched', () => {
    const blind = indexBehaviour({ ...learn(subject, known, aboutAll), coverage: ['exec'] });
    const b: Behaviour = { ...nginx, kind: 'open', path: '/etc/shadow', access: 'read' };
    expect(judge(b, blind)).toEqual({ kind: 'unjudged', reason: 'source-cannot-see' });
  });

  it('expects what cannot be learned once it was entered by name', () => {
    const b: Behaviour = { ...nginx, kind: 'privilege', privilege: 'setns', detail: 'net' };
    const baseline = learn(subject, known, aboutAll);
    const programs = baseline.behaviour.programs.map((p) =>
      p.exe === '/usr/sbin/nginx'
        ? { ...p, privileges: [{ privilege: 'setns', detail: 'net' } as const] }
        : p,
    );
    const approved = indexBehaviour({ ...baseline, behaviour: { programs } });
    expect(judge(b, approved).kind).toBe('expected');
    expect(judge({ ...b, detail: 'pid' }, approved).kind).toBe('drift');
  });

  it.each<[Behaviour, string]>([
    [{ ...nginx, kind: 'exec', args: ['nginx', '-g', 'x'], origin: 'image' }, 'nginx -g daemon off;'],
    [{ ...curl, kind: 'connect', transport: 'tcp', peer: 'evil.example', port: 443 }, 'api.example:443'],
    [{ ...nginx, kind: 'listen', transport: 'tcp', port: 4444 }, 'tcp:80'],
    [
      { ...nginx, kind: 'open', path: '/etc/nginx/nginx.conf', access: 'write' },
      'read of /etc/nginx/nginx.conf',
    ],
    [{ ...nginx, lineage: ['/usr/bin/curl'], kind: 'exec', args: [] }, 'curl started by sh'],
    [{ ...nginx, kind: 'exec', args: ['nginx', '-g', 'daemon off;'], origin: 'upper' }, 'image'],
  ])('names the nearest thing that was approved', (b, nearest) => {
    expect(judge(b, index)).toMatchObject({ kind: 'drift', nearest });
  });

  it('covers every kind in this table', () => {
    expect(new Set(known.map((b) => b.kind)).size).toBeGreaterThanOrEqual(behaviourKinds.length - 2);
  });
});
