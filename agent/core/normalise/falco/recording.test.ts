import { describe, expect, it } from 'vitest';
import type { Event } from '../../../../fingerprint/event.ts';
import { formatEvent, parseEvent } from '../../../../fingerprint/event-json.ts';
import { RegularStarts } from './probes.ts';
import { FalcoNormaliser, readFalcoRecord } from './recording.ts';

const container = 'f0e1d2c3b4a5';
const start = 1_795_172_541_000_000_000n;
const ns = (ms: number): string => String(start + BigInt(Math.round(ms * 1_000_000)));

/** What every alert of this product's rules holds; times in ms after the first. */
function alert(ms: number, fields: Record<string, unknown>): object {
  const seconds = String(BigInt(ns(ms)) / 1_000_000_000n);
  return {
    time: { seconds, nanos: Number(BigInt(ns(ms)) % 1_000_000_000n) },
    rule: 'stream',
    source: 'syscall',
    output_fields: {
      'evt.num': String(Math.round(ms * 10)),
      'evt.rawres': '0',
      'evt.res': 'SUCCESS',
      'proc.pid': '100',
      'thread.tid': '100',
      'proc.pid.ts': ns(1),
      'proc.ppid': '50',
      'proc.ppid.ts': ns(0),
      'proc.pexepath': '/usr/bin/containerd-shim-runc-v2',
      'proc.exepath': '/usr/bin/app',
      'proc.exe': 'app',
      'proc.name': 'app',
      'proc.cmdline': 'app --serve',
      'proc.cwd': '/srv/',
      'container.id': container,
      ...fields,
    },
  };
}

const born = (ms = 1, fields: Record<string, unknown> = {}): object =>
  alert(ms, {
    'evt.type': 'clone',
    'proc.exepath': '/usr/sbin/runc',
    'proc.name': 'runc:[1:CHILD]',
    ...fields,
  });
const executed = (ms = 2, fields: Record<string, unknown> = {}): object =>
  alert(ms, { 'evt.type': 'execve', 'evt.arg.flags': 'EXE_WRITABLE|EXE_LOWER_LAYER', ...fields });

function normalise(alerts: readonly object[]): Event[] {
  const records = alerts.map(readFalcoRecord);
  const normaliser = new FalcoNormaliser();
  for (const record of records) normaliser.ahead(record);
  normaliser.settle();
  const events = records.flatMap((record) => normaliser.push(record));
  // Whatever comes out is an event that every reader takes.
  for (const event of events) expect(parseEvent(formatEvent(event))).toEqual(event);
  return events;
}

/** The one event of an alert in a container that has started. */
function one(fields: Record<string, unknown>): Event | undefined {
  const events = normalise([born(), executed(), alert(3, fields)]);
  return events.length > 3 ? events[3] : undefined;
}

