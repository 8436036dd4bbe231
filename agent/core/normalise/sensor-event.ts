import type { Access, Event, ProcessRef, Transport } from '../../../fingerprint/event.ts';
import { parseDns } from './dns-message.ts';
import { originOf } from './sensor-origin.ts';
import { privilegeOf } from './sensor-privilege.ts';
import { fact, fieldTag, recordFlag, recordHead, recordType, type SensorRecord } from './sensor-record.ts';
import { addressOf, argsOf, pathOf, resolvePath, textOf } from './sensor-text.ts';

const none = new Uint8Array();

/** Bit of the record → name, as `ENV_HOOKS` of the sensor. */
export const envHooks = [
  'LD_PRELOAD',
  'LD_LIBRARY_PATH',
  'BASH_ENV',
  'NODE_OPTIONS',
  'PYTHONPATH',
  'JAVA_TOOL_OPTIONS',
  'PERL5OPT',
  'LD_AUDIT',
  'PERL5LIB',
  'RUBYOPT',
  'JDK_JAVA_OPTIONS',
  'PYTHONSTARTUP',
  'GCONV_PATH',
  'PYTHONHOME',
  'RUBYLIB',
];
/** The environment was longer than what is looked through. */
const envIncomplete = 0x8000_0000;

const gapReasons = [
  'rate limit: open',
  'rate limit: write',
  'rate limit: failed open',
  'rate limit: load',
  'rate limit: file change',
  'rate limit: network',
  'rate limit: privilege',
  'rate limit: accept',
  'ring full: process and network',
  'ring full: open',
  'kernel program interrupted itself',
  'processes older than the sensor cannot be listed',
  'rate limit: capability',
];

type Facts = Event extends infer E
  ? E extends Event
    ? Omit<E, 'time' | 'process' | 'parent' | 'cgroup' | 'container' | 'found' | 'truncated' | 'error'>
    : never
  : never;

/** What every event of the record has in common. */
export function baseOf(r: SensorRecord, epochOffset: number) {
  const flags = r.u16(recordHead.flags);
  const error = r.i32(recordHead.error);
  const type = r.u16(recordHead.type);
  const cgroup = r.u64(recordHead.cgroup);
  const parentPid = r.u32(recordHead.parentPid);
  // Files are the many; whose child their process is was told by its fork or exec.
  const withParent = parentPid !== 0 && (type < recordType.open || type > recordType.change);
  return {
    time: r.micros(recordHead.time) + epochOffset,
    process: { pid: r.u32(recordHead.pid), start: r.micros(recordHead.start) },
    ...(withParent ? { parent: { pid: parentPid, start: r.micros(recordHead.parentStart) } } : {}),
    ...(cgroup !== 0 ? { cgroup } : {}),
    ...((flags & recordFlag.found) !== 0 ? { found: true as const } : {}),
    ...(r.truncated ? { truncated: true as const } : {}),
    ...(error > 0 && error <= 4095 && type !== recordType.gap ? { error } : {}),
  };
}

/** The facts of one record that is an event; undefined for one that says nothing (a payload that is no DNS). */
export function factsOf(r: SensorRecord, epochOffset: number): Facts | undefined {
  switch (r.u16(recordHead.type)) {
    case recordType.exec:
      return execFacts(r);
    case recordType.fork:
      return { kind: 'fork', child: childOf(r) };
    case recordType.exit:
      return exitFacts(r);
    case recordType.open:
    case recordType.load:
    case recordType.delete:
    case recordType.rename:
    case recordType.link:
    case recordType.change:
      return fileFacts(r);
    case recordType.connect:
    case recordType.listen:
    case recordType.accept:
      return peerFacts(r);
    case recordType.dns:
      return dnsFacts(r);
    case recordType.privilege: {
      const what = privilegeOf(r);
      return what && { kind: 'privilege', ...what };
    }
    case recordType.cgroup:
      return {
        kind: 'cgroup',
        action: (['found', 'made', 'removed'] as const)[r.u32(recordHead.a)] ?? 'found',
        id: r.u64(recordHead.b),
        path: textOf(r.field(fieldTag.text) ?? none),
      };
    case recordType.attach:
      return { kind: 'attach', to: r.u64(recordHead.a), path: textOf(r.field(fieldTag.text) ?? none) };
    case recordType.gap:
      return {
        kind: 'gap',
        since: r.micros(recordHead.b) + epochOffset,
        until: r.micros(recordHead.c) + epochOffset,
        lost: r.u64(recordHead.a),
        reason: gapReasons[r.i32(recordHead.error)] ?? 'unknown',
      };
    default:
      return undefined;
  }
}

export function childOf(r: SensorRecord): ProcessRef {
  return { pid: r.u32(recordHead.a), start: r.micros(recordHead.b) };
}

function exitFacts(r: SensorRecord): Facts {
  const raw = r.u32(recordHead.a);
  const signal = raw & 0x7f;
  return { kind: 'exit', code: (raw >> 8) & 0xff, ...(signal > 0 && signal <= 64 ? { signal } : {}) };
}

function named(r: SensorRecord, base: 2 | 4, name: 3 | 5): string {
  return resolvePath(pathOf(r.field(base) ?? none), textOf(r.field(name) ?? none));
}

