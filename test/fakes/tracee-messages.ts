import type { TraceeDialect } from '../../agent/core/normalise/tracee/dialect.ts';
import { type LoadedProto, loadProto } from '../../proto/load.ts';

/** Tracee's messages as each dialect of its wire has them, made by protobufjs from our own protos. */

/** µs, since the epoch or since boot: as told. */
type Micros = number;

export interface TraceeProcess {
  readonly pid: number;
  /** Of the thread that acts; absent: the main one. */
  readonly tid?: number;
  /** When that thread started. */
  readonly start: Micros;
  readonly uniqueId?: number;
  readonly parent?: { readonly pid: number; readonly uniqueId?: number };
  readonly comm?: string;
  readonly exe?: string;
  readonly syscall?: string;
}

export interface TraceeContainer {
  readonly id: string;
  readonly name?: string;
  readonly image?: string;
  /** `sha256:<64 hex>` of the repository digest. */
  readonly digest?: string;
  readonly pod?: string;
  readonly namespace?: string;
  readonly podUid?: string;
}

/** One argument: its name and the member of the wire's oneof; a name alone is Tracee's nil. */
export interface TraceeValue {
  readonly name: string;
  readonly [member: string]: unknown;
}

export interface TraceeEvent {
  readonly name: string;
  readonly time: Micros;
  readonly id?: number;
  readonly process?: TraceeProcess;
  readonly container?: TraceeContainer;
  readonly data?: readonly TraceeValue[];
  /** Name of a detection. */
  readonly threat?: string;
  readonly policies?: readonly string[];
  /** Instead of `time`, for what no time can be. */
  readonly timestamp?: object;
}

export interface TraceeAddress {
  readonly sa_family: 'SA_FAMILY_T_UNSPEC' | 'AF_UNIX' | 'AF_INET' | 'AF_INET6';
  readonly sun_path?: string;
  readonly sin_addr?: string;
  readonly sin_port?: number;
  readonly sin6_addr?: string;
  readonly sin6_port?: number;
}

export const nil = (name: string): TraceeValue => ({ name });
export const int32 = (name: string, value: number): TraceeValue => ({ name, int32: value });
export const int64 = (name: string, value: number): TraceeValue => ({ name, int64: value });
export const u32 = (name: string, value: number): TraceeValue => ({ name, u_int32: value });
export const u64 = (name: string, value: number | string): TraceeValue => ({ name, u_int64: value });
export const str = (name: string, value: string): TraceeValue => ({ name, str: value });
export const bool = (name: string, value: boolean): TraceeValue => ({ name, bool: value });
export const strs = (name: string, value: readonly string[]): TraceeValue => ({ name, str_array: { value } });
export const sockaddr = (name: string, value: TraceeAddress): TraceeValue => ({ name, sockaddr: value });
/** `dns`, `dns_questions`, `dns_responses`, `packet_metadata`: by the names of the protos. */
export const message = (name: string, member: string, value: object): TraceeValue => ({
  name,
  [member]: value,
});

const loaded = new Map<TraceeDialect, LoadedProto>();

/** The services and messages of one dialect, also for a server. */
export function traceeProto(dialect: TraceeDialect): LoadedProto {
  const known = loaded.get(dialect);
  if (known !== undefined) return known;
  const proto = loadProto('tracee/common.proto', `tracee/${dialect}.proto`);
  loaded.set(dialect, proto);
  return proto;
}

/** The event as an object of the protos. */
function traceeEvent(event: TraceeEvent, dialect: TraceeDialect = 'main'): object {
  const workload = { ...processOf(event.process), ...containerOf(event.container) };
  return {
    timestamp: event.timestamp ?? timestamp(event.time),
    id: event.id ?? 1,
    name: event.name,
    ...(event.policies === undefined ? {} : { policies: { matched: event.policies } }),
    [dialect === 'v0.20' || dialect === 'v0.21' ? 'context' : 'workload']: workload,
    data: event.data ?? [],
    ...(event.threat === undefined ? {} : { threat: { name: event.threat, severity: 3 } }),
  };
}

/** One message of the stream, `StreamEventsResponse`. */
export function traceeMessage(event: TraceeEvent, dialect: TraceeDialect = 'main'): Uint8Array {
  const codec = traceeProto(dialect).codec('tracee.v1beta1.StreamEventsResponse');
  return codec.encode({ event: traceeEvent(event, dialect) });
}

/** Messages as they stand in a gRPC stream: a byte that says they are not compressed and four of length before each. */
export function grpcFramed(...messages: readonly Uint8Array[]): Uint8Array {
  const heads = messages.map((m) =>
    Buffer.from([0, m.length >>> 24, m.length >>> 16, m.length >>> 8, m.length]),
  );
  return Buffer.concat(messages.flatMap((m, i) => [heads[i] ?? Buffer.alloc(0), m]));
}

function timestamp(micros: Micros): object {
  return { seconds: Math.floor(micros / 1e6), nanos: Math.round(micros % 1e6) * 1000 };
}

function wrapped(value: number | undefined): object | undefined {
  return value === undefined ? undefined : { value };
}

function processOf(process: TraceeProcess | undefined): object {
  if (process === undefined) return {};
  const { pid, start, uniqueId, parent } = process;
  const tid = process.tid ?? pid;
  return {
    process: {
      executable: { path: process.exe ?? '' },
      unique_id: wrapped(uniqueId),
      host_pid: wrapped(pid),
      pid: wrapped(pid),
      real_user: { id: wrapped(0) },
      thread: {
        start_time: timestamp(start),
        name: process.comm ?? 'main',
        unique_id: wrapped(uniqueId),
        host_tid: wrapped(tid),
        tid: wrapped(tid),
        syscall: process.syscall ?? '',
      },
      ancestors:
        parent === undefined
          ? []
          : [
              {
                unique_id: wrapped(parent.uniqueId),
                host_pid: wrapped(parent.pid),
                pid: wrapped(parent.pid),
              },
            ],
    },
  };
}

function containerOf(container: TraceeContainer | undefined): object {
  if (container === undefined) return {};
  const { id, name, image, digest, pod, namespace, podUid } = container;
  const repo = (image ?? 'registry.example/image').replace(/:[^:/]*$/, '');
  return {
    container: {
      id,
      name: name ?? '',
      image: { name: image ?? '', repo_digests: digest === undefined ? [] : [`${repo}@${digest}`] },
      started: true,
    },
    ...(pod === undefined
      ? {}
      : { k8s: { pod: { name: pod, uid: podUid ?? '' }, namespace: { name: namespace ?? '' } } }),
  };
}
