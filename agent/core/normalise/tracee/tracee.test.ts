import { describe, expect, it } from 'vitest';
import { fakeNodeView } from '../../../../test/fakes/node-views.ts';
import {
  bool,
  grpcFramed,
  int32,
  int64,
  message,
  nil,
  sockaddr,
  str,
  strs,
  type TraceeEvent,
  type TraceeValue,
  traceeMessage,
  u32,
  u64,
} from '../../../../test/fakes/tracee-messages.ts';
import { traceeDialects } from './dialect.ts';
import { createTraceeNormaliser, traceeDialectOf } from './tracee.ts';

const id = '5'.repeat(64);
const boot = 1_700_000_000_000_000;
const time = boot + 60_000_000;
const process = { pid: 7, start: boot + 5_000_000, uniqueId: 99, parent: { pid: 3, uniqueId: 88 } };
const container = { id, name: 'cart', image: 'registry.example/cart:1' };
const node = {
  bootOffset: boot,
  places: new Map([[id, { id: 44, path: `/pods/${id}` }]]),
  ticks: new Map([[3, 100]]),
};
const releases = { 'v0.20': 'v0.20.0', 'v0.21': 'v0.22.4', 'v0.22.5': 'v0.24.1', main: 'main' } as const;

function normaliser(dialect: keyof typeof releases = 'main', known = node) {
  const made = createTraceeNormaliser(fakeNodeView(known));
  made.note({ type: 'connected', version: releases[dialect] });
  return made;
}

function act(name: string, ...data: TraceeValue[]): TraceeEvent {
  return { name, time, process, container, data };
}

/** What becomes of one event, without who and where. */
function factsOf(event: TraceeEvent, dialect: keyof typeof releases = 'main'): object[] {
  return normaliser(dialect)
    .push(grpcFramed(traceeMessage(event, dialect)))
    .filter((e) => e.kind !== 'cgroup')
    .map(({ time: _t, process: _p, parent: _w, cgroup: _c, ...facts }) => facts);
}

const tcp4 = (address: string, port: number) =>
  ({ sa_family: 'AF_INET', sin_addr: address, sin_port: port }) as const;
const unix = (path: string) => ({ sa_family: 'AF_UNIX', sun_path: path }) as const;
const out = { src_ip: '10.0.0.9', dst_ip: '10.0.0.53', src_port: 4321, dst_port: 53, direction: 'EGRESS' };
const back = { src_ip: '10.0.0.53', dst_ip: '10.0.0.9', src_port: 53, dst_port: 4321, direction: 'INGRESS' };
const answers = [
  { name: 'api.example', type: 'CNAME', ttl: 60, cname: 'a.edge.example' },
  { name: 'a.edge.example', type: 'A', ttl: 20, ip: '192.0.2.7' },
  { name: 'api.example', type: 'TXT', ttl: 20 },
];
const told = [
  { name: 'api.example', type: 'CNAME', ttl: 60, data: 'a.edge.example' },
  { name: 'a.edge.example', type: 'A', ttl: 20, data: '192.0.2.7' },
];
const dnsPacket = (packet: object, dns: object): TraceeEvent =>
  act(
    'net_packet_dns',
    str('src', (packet as typeof out).src_ip),
    str('dst', (packet as typeof out).dst_ip),
    u32('src_port', (packet as typeof out).src_port),
    u32('dst_port', (packet as typeof out).dst_port),
    message('metadata', 'packet_metadata', packet),
    message('proto_dns', 'dns', { id: 77, questions: [{ name: 'Api.Example', type: 'A' }], ...dns }),
  );