function execFacts(r: SensorRecord): Facts {
  const path = r.field(fieldTag.path);
  if (path === undefined) return { kind: 'exec', exe: named(r, fieldTag.base, fieldTag.name), args: [] };
  const exe = pathOf(path);
  const origin = originOf(r.u32(recordHead.facts), exe);
  const cwd = pathOf(r.field(fieldTag.cwd) ?? none);
  const called = r.field(fieldTag.name);
  const file = called === undefined ? exe : calledFile(r, cwd, textOf(called));
  const marks = r.u32(recordHead.a);
  const env = envHooks.filter((_, bit) => (marks & (1 << bit)) !== 0);
  if ((marks & envIncomplete) !== 0) env.push('…');
  return {
    kind: 'exec',
    exe,
    ...(file !== exe ? { file } : {}),
    args: argsOf(r.field(fieldTag.args) ?? none),
    cwd,
    ...(origin !== undefined ? { origin } : {}),
    ...(env.length > 0 ? { env } : {}),
  };
}

/** An absolute name is looked up from the process's own root: under chroot that is not the container's. */
function calledFile(r: SensorRecord, cwd: string, called: string): string {
  return resolvePath(called.startsWith('/') ? pathOf(r.field(fieldTag.base) ?? none) : cwd, called);
}

const changes: readonly { readonly access: Access; readonly via: string }[] = [
  { access: 'write', via: 'change' },
  { access: 'write', via: 'chmod' },
  { access: 'write', via: 'chown' },
  { access: 'write', via: 'truncate' },
  { access: 'create', via: 'mkdir' },
  { access: 'create', via: 'mknod' },
];

function fileFacts(r: SensorRecord): Facts {
  const resolved = r.field(fieldTag.path);
  const path = resolved === undefined ? named(r, fieldTag.base, fieldTag.name) : pathOf(resolved);
  const origin = resolved === undefined ? undefined : originOf(r.u32(recordHead.facts), path);
  const withOrigin = origin === undefined ? {} : { origin };
  switch (r.u16(recordHead.type)) {
    case recordType.load:
      return { kind: 'load', path, ...withOrigin };
    case recordType.delete:
      return { kind: 'delete', path };
    case recordType.rename:
      return { kind: 'rename', path, to: named(r, fieldTag.base2, fieldTag.name2) };
    case recordType.link: {
      const symbolic = r.u32(recordHead.a) === 1;
      const target = symbolic ? textOf(r.field(fieldTag.name) ?? none) : path;
      return { kind: 'link', path: named(r, fieldTag.base2, fieldTag.name2), target, symbolic };
    }
    case recordType.change:
      return { kind: 'open', path, ...(changes[r.u32(recordHead.a)] ?? changes[0]!), ...withOrigin };
    default:
      return { kind: 'open', path, access: accessOf(r), ...withOrigin, ...uringVia(r) };
  }
}

const O_ACCMODE = 3;
const O_CREAT = 0o100;
const O_TRUNC = 0o1000;

/** Of a file that is open: what came of it. Of a failed attempt: what was asked for. */
function accessOf(r: SensorRecord): Access {
  const asked = r.u32(recordHead.b);
  if ((r.u32(recordHead.facts) & fact.created) !== 0) return 'create';
  if (r.i32(recordHead.error) !== 0 && (asked & O_CREAT) !== 0) return 'create';
  return (r.u32(recordHead.a) & O_ACCMODE) !== 0 || (asked & O_TRUNC) !== 0 ? 'write' : 'read';
}

function uringVia(r: SensorRecord): { via?: string } {
  return (r.u16(recordHead.flags) & recordFlag.uring) !== 0 ? { via: 'io_uring' } : {};
}

/** `transport` of the sensor; raw and ICMP sockets have no port and no kind of their own, but they do leave the machine. */
const transportTable: readonly { readonly transport: Transport; readonly via?: string }[] = [
  { transport: 'tcp' },
  { transport: 'tcp' },
  { transport: 'udp' },
  { transport: 'unix' },
  { transport: 'udp', via: 'raw' },
  { transport: 'udp', via: 'icmp' },
];
const viaTable = [undefined, 'fastopen', 'io_uring', 'sendto', 'sendmsg'];

function peerFacts(r: SensorRecord): Facts | undefined {
  const how = r.u32(recordHead.a);
  const { transport, via } = transportTable[how & 0xff] ?? transportTable[0]!;
  const address = transport === 'unix' ? unixAddress(r) : addressOf(r.field(fieldTag.address) ?? none);
  if (address === '') return undefined;
  const peer = { transport, address, port: transport === 'unix' ? 0 : r.u32(recordHead.b) & 0xffff };
  switch (r.u16(recordHead.type)) {
    case recordType.listen:
      return { kind: 'listen', ...peer };
    case recordType.accept:
      return { kind: 'accept', ...peer };
    default: {
      const by = via ?? viaTable[how >> 8];
      return { kind: 'connect', ...peer, ...(by !== undefined ? { via: by } : {}) };
    }
  }
}

function unixAddress(r: SensorRecord): string {
  const path = r.field(fieldTag.path);
  if (path !== undefined) return pathOf(path);
  const given = r.field(fieldTag.unix);
  if (given === undefined || given.length === 0) return '';
  if (given[0] === 0) return `@${textOf(given.subarray(1))}`;
  const end = given.indexOf(0);
  return resolvePath(
    pathOf(r.field(fieldTag.base) ?? none),
    textOf(end < 0 ? given : given.subarray(0, end)),
  );
}

function dnsFacts(r: SensorRecord): Facts | undefined {
  const message = parseDns(r.field(fieldTag.payload) ?? none, (r.u32(recordHead.a) & 0xff) === 1);
  if (message === undefined) return undefined;
  const { id, name, type, answers, isAnswer } = message;
  const server = addressOf(r.field(fieldTag.address) ?? none);
  const common = { kind: 'resolve', name, type, id, server } as const;
  return isAnswer ? { ...common, phase: 'answer', answers } : { ...common, phase: 'question' };
}
