import { type Copy, database, helper, serverProgram } from './fleet.ts';

/**
 * Messages of Tracee's StreamEvents, framed for the wire beforehand: HTTP/2 DATA frame, gRPC message, event. What differs
 * from one to the next (times, pids) has a fixed place in each, and is written over. Field numbers: v0.22.5 to v0.24.1.
 */
export interface Frame {
  readonly bytes: Uint8Array;
  /** Offsets of what is written over; -1: it has none. */
  readonly time: number;
  readonly start: number;
  readonly pids: readonly number[];
  readonly ids: readonly number[];
  readonly childPids: readonly number[];
  readonly childStart: number;
  readonly drawn: number;
}

/** HTTP/2 frame head, gRPC message head. */
export const frameHead = 9;
const messageHead = 5;
/** `StreamEventsRequest.mask` as the agent sends it (agent/adapters/source-tracee/mask.ts), or nothing. */
export type Fields = 'full' | 'masked';

/** Marks of what is written over: no text has such bytes. Varints of fixed length, each to be recognised. */
const mark = {
  seconds: Uint8Array.of(0xf1, 0xf2, 0xf3, 0xf4, 0x05),
  startSeconds: Uint8Array.of(0xf1, 0xf2, 0xf3, 0xf5, 0x05),
  nanos: Uint8Array.of(0xe1, 0xe2, 0xe3, 0xe4, 0x01),
  pid: Uint8Array.of(0xd1, 0xd2, 0xd3, 0x01),
  childPid: Uint8Array.of(0xc1, 0xc2, 0xc3, 0x01),
  id: Uint8Array.of(0xb1, 0xb2, 0xb3, 0xb4, 0x01),
  nanoseconds: Uint8Array.of(0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0x01),
  drawn: new TextEncoder().encode('QQQQQQQQ'),
} as const;
export const drawnLength = mark.drawn.length;

type Part = Uint8Array | readonly Part[];

export function openFrame(copy: Copy, path: string, fields: Fields): Frame {
  const data = [
    str('pathname', path),
    str('flags', 'O_RDONLY|O_LARGEFILE'),
    ...inode(),
    str('syscall_pathname', path),
  ];
  return frame(copy, fields, { id: 1031, name: 'security_file_open', syscall: 'openat', data });
}

export function connectFrame(copy: Copy, fields: Fields): Frame {
  const address = message(12, [varint(1, 2), text(3, database.address), varint(4, database.port)]);
  const data = [int('sockfd', 7), str('type', 'SOCK_STREAM'), named('remote_addr', address)];
  return frame(copy, fields, { id: 1035, name: 'security_socket_connect', syscall: 'connect', data });
}

/** With it a copy has started up: what it does from then on is its daily work. */
export function listenFrame(copy: Copy, fields: Fields): Frame {
  const address = message(12, [varint(1, 2), text(3, '0.0.0.0'), varint(4, 8_080)]);
  const data = [int('sockfd', 6), named('local_addr', address), int('backlog', 511)];
  return frame(copy, fields, { id: 1034, name: 'security_socket_listen', syscall: 'listen', data });
}

export function forkFrame(copy: Copy, fields: Fields): Frame {
  const data = [
    int('parent_tid', 1),
    int('parent_pid', copy.server.pid),
    named('child_tid', [key(2, 0), mark.childPid]),
    named('child_pid', [key(2, 0), mark.childPid]),
    named('start_time', [key(5, 0), mark.nanoseconds]),
  ];
  return frame(copy, fields, { id: 1013, name: 'sched_process_fork', syscall: 'clone', data });
}