describe('what an event means', () => {
  const table: readonly (readonly [string, TraceeEvent, object | undefined])[] = [
    [
      'an execution',
      act(
        'sched_process_exec',
        str('cmdpath', './run'),
        str('pathname', '/usr/bin/python3.11'),
        strs('argv', ['/usr/bin/python3', './run', '']),
        str('pwd', '/srv/app'),
        str('sha256', 'a'.repeat(64)),
        strs('env', ['PATH=/bin', 'LD_PRELOAD=/tmp/x.so']),
      ),
      {
        kind: 'exec',
        exe: '/usr/bin/python3.11',
        file: '/srv/app/run',
        args: ['/usr/bin/python3', './run', ''],
        cwd: '/srv/app',
        sha256: 'a'.repeat(64),
        env: ['LD_PRELOAD'],
      },
    ],
    [
      'an execution before v0.24, whose hash is not to be had',
      act(
        'sched_process_exec',
        str('cmdpath', 'run'),
        str('pathname', '/x'),
        strs('argv', ['run']),
        nil('sha256'),
      ),
      { kind: 'exec', exe: '/x', args: ['run'] },
    ],
    [
      'an execution from memory',
      act('sched_process_exec', str('cmdpath', '/dev/fd/3'), str('pathname', 'memfd:x'), strs('argv', ['a'])),
      { kind: 'exec', exe: '/memfd:x', file: '/dev/fd/3', args: ['a'], origin: 'memory' },
    ],
    [
      'an execution of a file that is only called so',
      act('sched_process_exec', str('pathname', '/memfd:x'), strs('argv', ['a'])),
      { kind: 'exec', exe: '/memfd:x', args: ['a'] },
    ],
    [
      'an execution without arguments, which were not to be had',
      act('sched_process_exec', str('pathname', '/x'), nil('argv')),
      { kind: 'exec', exe: '/x', args: [], truncated: true },
    ],
    ['an execution of nothing', act('sched_process_exec', nil('pathname')), undefined],
    [
      'a fork',
      act(
        'sched_process_fork',
        int32('child_pid', 8),
        int32('child_tid', 8),
        u64('start_time', `${boot + 9}123`),
      ),
      { kind: 'fork', child: { pid: 8, start: 9 } },
    ],
    [
      'a thread',
      act(
        'sched_process_fork',
        int32('child_pid', 7),
        int32('child_tid', 9),
        u64('start_time', `${boot}123`),
      ),
      undefined,
    ],
    [
      'an end',
      act(
        'sched_process_exit',
        int32('exit_code', 3),
        int32('signal_code', 0),
        bool('process_group_exit', true),
      ),
      { kind: 'exit', code: 3 },
    ],
    [
      'an end by a signal',
      act(
        'sched_process_exit',
        int32('exit_code', 0),
        int32('signal_code', 9),
        bool('process_group_exit', true),
      ),
      { kind: 'exit', code: 0, signal: 9 },
    ],
    [
      'an end as the kernel keeps it',
      act('sched_process_exit', int64('exit_code', 0x300)),
      { kind: 'exit', code: 3 },
    ],
    ['the end of a thread', act('sched_process_exit', bool('process_group_exit', false)), undefined],
    [
      'a read',
      act('security_file_open', str('pathname', '/etc/x'), int32('flags', 0o100000)),
      { kind: 'open', path: '/etc/x', access: 'read' },
    ],
    [
      'a read by names',
      act('security_file_open', str('pathname', '/etc/x'), str('flags', 'O_RDONLY|O_LARGEFILE')),
      { kind: 'open', path: '/etc/x', access: 'read' },
    ],
    [
      'a write',
      act('security_file_open', str('pathname', '/x'), int32('flags', 0o2)),
      { kind: 'open', path: '/x', access: 'write' },
    ],
    [
      'a write by names, of a file that is there or not',
      act('security_file_open', str('pathname', '/x'), str('flags', 'O_WRONLY|O_CREAT|O_TRUNC')),
      { kind: 'open', path: '/x', access: 'write' },
    ],
    [
      'a new file',
      act('security_file_open', str('pathname', '/x'), int32('flags', 0o302)),
      { kind: 'open', path: '/x', access: 'create' },
    ],
    ['an open of nothing', act('security_file_open', nil('pathname'), int32('flags', 0)), undefined],
    [
      'a write told once',
      act('file_modification', str('file_path', '/x')),
      { kind: 'open', path: '/x', access: 'write' },
    ],
    [
      'a first write',
      act('magic_write', str('pathname', '/x')),
      { kind: 'open', path: '/x', access: 'write' },
    ],
    [
      'a change of mode',
      act('chmod_common', str('pathname', '/x'), u32('mode', 0o755)),
      { kind: 'open', path: '/x', access: 'write', via: 'chmod' },
    ],
    [
      'a node',
      act('security_inode_mknod', str('file_name', '/dev/x'), u32('mode', 0o60600)),
      { kind: 'open', path: '/dev/x', access: 'create', via: 'mknod' },
    ],
    ['a deletion', act('security_inode_unlink', str('pathname', '/x')), { kind: 'delete', path: '/x' }],
    [
      'a new name',
      act('security_inode_rename', str('old_path', '/a'), str('new_path', '/b')),
      { kind: 'rename', path: '/a', to: '/b' },
    ],
    [
      'a symbolic link',
      act('security_inode_symlink', str('linkpath', '/a'), str('target', '../b')),
      { kind: 'link', path: '/a', target: '../b', symbolic: true },
    ],
    [
      'a hard link that failed',
      act('linkat', str('oldpath', '/a'), str('newpath', '/x/../b'), int64('returnValue', -1)),
      { kind: 'link', path: '/b', target: '/a', symbolic: false, error: 1 },
    ],
    ['a hard link by relative names', act('link', str('oldpath', 'a'), str('newpath', '/b')), undefined],
    [
      'a library',
      act('shared_object_loaded', str('pathname', '/lib/x.so'), int32('flags', 0)),
      { kind: 'load', path: '/lib/x.so' },
    ],
    [
      'a connection',
      act('security_socket_connect', int32('type', 1), sockaddr('remote_addr', tcp4('10.0.0.7', 443))),
      { kind: 'connect', transport: 'tcp', address: '10.0.0.7', port: 443 },
    ],
    [
      'a connection by names, over IPv6 that is IPv4',
      act(
        'security_socket_connect',
        str('type', 'SOCK_DGRAM'),
        sockaddr('remote_addr', { sa_family: 'AF_INET6', sin6_addr: '::ffff:10.0.0.7', sin6_port: 53 }),
      ),
      { kind: 'connect', transport: 'udp', address: '10.0.0.7', port: 53 },
    ],
    [
      'a connection of a raw socket',
      act('security_socket_connect', int32('type', 3), sockaddr('remote_addr', tcp4('10.0.0.7', 0))),
      { kind: 'connect', transport: 'udp', address: '10.0.0.7', port: 0, via: 'raw' },
    ],
    [
      'a connection to a file',
      act('security_socket_connect', int32('type', 1), sockaddr('remote_addr', unix('/run/x.sock'))),
      { kind: 'connect', transport: 'unix', address: '/run/x.sock', port: 0 },
    ],
    [
      'a connection to an abstract name',
      act('security_socket_connect', int32('type', 1), sockaddr('remote_addr', unix('\0bus'))),
      { kind: 'connect', transport: 'unix', address: '@bus', port: 0 },
    ],
    [
      'a connection that is undone',
      act(
        'security_socket_connect',
        int32('type', 1),
        sockaddr('remote_addr', { sa_family: 'SA_FAMILY_T_UNSPEC' }),
      ),
      undefined,
    ],
    [
      'a connection as a flow',
      act('net_tcp_connect', str('dst', '10.0.0.7'), int32('dst_port', 443), strs('dst_dns', [])),
      { kind: 'connect', transport: 'tcp', address: '10.0.0.7', port: 443 },
    ],
    [
      'a server',
      act('security_socket_listen', sockaddr('local_addr', tcp4('0.0.0.0', 80)), int32('backlog', 9)),
      { kind: 'listen', transport: 'tcp', address: '0.0.0.0', port: 80 },
    ],
    [
      'somebody let in',
      act(
        'socket_accept',
        sockaddr('local_addr', tcp4('10.0.0.1', 80)),
        sockaddr('remote_addr', tcp4('10.0.0.7', 4000)),
      ),
      { kind: 'accept', transport: 'tcp', address: '10.0.0.7', port: 4000 },
    ],
    [
      'a question',
      dnsPacket(out, { qr: 0 }),
      { kind: 'resolve', phase: 'question', name: 'api.example', type: 'A', id: 77, server: '10.0.0.53' },
    ],
    [
      'an answer',
      dnsPacket(back, { qr: 1, answers }),
      {
        kind: 'resolve',
        phase: 'answer',
        name: 'api.example',
        type: 'A',
        id: 77,
        server: '10.0.0.53',
        answers: told,
      },
    ],
    ['a question somebody asks a server', dnsPacket({ ...out, direction: 'INGRESS' }, { qr: 0 }), undefined],
    ['an answer a server gives', dnsPacket({ ...back, direction: 'EGRESS' }, { qr: 1, answers }), undefined],
    [
      'a question of the derived kind: the port of the one who asked stands for the number',
      act(
        'net_packet_dns_request',
        message('metadata', 'packet_metadata', out),
        message('dns_questions', 'dns_questions', {
          questions: [{ query: 'api.example', query_type: 'AAAA', query_class: 'IN' }],
        }),
      ),
      {
        kind: 'resolve',
        phase: 'question',
        name: 'api.example',
        type: 'AAAA',
        id: 4321,
        server: '10.0.0.53',
      },
    ],
    [
      'an answer of the derived kind',
      act(
        'net_packet_dns_response',
        message('metadata', 'packet_metadata', back),
        message('dns_response', 'dns_responses', {
          responses: [
            {
              dns_query_data: { query: 'api.example', query_type: 'A', query_class: 'IN' },
              dns_answer: [
                { type: 'CNAME', ttl: 60, answer: 'a.edge.example' },
                { type: 'A', ttl: 20, answer: '192.0.2.7' },
              ],
            },
          ],
        }),
      ),
      {
        kind: 'resolve',
        phase: 'answer',
        name: 'api.example',
        type: 'A',
        id: 4321,
        server: '10.0.0.53',
        answers: told,
      },
    ],
    [
      'a module from a file',
      act('module_load', str('name', 'evil'), str('pathname', '/tmp/evil.ko')),
      { kind: 'privilege', privilege: 'module-load', detail: '/tmp/evil.ko' },
    ],
    [
      'a module from memory',
      act('do_init_module', str('name', 'evil')),
      { kind: 'privilege', privilege: 'module-load', detail: 'evil' },
    ],
    [
      'a module that was refused',
      act('init_module', int64('returnValue', -1)),
      { kind: 'privilege', privilege: 'module-load', error: 1 },
    ],
    [
      'a debugger',
      act('ptrace', int64('request', 16), int32('pid', 9), int64('returnValue', 0)),
      { kind: 'privilege', privilege: 'ptrace', detail: 'attach' },
    ],
    [
      'a debugger by name',
      act('ptrace', str('request', 'PTRACE_PEEKTEXT'), int64('returnValue', 0)),
      { kind: 'privilege', privilege: 'ptrace', detail: 'other' },
    ],
    [
      'a file in memory',
      act('memfd_create', str('uname', 'x'), u32('flags', 1), int64('returnValue', 5)),
      { kind: 'privilege', privilege: 'memfd', detail: 'x' },
    ],
    [
      'a capability',
      act('cap_capable', int32('cap', 21)),
      { kind: 'privilege', privilege: 'capability', detail: 'CAP_SYS_ADMIN' },
    ],
    [
      'a capability by name',
      act('cap_capable', str('cap', 'CAP_SYS_ADMIN')),
      { kind: 'privilege', privilege: 'capability', detail: 'CAP_SYS_ADMIN' },
    ],
    [
      'other namespaces',
      act('unshare', int32('flags', 0x1002_0000), int64('returnValue', 0)),
      { kind: 'privilege', privilege: 'unshare', detail: 'mnt,user' },
    ],
    [
      'other namespaces by name',
      act('unshare', str('flags', 'CLONE_NEWUSER|CLONE_NEWNS'), int64('returnValue', 0)),
      { kind: 'privilege', privilege: 'unshare', detail: 'mnt,user' },
    ],
    [
      'namespaces of somebody',
      act('setns', int32('nstype', 0)),
      { kind: 'privilege', privilege: 'setns', detail: 'any' },
    ],
    [
      'a mount',
      act(
        'security_sb_mount',
        str('dev_name', '/dev/sda'),
        str('path', '/mnt'),
        str('type', 'ext4'),
        u64('flags', 0),
      ),
      { kind: 'privilege', privilege: 'mount', detail: 'ext4 /dev/sda on /mnt' },
    ],
    [
      'a bind mount by name',
      act('security_sb_mount', str('dev_name', '/'), str('path', '/mnt'), str('flags', 'MS_BIND|MS_REC')),
      { kind: 'privilege', privilege: 'mount', detail: 'bind / on /mnt' },
    ],
    [
      'another root',
      act('chroot', str('path', '/mnt/x')),
      { kind: 'privilege', privilege: 'chroot', detail: '/mnt/x' },
    ],
    [
      'a program for the kernel',
      act('security_bpf', int32('cmd', 5)),
      { kind: 'privilege', privilege: 'bpf', detail: 'prog_load' },
    ],
    [
      'a program for the kernel by name',
      act('security_bpf', str('cmd', 'BPF_PROG_LOAD')),
      { kind: 'privilege', privilege: 'bpf', detail: 'prog_load' },
    ],
    [
      'a ring',
      act('io_uring_setup', int64('returnValue', 3)),
      { kind: 'privilege', privilege: 'io-uring', detail: 'setup' },
    ],
  ];
  it.each(table)('%s', (_, event, expected) => {
    for (const dialect of traceeDialects)
      expect(factsOf(event, dialect), dialect).toEqual(expected === undefined ? [] : [expected]);
  });

  it('counts by name what it has no row for, and detections apart', () => {
    const n = normaliser();
    n.push(grpcFramed(traceeMessage(act('vfs_read')), traceeMessage(act('vfs_read'))));
    n.push(grpcFramed(traceeMessage({ ...act('stdio_over_socket'), threat: 'x' })));
    n.push(grpcFramed(traceeMessage(act('\u001b[2J'))));
    expect(n.counters()).toMatchObject({
      'tracee.unknown': 3,
      'tracee.unknown.vfs_read': 2,
      'tracee.unknown.others': 1,
      'tracee.detections': 1,
      'tracee.detection.stdio_over_socket': 1,
    });
  });

  it('reads an event that is a detection besides', () => {
    const n = normaliser();
    const events = n.push(
      grpcFramed(traceeMessage({ ...act('chmod_common', str('pathname', '/x')), threat: 'x' })),
    );
    expect(events.at(-1)).toMatchObject({ kind: 'open', via: 'chmod' });
    expect(n.counters()).toMatchObject({ 'tracee.detections': 1, 'tracee.unknown': 0 });
  });
});

