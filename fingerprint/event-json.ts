import { maxArgs, maxHooks } from './behaviour-json.ts';
import {
  accesses,
  type ContainerRef,
  type DnsAnswer,
  type Event,
  origins,
  type ProcessRef,
  privileges,
  transports,
} from './event.ts';
import { ObjectReader, readText, refuse } from './object-reader.ts';
import { formatTime, parseTime } from './time.ts';

const eventKinds = [
  'fork',
  'exec',
  'exit',
  'load',
  'open',
  'link',
  'delete',
  'rename',
  'connect',
  'listen',
  'accept',
  'resolve',
  'privilege',
  'cgroup',
  'attach',
  'gap',
] as const satisfies readonly Event['kind'][];

/**
 * Reads one normalised event (docs/events.md) from JSON of unknown origin. `time`, `since` and `until` are RFC 3339.
 * @throws SCHEMA with the field; unknown members are refused.
 */
export function parseEvent(value: unknown): Event {
  const r = new ObjectReader(value, '');
  const base = {
    time: r.value('time', readTime),
    process: r.value('process', parseProcess),
    ...r.optional('parent', () => r.value('parent', parseProcess)),
    ...r.optional('cgroup', () => r.integer('cgroup')),
    ...r.optional('container', () => r.value('container', parseContainer)),
    ...r.optional('found', () => r.flag('found')),
    ...r.optional('truncated', () => r.flag('truncated')),
    ...r.optional('error', () => r.integer('error', 1, 4095)),
  };
  return r.end({ ...base, ...readFacts(r) });
}

/** The event as its JSON line holds it: times as RFC 3339 with microseconds, members in the order of docs/events.md. */
export function formatEvent(e: Event): Record<string, unknown> {
  const { time, kind, process, ...rest } = e;
  const line = { time: formatTime(time), kind, process, ...rest };
  return e.kind === 'gap' ? { ...line, since: formatTime(e.since), until: formatTime(e.until) } : line;
}

function readTime(value: unknown, field: string): number {
  return (
    parseTime(readText(value, field, 40)) ??
    refuse(field, 'is not a time such as 2026-05-02T08:00:00.000123Z')
  );
}

export function parseProcess(value: unknown, field: string): ProcessRef {
  const r = new ObjectReader(value, field);
  return r.end({ pid: r.integer('pid', 0, 0x7fff_ffff), start: r.integer('start') });
}

function parseContainer(value: unknown, field: string): ContainerRef {
  const r = new ObjectReader(value, field);
  const text = <K extends string>(name: K): { [P in K]?: string } => r.optional(name, () => r.text(name));
  const texts = <K extends string>(name: K): { [P in K]?: string[] } =>
    r.optional(name, () => r.list(name, readText, maxAddresses));
  return r.end({
    id: r.text('id'),
    ...text('name'),
    ...text('image'),
    ...text('digest'),
    ...text('namespace'),
    ...text('pod'),
    ...text('owner'),
    ...r.optional('probes', () => r.list('probes', parseVector, maxProbes)),
    ...r.optional('command', () => r.value('command', parseVector)),
    ...text('hostname'),
    ...texts('addresses'),
    ...texts('resolvers'),
    ...texts('search'),
  });
}

/** Three probes and two hooks per container; an init system might list more. */
const maxProbes = 64;
/** Of a copy, its resolvers and search domains: glibc reads three and six. */
const maxAddresses = 64;

function parseVector(value: unknown, field: string): string[] {
  if (!Array.isArray(value) || value.length > maxArgs)
    return refuse(field, `must be a list of at most ${maxArgs} arguments`);
  return value.map((v: unknown, i) => readText(v, `${field}[${i}]`));
}

function parseAnswer(value: unknown, field: string): DnsAnswer {
  const r = new ObjectReader(value, field);
  return r.end({
    name: r.text('name'),
    type: r.word('type', ['A', 'AAAA', 'CNAME'] as const),
    data: r.text('data'),
    ttl: r.integer('ttl', 0, 0xffff_ffff),
  });
}