describe('FalcoNormaliser', () => {
  it('tells host, birth and execution: a container begins with what it executes, not with its runtime', () => {
    const [host, fork, exec] = normalise([
      born(),
      alert(1.5, { 'evt.type': 'openat', 'fd.name': '/proc/self/attr', 'proc.name': 'runc:[2:INIT]' }),
      executed(),
    ]).filter((e) => e.kind !== 'open');
    expect(host).toMatchObject({ kind: 'cgroup', path: '/' });
    expect(fork).toMatchObject({ kind: 'fork', child: { pid: 100 }, process: { pid: 50 }, cgroup: 1 });
    expect(exec).toMatchObject({
      kind: 'exec',
      exe: '/usr/bin/app',
      args: ['app', '--serve'],
      cwd: '/srv',
      origin: 'image',
      container: { id: container },
    });
  });

  it('keeps time exact to the microsecond in both forms', () => {
    const decoded = normalise([executed(2.123456)]);
    const text = normalise([{ ...executed(2.123456), time: '2026-11-20T11:02:21.002123456Z' }]);
    expect(decoded.at(-1)?.time).toBe(1_795_172_541_002_123);
    expect(text.at(-1)?.time).toBe(1_795_172_541_002_123);
  });

  it('takes values typed, as texts, and missing in every spelling', () => {
    for (const missing of ['<NA>', '', 'null', null])
      expect(normalise([executed(2, { 'proc.cwd': missing })]).at(-1)).not.toHaveProperty('cwd');
    const typed = executed(2, {
      'proc.pid': 100,
      'thread.tid': 100,
      'evt.rawres': 0,
      'proc.is_exe_upper_layer': true,
    });
    expect(normalise([typed]).at(-1)).toMatchObject({ process: { pid: 100 }, origin: 'upper' });
  });

  it('knows a process by its own start, not by that of the thread that acts', () => {
    const events = normalise([
      born(),
      executed(),
      alert(5, { 'evt.type': 'clone3', 'thread.tid': '101', 'proc.pid.ts': ns(5) }),
      alert(6, { 'evt.type': 'unlink', 'fs.path.name': '/tmp/x', 'thread.tid': '101', 'proc.pid.ts': ns(5) }),
      alert(7, {
        'evt.type': 'vfork',
        'proc.pid': '102',
        'thread.tid': '102',
        'proc.pid.ts': ns(7),
        'proc.ppid': '100',
        'proc.ppid.ts': ns(5),
      }),
    ]);
    const self = { pid: 100, start: 1_795_172_541_001_000 };
    expect(events.at(-2)).toMatchObject({ kind: 'delete', process: self });
    expect(events.at(-1)).toMatchObject({ kind: 'fork', process: self, container: { id: container } });
  });

  it('gives all alerts of a container what any of them tells of it', () => {
    const digest = `sha256:${'a'.repeat(64)}`;
    const [, , exec] = normalise([
      born(),
      executed(2, { 'container.image.digest': '<NA>', 'k8s.pod.name': '<NA>' }),
      alert(40, {
        'evt.type': 'unlink',
        'fs.path.name': '/tmp/x',
        'container.image.digest': digest,
        'container.image.repository': 'registry.example/shop/app',
        'k8s.pod.name': 'app-0',
        'k8s.ns.name': 'shop',
        'container.name': 'app',
      }),
    ]);
    expect(exec?.container).toEqual({
      id: container,
      digest,
      image: 'registry.example/shop/app',
      pod: 'app-0',
      namespace: 'shop',
      name: 'app',
    });
  });

  it('finds the container in the control group where there is no plugin', () => {
    const id = 'b'.repeat(64);
    const path = `/kubepods/besteffort/pod0000feed-0000-4000-8000-6170692d3764/${id}`;
    const exec = executed(2, { 'container.id': undefined, 'thread.cgroup.cpu': path });
    expect(normalise([exec]).at(-1)?.container).toEqual({ id });
  });

  it('takes a command that somebody starts at one interval for a probe, and nothing else', () => {
    const probe = (ms: number, pid: string, command: string): object[] => [
      born(ms, { 'proc.pid': pid, 'thread.tid': pid, 'proc.pid.ts': ns(ms) }),
      executed(ms + 1, {
        'proc.pid': pid,
        'thread.tid': pid,
        'proc.pid.ts': ns(ms),
        'proc.cmdline': `app ${command}`,
      }),
    ];
    const alerts = [
      ...probe(1, '100', '--serve'),
      ...probe(10_000, '110', 'ping'),
      ...probe(12_000, '111', 'by hand'),
      ...probe(20_200, '112', 'ping'),
      ...probe(21_000, '113', 'by hand'),
      ...probe(30_300, '114', 'ping'),
      ...probe(55_000, '115', 'by hand'),
    ];
    expect(normalise(alerts).at(-1)?.container?.probes).toEqual([['app', 'ping']]);
  });

  it('takes a probe for one however long the recording is', () => {
    const starts = new RegularStarts();
    for (let i = 0; i < 200_000; i++) starts.add(['app', 'ping'], i * 5_000_000);
    expect(starts.regular()).toEqual([['app', 'ping']]);
  });

  it('finds what was there before the recording, from what Falco says with each act', () => {
    const [, found, open] = normalise([alert(3, { 'evt.type': 'unlink', 'fs.path.name': '/tmp/x' })]);
    expect(found).toMatchObject({ kind: 'exec', found: true, exe: '/usr/bin/app', args: ['app', '--serve'] });
    expect(open).toMatchObject({ kind: 'delete', path: '/tmp/x', container: { id: container } });
  });

  it('counts alerts that do not say who acted, and tells what Falco lost', () => {
    const normaliser = new FalcoNormaliser();
    const stock = readFalcoRecord({ ...alert(1, {}), output_fields: { 'user.name': 'root' } });
    normaliser.ahead(stock);
    expect([normaliser.unread, normaliser.push(stock)]).toEqual([1, []]);
    const drop = readFalcoRecord({ ...alert(9, { n_drops: 17 }), source: 'internal' });
    expect(normaliser.push(drop)).toMatchObject([{ kind: 'gap', lost: 17 }]);
  });

  it.each<[string, Record<string, unknown>, object | undefined]>([
    [
      'a read',
      {
        'evt.type': 'openat',
        'fd.name': '/etc/hosts',
        'fd.typechar': 'f',
        'evt.arg.flags': 'O_RDONLY|FD_LOWER_LAYER',
      },
      { kind: 'open', path: '/etc/hosts', access: 'read', origin: 'image' },
    ],
    [
      'a directory, which Falco takes for created',
      {
        'evt.type': 'openat',
        'fd.name': '/srv',
        'fd.typechar': 'd',
        'evt.is_open_create': 'true',
        'evt.arg.flags': 'O_DIRECTORY|O_RDONLY|O_TMPFILE',
      },
      { kind: 'open', path: '/srv', access: 'read' },
    ],
    [
      'a created file',
      {
        'evt.type': 'openat',
        'fd.name': '/tmp/x',
        'fd.typechar': 'f',
        'fd.is_upper_layer': 'true',
        'evt.arg.flags': 'O_CREAT|O_WRONLY|O_F_CREATED|FD_UPPER_LAYER',
      },
      { kind: 'open', path: '/tmp/x', access: 'create', origin: 'upper' },
    ],
    [
      'a file that was there already',
      { 'evt.type': 'openat', 'fd.name': '/tmp/x', 'fd.typechar': 'f', 'evt.arg.flags': 'O_CREAT|O_WRONLY' },
      { kind: 'open', access: 'write' },
    ],
    [
      'a file that is not there',
      {
        'evt.type': 'openat',
        'fd.name': '/tmp/x',
        'fd.typechar': 'f',
        'evt.arg.flags': 'O_RDONLY',
        'evt.rawres': '-2',
        'evt.res': 'ENOENT',
      },
      { kind: 'open', access: 'read', error: 2 },
    ],
    [
      'a name relative to the current directory',
      {
        'evt.type': 'fchmodat',
        'fs.path.name': '<UNKNOWN>x',
        'evt.args': 'res=0 dirfd=-100(AT_FDCWD) filename=x(/srv/x) mode=0755(S_IXOTH)',
      },
      { kind: 'open', path: '/srv/x', access: 'write', via: 'chmod' },
    ],
    [
      'a name relative to who knows what',
      {
        'evt.type': 'fchmodat',
        'fs.path.name': '<UNKNOWN>x',
        'evt.args': 'res=0 dirfd=7 filename=x mode=0755',
      },
      undefined,
    ],
    [
      'a rename',
      { 'evt.type': 'rename', 'fs.path.source': '/a', 'fs.path.target': '/b' },
      { kind: 'rename', path: '/a', to: '/b' },
    ],
    [
      'a symbolic link',
      { 'evt.type': 'symlinkat', 'fs.path.source': '/srv/new', 'fs.path.target': '../old' },
      { kind: 'link', path: '/srv/new', target: '../old', symbolic: true },
    ],
    ['a removal', { 'evt.type': 'unlinkat', 'fs.path.name': '/srv/x' }, { kind: 'delete', path: '/srv/x' }],
    [
      'a connect, whose ends 0.43.1 has swapped',
      {
        'evt.type': 'connect',
        'fd.typechar': '4',
        'fd.l4proto': 'tcp',
        'fd.cip': '10.0.0.5',
        'fd.cport': '41000',
        'fd.sip': '10.0.0.9',
        'fd.sport': '6379',
        'fd.rip': '10.0.0.5',
        'fd.rport': '41000',
        'evt.res': 'EINPROGRESS',
        'evt.rawres': '-115',
      },
      { kind: 'connect', transport: 'tcp', address: '10.0.0.9', port: 6379 },
    ],
    [
      'a refused connect, where to a newer Falco tells',
      {
        'evt.type': 'connect',
        'fd.typechar': '4',
        'fd.name': 'NULL',
        'fd.sip': '<NA>',
        'evt.arg.addr': '203.0.113.77:14444',
        'evt.res': 'ENETUNREACH',
        'evt.rawres': '-101',
      },
      { kind: 'connect', transport: 'tcp', address: '203.0.113.77', port: 14_444, error: 101 },
    ],
    [
      'a refused connect to nobody knows whom',
      {
        'evt.type': 'connect',
        'fd.typechar': 'u',
        'fd.name': 'NULL',
        'evt.res': 'ENOENT',
        'evt.rawres': '-2',
      },
      undefined,
    ],
    [
      'a socket by its path',
      { 'evt.type': 'connect', 'fd.typechar': 'u', 'fd.name': 'ffff8881->ffff8882 /run/x.sock' },
      { kind: 'connect', transport: 'unix', address: '/run/x.sock', port: 0 },
    ],
    [
      'a listener',
      { 'evt.type': 'listen', 'fd.l4proto': 'tcp', 'fd.sip': '0.0.0.0', 'fd.sport': '8080' },
      { kind: 'listen', transport: 'tcp', port: 8080 },
    ],
    [
      'a bound stream',
      { 'evt.type': 'bind', 'fd.l4proto': 'tcp', 'fd.sip': '0.0.0.0', 'fd.sport': '8080' },
      undefined,
    ],
    [
      'a datagram to somebody',
      { 'evt.type': 'sendto', 'fd.l4proto': 'udp', 'fd.sip': '10.0.0.2', 'fd.sport': '123' },
      { kind: 'connect', transport: 'udp', address: '10.0.0.2', port: 123, via: 'sendto' },
    ],
    [
      'another namespace',
      { 'evt.type': 'setns', 'evt.args': 'res=0 fd=7(<f>/proc/9/ns/net) nstype=16(CLONE_NEWNET)' },
      { kind: 'privilege', privilege: 'setns', detail: 'net' },
    ],
    [
      'a namespace of its own',
      { 'evt.type': 'unshare', 'evt.args': 'res=0 flags=96(CLONE_NEWNS|CLONE_NEWPID)' },
      { kind: 'privilege', privilege: 'unshare', detail: 'mnt,pid' },
    ],
    [
      'a mount',
      {
        'evt.type': 'mount',
        'fs.path.target': '/mnt',
        'evt.args': 'res=0 dev=/dev/vda dir=/mnt type=ext4 flags=0',
      },
      { kind: 'privilege', privilege: 'mount', detail: 'ext4 /dev/vda on /mnt' },
    ],
    ['what says nothing', { 'evt.type': 'setuid', 'evt.args': 'res=0 uid=65534' }, undefined],
  ])('reads %s', (_name, fields, expected) => {
    const event = one(fields);
    if (expected === undefined) expect(event).toBeUndefined();
    else expect(event).toMatchObject(expected);
  });

  it.each<[string, Record<string, unknown>, object]>([
    ['words', { 'proc.cmdline': 'app -a b' }, { args: ['app', '-a', 'b'] }],
    ['no arguments', { 'proc.cmdline': 'app' }, { args: ['app'] }],
    [
      'code behind -c in one piece',
      {
        'proc.exepath': '/usr/bin/dash',
        'proc.exe': '/bin/sh',
        'proc.name': 'sh',
        'proc.cmdline': 'sh -c cat /etc/shadow | nc',
      },
      { args: ['/bin/sh', '-c', 'cat /etc/shadow | nc'] },
    ],
    [
      'a script by its own name',
      {
        'proc.exepath': '/usr/bin/dash',
        'proc.exe': '/bin/sh',
        'proc.name': 'docker-entrypoi',
        'proc.cmdline': 'docker-entrypoi /docker-entrypoint.sh',
      },
      { args: ['/bin/sh', '/docker-entrypoint.sh'] },
    ],
    [
      'arguments by number, blanks and all',
      { 'proc.args[0]': '-a', 'proc.args[1]': 'b c', 'proc.cmdline': 'app -a b c' },
      { args: ['app', '-a', 'b c'] },
    ],
    [
      'a program that is only in memory',
      { 'proc.exepath': 'memfd:kmod', 'proc.is_exe_from_memfd': 'true' },
      { exe: '/memfd:kmod', origin: 'memory' },
    ],
    [
      'a dropped file',
      {
        'proc.exepath': '/tmp/.x/kworkerd',
        'proc.is_exe_upper_layer': 'true',
        'evt.arg.flags': 'EXE_UPPER_LAYER',
      },
      { origin: 'upper' },
    ],
    [
      'a file on a mount',
      { 'proc.exepath': '/data/tool', 'evt.arg.flags': 'EXE_WRITABLE' },
      { exe: '/data/tool' },
    ],
    [
      'a file in a scratch mount',
      { 'proc.exepath': '/tmp/tool', 'evt.arg.flags': 'EXE_WRITABLE' },
      { origin: 'scratch' },
    ],
    [
      'the hooks in the environment, never their values',
      { 'proc.env': 'PATH=/bin LD_PRELOAD=/tmp/secret.so HOME=/root' },
      { env: ['LD_PRELOAD'] },
    ],
  ])('reads of an execution: %s', (_name, fields, expected) => {
    const exec = normalise([born(), executed(2, fields)]).at(-1);
    expect(exec).toMatchObject({ kind: 'exec', ...expected });
    expect(JSON.stringify(exec)).not.toContain('secret.so');
  });

  it('leaves out executions that failed: what they named, Falco does not say', () => {
    const failed = executed(3, { 'evt.rawres': '-2', 'evt.res': 'ENOENT' });
    expect(normalise([born(), executed(), failed])).toHaveLength(3);
  });

  it('gives a server no connection to those it answers', () => {
    const events = normalise([
      born(),
      executed(),
      alert(3, { 'evt.type': 'bind', 'fd.l4proto': 'udp', 'fd.sip': '0.0.0.0', 'fd.sport': '53' }),
      alert(4, { 'evt.type': 'sendto', 'fd.l4proto': 'udp', 'fd.sip': '192.0.2.2', 'fd.sport': '53' }),
    ]);
    expect(events.slice(3)).toMatchObject([{ kind: 'listen', transport: 'udp', port: 53 }]);
  });
});

describe('readFalcoRecord', () => {
  it.each<[string, unknown, string]>([
    ['no object', 'x', ''],
    ['no alert', { time: '2026-11-20T11:02:21Z' }, 'output_fields'],
    ['a time that is none', { time: 'yesterday', output_fields: {} }, 'time'],
    ['a time beyond time', { time: { seconds: '99999999999999999', nanos: 0 }, output_fields: {} }, 'time'],
  ])('refuses %s', (_name, value, field) => {
    expect(() => readFalcoRecord(value)).toThrowError(expect.objectContaining({ code: 'SCHEMA', field }));
  });

  it('keeps the fields that are read alone', () => {
    const record = readFalcoRecord(alert(1, { 'user.name': 'root', 'proc.args[3]': 'x' }));
    expect(record.fields).not.toHaveProperty('user.name');
    expect(record.fields).toHaveProperty(['proc.args[3]']);
  });
});