describe('who and where', () => {
  const open: TraceeEvent = act('security_file_open', str('pathname', '/x'), int32('flags', 0));

  it('tells the control group of a container before its first act, once', () => {
    const n = normaliser();
    const events = n.push(grpcFramed(traceeMessage(open), traceeMessage(open)));
    expect(events.map((e) => [e.kind, e.cgroup])).toEqual([
      ['cgroup', undefined],
      ['open', 44],
      ['open', 44],
    ]);
    expect(events[1]).toMatchObject({ time, process: { pid: 7, start: 5_000_000 } });
  });

  it('names a container that has no place here', () => {
    const elsewhere = { ...container, id: '6'.repeat(64), pod: 'cart-1', namespace: 'shop' };
    const digest = `sha256:${'b'.repeat(64)}`;
    const [event] = normaliser().push(
      grpcFramed(traceeMessage({ ...open, container: { ...elsewhere, digest } })),
    );
    expect(event?.container).toEqual({
      id: elsewhere.id,
      name: 'cart',
      image: 'registry.example/cart:1',
      digest,
      namespace: 'shop',
      pod: 'cart-1',
    });
  });

  it('puts what belongs to no container into the root, where it is passed over', () => {
    const { container: _, ...onHost } = open;
    expect(normaliser().push(grpcFramed(traceeMessage(onHost)))).toMatchObject([{ cgroup: 1 }]);
  });

  it('ends a container, and looks again should it come back', () => {
    const places = new Map([[id, { id: 44, path: '/a' }]]);
    const n = normaliser('main', { ...node, places });
    n.push(grpcFramed(traceeMessage(open)));
    const removed = grpcFramed(traceeMessage(act('container_remove', str('container_id', id))));
    // A control group of that name somewhere else was removed: its own is there.
    expect(n.push(removed)).toEqual([]);
    expect(n.push(grpcFramed(traceeMessage(open)))).toMatchObject([{ kind: 'open', cgroup: 44 }]);
    places.delete(id);
    const gone = n.push(removed);
    expect(gone).toMatchObject([{ kind: 'cgroup', action: 'removed', id: 44 }]);
    places.set(id, { id: 45, path: '/b' });
    expect(n.push(grpcFramed(traceeMessage(open))).map((e) => e.cgroup)).toEqual([undefined, 45]);
  });

  it.each(['container_create', 'existing_container'])('knows of a container by %s', (name) => {
    const told = act(name, str('runtime', 'containerd'), str('container_id', id));
    expect(normaliser().push(grpcFramed(traceeMessage(told)))).toMatchObject([
      { kind: 'cgroup', action: 'found', id: 44 },
    ]);
  });

  it('gives threads the start of their process, whoever shows first', () => {
    const thread = { ...process, tid: 70, start: process.start + 1_000_000 };
    const main = traceeMessage(open);
    const other = traceeMessage({ ...open, process: thread });
    const starts = (messages: readonly Uint8Array[], ticks?: Map<number, number>) =>
      normaliser('main', { ...node, ...(ticks && { ticks }) })
        .push(grpcFramed(...messages))
        .filter((e) => e.kind === 'open')
        .map((e) => e.process.start);
    expect(starts([main, other])).toEqual([5_000_000, 5_000_000]);
    // To the clock tick, as /proc tells it, and then so for ever.
    expect(starts([other, main], new Map([[7, 500]]))).toEqual([5_000_000, 5_000_000]);
    expect(starts([other, main])).toEqual([6_000_000, 6_000_000]);
  });

  it('tells two processes of one pid apart, late news of the first included', () => {
    const next = { ...process, start: process.start + 2_000_000, uniqueId: 100 };
    const messages = [process, next, process, next].map((p) => traceeMessage({ ...open, process: p }));
    const events = normaliser().push(grpcFramed(...messages));
    const starts = events.filter((e) => e.kind === 'open').map((e) => e.process.start);
    expect(starts).toEqual([5_000_000, 7_000_000, 5_000_000, 7_000_000]);
  });

  it('names the parent where it shows whose child a process is', () => {
    const exec = act('sched_process_exec', str('pathname', '/x'), strs('argv', ['x']));
    const unknown = { ...exec, process: { ...process, parent: { pid: 55, uniqueId: 5 } } };
    const events = normaliser().push(grpcFramed(...[open, exec, unknown].map((e) => traceeMessage(e))));
    expect(events.slice(1).map((e) => e.parent)).toEqual([
      undefined,
      { pid: 3, start: 1_000_000 },
      { pid: 55, start: 0 },
    ]);
  });

  it('takes times since boot, as releases up to v0.22 may tell them', () => {
    const sinceBoot = { ...open, time: 60_000_000, process: { ...process, start: 5_000_000 } };
    const events = normaliser('v0.21').push(grpcFramed(traceeMessage(sinceBoot, 'v0.21')));
    expect(events.at(-1)).toMatchObject({ time: boot + 60_000_000, process: { pid: 7, start: 5_000_000 } });
  });

  it('takes a bound datagram socket for one that listens, and leaves streams to listen', () => {
    const socket = (descriptor: number, type: TraceeValue) =>
      traceeMessage(act('socket', int32('domain', 2), type, int64('returnValue', descriptor)));
    const bind = (descriptor: number) =>
      traceeMessage(
        act('security_socket_bind', int32('sockfd', descriptor), sockaddr('local_addr', tcp4('0.0.0.0', 53))),
      );
    const events = normaliser().push(
      grpcFramed(
        socket(3, int32('type', 0o2000002)),
        socket(4, str('type', 'SOCK_STREAM')),
        bind(3),
        bind(4),
        bind(5),
      ),
    );
    expect(events.filter((e) => e.kind === 'listen')).toMatchObject([{ transport: 'udp', port: 53 }]);
  });
});