export function execFrame(copy: Copy, fields: Fields, program = helper): Frame {
  const data = [
    str('cmdpath', program.exe),
    str('pathname', program.exe),
    ...inode(),
    named('inode_mode', varint(4, 33_261)),
    str('interpreter_pathname', '/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2'),
    named(
      'argv',
      message(
        9,
        program.args.map((arg) => text(1, arg)),
      ),
    ),
    str('interp', program.exe),
    str('stdin_type', 'S_IFCHR'),
    str('stdin_path', '/dev/null'),
    named('invoked_from_kernel', varint(8, 0)),
    str('prev_comm', 'node'),
    str('pwd', '/srv'),
  ];
  return frame(copy, fields, {
    id: 1014,
    name: 'sched_process_exec',
    syscall: 'execve',
    data,
    child: program === helper,
  });
}

export function exitFrame(copy: Copy, fields: Fields): Frame {
  const data = [int('exit_code', 0), int('signal_code', 0), named('process_group_exit', varint(8, 1))];
  return frame(copy, fields, {
    id: 1015,
    name: 'sched_process_exit',
    syscall: 'exit_group',
    data,
    child: true,
  });
}

/** An execution in no container. */
export function hostFrame(): Frame {
  const process = [
    message(2, [key(1, 0), mark.id]),
    message(3, [key(1, 0), mark.pid]),
    message(6, [
      message(1, [
        [key(1, 0), mark.startSeconds],
        [key(2, 0), mark.nanos],
      ]),
      message(4, [key(1, 0), mark.pid]),
    ]),
  ];
  const data = [str('pathname', '/usr/bin/sleep'), named('argv', message(9, [text(1, 'sleep')]))];
  const time = message(1, [
    [key(1, 0), mark.seconds],
    [key(2, 0), mark.nanos],
  ]);
  return framed(
    flat(message(1, [time, text(3, 'sched_process_exec'), message(5, message(1, process)), ...data])),
  );
}

/** What a helper opens and nobody approved: each time another name. */
export function strangeFrame(copy: Copy, fields: Fields): Frame {
  const path = `/var/lib/strange/${'Q'.repeat(drawnLength)}/loot`;
  const data = [
    str('pathname', path),
    str('flags', 'O_RDONLY|O_LARGEFILE'),
    ...inode(),
    str('syscall_pathname', path),
  ];
  return frame(copy, fields, { id: 1031, name: 'security_file_open', syscall: 'openat', data, child: true });
}

interface Said {
  readonly id: number;
  readonly name: string;
  readonly syscall: string;
  readonly data: readonly Part[];
  /** Said of a helper of the copy, not of its server. */
  readonly child?: boolean;
}

function frame(copy: Copy, fields: Fields, { id, name, syscall, data, child = false }: Said): Frame {
  const isFull = fields === 'full';
  const program = child ? helper : serverProgram;
  const pid = child ? [key(1, 0), mark.pid] : varint(1, copy.server.pid);
  const inside = varint(1, child ? 4_711 : 1);
  const uniqueId = child ? [key(1, 0), mark.id] : varint(1, 3_000_000_000 + copy.index);
  const comm = program.exe.slice(program.exe.lastIndexOf('/') + 1);
  const start = message(1, [
    [key(1, 0), child ? mark.startSeconds : fixedVarint(Math.floor(copy.startedAt / 1e6), 5)],
    [key(2, 0), child ? mark.nanos : fixedVarint((copy.startedAt % 1e6) * 1000, 5)],
  ]);
  const thread = [
    start,
    ...full(isFull, [text(2, comm), message(3, uniqueId)]),
    message(4, pid),
    ...full(isFull, [message(5, inside), text(6, syscall)]),
  ];
  const parent = [
    message(2, varint(1, 3_000_000_000 + copy.index)),
    message(3, varint(1, child ? copy.server.pid : 1)),
    message(4, varint(1, 1)),
  ];
  const process = [
    ...full(isFull, [message(1, text(1, program.exe))]),
    message(2, uniqueId),
    message(3, pid),
    ...full(isFull, [message(4, inside), message(5, message(1, varint(1, 1_000)))]),
    message(6, thread),
    message(7, parent),
  ];
  const event = [
    message(1, [
      [key(1, 0), mark.seconds],
      [key(2, 0), mark.nanos],
    ]),
    ...full(isFull, [varint(2, id)]),
    text(3, name),
    ...full(isFull, [message(4, text(1, 'fingerprint'))]),
    message(5, [message(1, process), message(2, containerOf(copy)), message(3, podOf(copy))]),
    ...data,
  ];
  return framed(flat(message(1, event)));
}

