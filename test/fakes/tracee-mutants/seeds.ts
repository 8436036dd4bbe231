import type { TraceeDialect } from '../../../agent/core/normalise/tracee/dialect.ts';
import {
  bool,
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
} from '../tracee-messages.ts';

export const seedBoot = 1_700_000_000_000_000;
export const seedContainer = '4'.repeat(64);

const acts: readonly (readonly [string, ...TraceeValue[]])[] = [
  [
    'security_file_open',
    str('pathname', '/etc/app.conf'),
    int32('flags', 0o100000),
    u32('dev', 46),
    u64('inode', 7),
  ],
  [
    'security_file_open',
    str('pathname', '/var/x'),
    str('flags', 'O_WRONLY|O_CREAT'),
    nil('syscall_pathname'),
  ],
  [
    'shared_object_loaded',
    str('pathname', '/lib/libc.so.6'),
    int32('flags', 0),
    u64('ctime', '1700000000000000001'),
  ],
  ['security_inode_rename', str('old_path', '/a'), str('new_path', '/b')],
  ['security_inode_symlink', str('linkpath', '/a'), str('target', '../b')],
  [
    'security_socket_connect',
    int32('sockfd', 3),
    int32('type', 1),
    sockaddr('remote_addr', { sa_family: 'AF_INET', sin_addr: '10.0.0.7', sin_port: 443 }),
  ],
  [
    'security_socket_connect',
    str('type', 'SOCK_DGRAM'),
    sockaddr('remote_addr', { sa_family: 'AF_INET6', sin6_addr: '2001:db8::1', sin6_port: 53 }),
  ],
  ['socket_accept', sockaddr('remote_addr', { sa_family: 'AF_INET', sin_addr: '10.0.0.8', sin_port: 4000 })],
  ['security_socket_listen', sockaddr('local_addr', { sa_family: 'AF_UNIX', sun_path: '/run/x.sock' })],
  [
    'sched_process_exec',
    str('cmdpath', './x'),
    str('pathname', '/usr/bin/x'),
    strs('argv', ['./x', '', 'ü']),
    str('pwd', '/srv'),
    nil('sha256'),
  ],
  [
    'sched_process_fork',
    int32('child_pid', 90),
    int32('child_tid', 90),
    u64('start_time', `${seedBoot + 9}123`),
  ],
  ['sched_process_exit', int32('exit_code', 1), bool('process_group_exit', true)],
  ['ptrace', int64('request', 16), int32('pid', 5), int64('returnValue', -1)],
  ['cap_capable', int32('cap', 21)],
  [
    'net_packet_dns',
    str('src', '10.0.0.53'),
    str('dst', '10.0.0.9'),
    u32('src_port', 53),
    u32('dst_port', 4321),
    message('metadata', 'packet_metadata', { src_ip: '10.0.0.53', direction: 'INGRESS' }),
    message('proto_dns', 'dns', {
      id: 77,
      qr: 1,
      questions: [{ name: 'api.example', type: 'A', class: 'IN' }],
      answers: [{ name: 'api.example', type: 'A', ttl: 20, ip: '192.0.2.7' }],
    }),
  ],
  [
    'net_packet_dns_response',
    message('metadata', 'packet_metadata', { src_ip: '10.0.0.53', dst_port: 4321, src_port: 53 }),
    message('dns_response', 'dns_responses', {
      responses: [
        {
          dns_query_data: { query: 'b.example', query_type: 'A' },
          dns_answer: [{ type: 'A', ttl: 1, answer: '192.0.2.8' }],
        },
      ],
    }),
  ],
  ['container_create', str('container_id', seedContainer)],
];

/** One message of each kind, as Tracee writes them. */
export function seedMessages(dialect: TraceeDialect): readonly Uint8Array[] {
  return acts.map(([name, ...data], i) => {
    const event: TraceeEvent = {
      name,
      time: seedBoot + 60_000_000 + i,
      policies: ['whorl'],
      process: {
        pid: 70 + (i % 3),
        tid: i % 4 === 0 ? 99 : 70 + (i % 3),
        start: seedBoot + 5_000_000,
        uniqueId: 3_999_221_038,
        parent: { pid: 60, uniqueId: 12 },
        exe: '/srv/app',
        syscall: 'openat',
      },
      container: {
        id: seedContainer,
        name: 'cart',
        image: 'registry.example/cart:1',
        pod: 'cart-1',
        namespace: 'shop',
      },
      data,
    };
    return traceeMessage(event, dialect);
  });
}