describe('a stream that is not as it should be', () => {
  const open = traceeMessage(act('security_file_open', str('pathname', '/x'), int32('flags', 0)));

  it('counts what it cannot read, goes on, and tells the loss once within a second', () => {
    const n = normaliser();
    const later = traceeMessage({
      ...act('security_file_open', str('pathname', '/x')),
      time: time + 2_000_000,
    });
    const garbage = Uint8Array.of(0x0a, 0x7f, 1);
    const events = n.push(grpcFramed(garbage, open, garbage));
    expect(events.map((e) => e.kind)).toEqual(['cgroup', 'open', 'gap']);
    expect(events.at(-1)).toMatchObject({ lost: 2, until: time });
    expect(n.push(grpcFramed(garbage))).toEqual([]);
    expect(n.push(grpcFramed(later)).at(-1)).toMatchObject({ kind: 'gap', lost: 1 });
    expect(n.counters()).toMatchObject({ 'tracee.records': 5, 'tracee.malformed': 3 });
  });

  it.each([
    ['a time before the epoch', { seconds: -1, nanos: 0 }],
    ['a time after the year 9999', { seconds: 253_402_300_800, nanos: 0 }],
    ['a second of too many nanoseconds', { seconds: 1, nanos: 1_000_000_000 }],
  ])('refuses %s', (_, timestamp) => {
    const n = normaliser();
    n.push(grpcFramed(rewritten(timestamp)));
    expect(n.counters()).toMatchObject({ 'tracee.malformed': 1 });
  });

  it('begins anew with each connection, and settles when it is watched', () => {
    const n = createTraceeNormaliser(fakeNodeView(node));
    expect(n.isSettled()).toBe(false);
    n.push(grpcFramed(open).subarray(0, 40));
    n.note({ type: 'connected', version: 'v0.24.1' });
    expect(n.isSettled()).toBe(false);
    n.note({ type: 'watching' });
    expect(n.isSettled()).toBe(true);
    expect(n.push(grpcFramed(open)).map((e) => e.kind)).toEqual(['cgroup', 'open']);
  });

  it('passes on what was lost beside the stream', () => {
    const gap = { since: 5, until: 9, lost: 3, reason: 'Tracee lost events' };
    expect(normaliser().note({ type: 'gap', ...gap })).toMatchObject([{ kind: 'gap', time: 9, ...gap }]);
  });
});

function rewritten(timestamp: object): Uint8Array {
  return traceeMessage({ ...act('chmod_common', str('pathname', '/x')), timestamp });
}

describe('the dialect of a release', () => {
  it.each([
    ['v0.18.2', undefined],
    ['v0.20.0', 'v0.20'],
    ['v0.21.1', 'v0.21'],
    ['v0.22.4', 'v0.21'],
    ['v0.22.5', 'v0.22.5'],
    ['0.23.2', 'v0.22.5'],
    ['v0.24.1', 'v0.22.5'],
    ['v0.24.1-345-g7c9ec97', 'main'],
    ['v0.25.0', 'main'],
    ['v1.0.0', 'main'],
    ['main-7c9ec97', 'main'],
    ['', 'main'],
  ])('%s', (version, dialect) => {
    expect(traceeDialectOf(version)).toBe(dialect);
  });

  it('is the newest for what calls itself later, which is counted', () => {
    const n = createTraceeNormaliser(fakeNodeView());
    n.note({ type: 'connected', version: 'v9.9.9' });
    expect(n.counters()).toMatchObject({ 'tracee.newer': 1 });
  });
});