function containerOf({ container, image, digest }: Copy): Part {
  return [
    text(1, container),
    text(2, 'main'),
    message(3, [text(2, `${image}@${digest}`), text(3, `${image}:1.4.2`)]),
    varint(4, 1),
  ];
}

function podOf({ container, index }: Copy): Part {
  const uid = `${container.slice(0, 8)}-${container.slice(8, 12)}-4${container.slice(13, 16)}-8${container.slice(17, 20)}-${container.slice(20, 32)}`;
  return [
    message(1, [text(1, `shop-${container.slice(40, 50)}-${index}`), text(2, uid)]),
    message(2, text(1, 'shop')),
  ];
}

/** dev, inode and ctime stand on each of Tracee's file events. */
function inode(): Part[] {
  return [
    named('dev', varint(4, 46)),
    named('inode', varint(5, 1_313_131)),
    named('ctime', [key(5, 0), fixedVarint(2 ** 60, 9)]),
  ];
}

function framed(event: Uint8Array): Frame {
  const bytes = new Uint8Array(frameHead + messageHead + event.length);
  const view = new DataView(bytes.buffer);
  view.setUint16(1, messageHead + event.length);
  view.setUint32(frameHead + 1, event.length);
  bytes.set(event, frameHead + messageHead);
  const [time = -1] = places(bytes, mark.seconds);
  const [start = -1] = places(bytes, mark.startSeconds);
  const [childStart = -1] = places(bytes, mark.nanoseconds);
  return {
    bytes,
    time,
    start,
    childStart,
    pids: places(bytes, mark.pid),
    ids: places(bytes, mark.id),
    childPids: places(bytes, mark.childPid),
    drawn: places(bytes, mark.drawn)[0] ?? -1,
  };
}

function places(bytes: Uint8Array, wanted: Uint8Array): number[] {
  const found: number[] = [];
  const buffer = Buffer.from(bytes.buffer);
  for (let at = buffer.indexOf(wanted); at >= 0; at = buffer.indexOf(wanted, at + 1)) found.push(at);
  return found;
}

function full(isFull: boolean, parts: readonly Part[]): readonly Part[] {
  return isFull ? parts : [];
}

function key(field: number, type: number): Uint8Array {
  return fixedVarint(field * 8 + type, field < 16 ? 1 : 2);
}

function varint(field: number, value: number): Part {
  let length = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) length += 1;
  return [key(field, 0), fixedVarint(value, length)];
}

function text(field: number, value: string): Part {
  return message(field, new TextEncoder().encode(value));
}

function message(field: number, content: Part): Part {
  const bytes = flat(content);
  return [key(field, 2), fixedVarint(bytes.length, bytes.length < 128 ? 1 : 2), bytes];
}

/** An argument: field 6 of the event, with its name. */
function named(name: string, value: Part): Part {
  return message(6, [text(1, name), value]);
}

const str = (name: string, value: string): Part => named(name, text(6, value));
const int = (name: string, value: number): Part => named(name, varint(2, value));

function fixedVarint(value: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  writeVarint(bytes, 0, value, length);
  return bytes;
}

/** With as many bytes as that: what is shorter is filled up, which every reader takes. */
export function writeVarint(bytes: Uint8Array, at: number, value: number, length: number): void {
  let rest = value;
  for (let i = 0; i < length; i++) {
    bytes[at + i] = (rest % 128) | (i === length - 1 ? 0 : 0x80);
    rest = Math.floor(rest / 128);
  }
}

function flat(part: Part): Uint8Array {
  if (part instanceof Uint8Array) return part;
  return Buffer.concat(part.map(flat));
}