type Facts = Event extends infer E
  ? E extends Event
    ? Omit<E, 'time' | 'process' | 'parent' | 'cgroup' | 'container' | 'found' | 'truncated' | 'error'>
    : never
  : never;

function readFacts(r: ObjectReader): Facts {
  const kind = r.word('kind', eventKinds);
  switch (kind) {
    case 'fork':
      return { kind, child: r.value('child', parseProcess) };
    case 'exit':
      return {
        kind,
        code: r.integer('code', 0, 255),
        ...r.optional('signal', () => r.integer('signal', 1, 64)),
      };
    case 'exec':
      return readExec(r);
    case 'load':
    case 'open':
    case 'link':
    case 'delete':
    case 'rename':
      return readFile(r, kind);
    case 'connect':
    case 'listen':
    case 'accept':
    case 'resolve':
      return readNetwork(r, kind);
    case 'privilege':
      return {
        kind,
        privilege: r.word('privilege', privileges),
        ...r.optional('detail', () => r.text('detail')),
      };
    case 'cgroup':
      return {
        kind,
        action: r.word('action', ['found', 'made', 'removed'] as const),
        id: r.integer('id'),
        path: r.text('path'),
      };
    case 'attach':
      return { kind, to: r.integer('to'), ...r.optional('path', () => r.text('path')) };
    case 'gap':
      return {
        kind,
        since: r.value('since', readTime),
        until: r.value('until', readTime),
        lost: r.integer('lost'),
        reason: r.text('reason'),
      };
  }
}

function readExec(r: ObjectReader): Facts {
  return {
    kind: 'exec',
    exe: r.text('exe'),
    ...r.optional('file', () => r.text('file')),
    args: r.list('args', readText, maxArgs),
    ...r.optional('cwd', () => r.text('cwd')),
    ...readOrigin(r),
    ...r.optional('sha256', () => r.value('sha256', readSha256)),
    ...r.optional('caller', () => r.text('caller', 256)),
    ...r.optional('env', () => r.list('env', readText, maxHooks)),
  };
}

function readOrigin(r: ObjectReader): { origin?: (typeof origins)[number] } {
  return r.optional('origin', () => r.word('origin', origins));
}

export function readSha256(value: unknown, field: string): string {
  const text = readText(value, field, 64);
  return /^[0-9a-f]{64}$/.test(text) ? text : refuse(field, 'must be 64 lower-case hex digits');
}

function readFile(r: ObjectReader, kind: 'load' | 'open' | 'link' | 'delete' | 'rename'): Facts {
  const path = r.text('path');
  switch (kind) {
    case 'load':
      return { kind, path, ...readOrigin(r) };
    case 'open':
      return { kind, path, access: r.word('access', accesses), ...readOrigin(r), ...readVia(r) };
    case 'link':
      return { kind, path, target: r.text('target'), symbolic: r.boolean('symbolic') };
    case 'delete':
      return { kind, path };
    case 'rename':
      return { kind, path, to: r.text('to') };
  }
}

function readVia(r: ObjectReader): { via?: string } {
  return r.optional('via', () => r.text('via'));
}

function readNetwork(r: ObjectReader, kind: 'connect' | 'listen' | 'accept' | 'resolve'): Facts {
  if (kind === 'resolve') {
    return {
      kind,
      phase: r.word('phase', ['question', 'answer'] as const),
      name: r.text('name'),
      type: r.text('type', 16),
      id: r.integer('id', 0, 0xffff),
      server: r.text('server'),
      ...r.optional('answers', () => r.list('answers', parseAnswer, 256)),
    };
  }
  const peer = {
    transport: r.word('transport', transports),
    address: r.text('address'),
    port: r.integer('port', 0, 0xffff),
  };
  return kind === 'connect' ? { kind, ...peer, ...readVia(r) } : { kind, ...peer };
}
