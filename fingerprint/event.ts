/**
 * What a source saw, in one vocabulary: the normalised event (docs/events.md). Facts only; nothing here is judged yet.
 *
 * Times are whole microseconds, because a double holds them exactly: `time` since the Unix epoch, `start` since boot.
 * All paths are absolute and as seen from the container's own root; all strings are untrusted.
 */

/** Kinds of behaviour that are learned and judged (DESIGN §2). */
export const behaviourKinds = [
  'exec',
  'load',
  'open',
  'link',
  'delete',
  'rename',
  'connect',
  'listen',
  'resolve',
  'privilege',
] as const;
export type BehaviourKind = (typeof behaviourKinds)[number];

/** A process: pid in the host's pid namespace and its start time. The pair is never reused; a pid alone is. */
export interface ProcessRef {
  readonly pid: number;
  /** µs since boot. */
  readonly start: number;
}

/** What a source itself knows of the container; the agent fills in the rest once and the recording keeps it. */
export interface ContainerRef {
  /** As the runtime writes it (64 hex for OCI runtimes), or the generalised cgroup path where there is no runtime. */
  readonly id: string;
  readonly name?: string;
  /** Image name without digest, as the runtime shows it. */
  readonly image?: string;
  /** `sha256:<64 hex>` of the OCI manifest; off a container runtime: of the entrypoint (docs/format.md, identity). */
  readonly digest?: string;
  readonly namespace?: string;
  readonly pod?: string;
  readonly owner?: string;
  /** Argument vectors of the probes and hooks that the pod spec or the image names: what may enter from outside. */
  readonly probes?: readonly (readonly string[])[];
  /** Entrypoint and command as the runtime was told: part of the identity of a site baseline (DESIGN §2.1). */
  readonly command?: readonly string[];
  /** What the copy is called and where it lives, so that a recording can be read elsewhere. */
  readonly hostname?: string;
  /** Its own addresses. */
  readonly addresses?: readonly string[];
  /** Servers its resolver asks: an answer of any other names nothing. */
  readonly resolvers?: readonly string[];
  /** Domains its resolver appends. */
  readonly search?: readonly string[];
}

/**
 * Where the bytes of a file came from (DESIGN §5). `upper` was written into the container and differs from what the image
 * has there; `carried` has the bytes of a file of another image of the same pod (an init container that hands over a tool).
 */
export const origins = ['image', 'upper', 'volume', 'scratch', 'memory', 'carried'] as const;
export type Origin = (typeof origins)[number];

export const accesses = ['read', 'write', 'create', 'map'] as const;
export type Access = (typeof accesses)[number];

export const transports = ['tcp', 'udp', 'unix'] as const;
export type Transport = (typeof transports)[number];

export const privileges = [
  'module-load',
  'ptrace',
  'memfd',
  'setns',
  'unshare',
  'mount',
  'chroot',
  'bpf',
  'io-uring',
  'compat-syscall',
  'leave-cgroup',
  'capability',
] as const;
export type Privilege = (typeof privileges)[number];

export interface DnsAnswer {
  /** The name this record is about (a CNAME chain has several). */
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'CNAME';
  /** The address, or for CNAME the target name. */
  readonly data: string;
  /** Seconds. */
  readonly ttl: number;
}

interface Base {
  /** µs since the Unix epoch. */
  readonly time: number;
  /** Who did it. For `fork` the parent, for `attach` the process that moved. */
  readonly process: ProcessRef;
  /** The parent at that moment, where the source tells. */
  readonly parent?: ProcessRef;
  /** Id of the v2 cgroup (inode of its directory) where the source tells. */
  readonly cgroup?: number;
  readonly container?: ContainerRef;
  /** Seen by a sweep of the present state, not as it happened. */
  readonly found?: true;
  /** A string was cut by the source: it must not be taken for the whole. */
  readonly truncated?: true;
  /** errno of a failed attempt; failed exec and open are evidence only, failed connect and privilege are judged. */
  readonly error?: number;
}

export type Event = Base &
  (
    | { readonly kind: 'fork'; readonly child: ProcessRef }
    | {
        readonly kind: 'exec';
        /** The image that runs now: for a script the interpreter's path. */
        readonly exe: string;
        /** The file named in the call, when it is not `exe` (script, relative or linked name). */
        readonly file?: string;
        readonly args: readonly string[];
        readonly cwd?: string;
        readonly origin?: Origin;
        /** sha256 of the executed file, lower hex, where known. */
        readonly sha256?: string;
        /** Names of loader or interpreter hooks in the environment (LD_PRELOAD, NODE_OPTIONS …), never their values. */
        readonly env?: readonly string[];
        /** Who entered from outside, where the source can tell: a login name or `uid:1000`. Evidence, never judged. */
        readonly caller?: string;
      }
    | { readonly kind: 'exit'; readonly code: number; readonly signal?: number }
    | { readonly kind: 'load'; readonly path: string; readonly origin?: Origin }
    | {
        readonly kind: 'open';
        readonly path: string;
        readonly access: Access;
        readonly origin?: Origin;
        /** How, when not by open: chmod, truncate, io_uring … */
        readonly via?: string;
      }
    | { readonly kind: 'link'; readonly path: string; readonly target: string; readonly symbolic: boolean }
    | { readonly kind: 'delete'; readonly path: string }
    | { readonly kind: 'rename'; readonly path: string; readonly to: string }
    | {
        readonly kind: 'connect';
        readonly transport: Transport;
        /** Numeric address, or the path of a unix socket (abstract: with a leading @). */
        readonly address: string;
        /** 0 for unix. */
        readonly port: number;
        /** How, when not by connect: fastopen, sendto, io_uring … */
        readonly via?: string;
      }
    | {
        readonly kind: 'listen';
        readonly transport: Transport;
        readonly address: string;
        readonly port: number;
      }
    | {
        /** Accepted peers are counted, not judged in v1. */
        readonly kind: 'accept';
        readonly transport: Transport;
        readonly address: string;
        readonly port: number;
      }
    | {
        readonly kind: 'resolve';
        readonly phase: 'question' | 'answer';
        readonly name: string;
        /** A, AAAA, TXT … or TYPEn. */
        readonly type: string;
        /** DNS message id: an answer counts only when it matches an outstanding question. */
        readonly id: number;
        /** Address of the resolver, without port. */
        readonly server: string;
        readonly answers?: readonly DnsAnswer[];
      }
    | { readonly kind: 'privilege'; readonly privilege: Privilege; readonly detail?: string }
    | {
        readonly kind: 'cgroup';
        readonly action: 'found' | 'made' | 'removed';
        readonly id: number;
        readonly path: string;
      }
    | {
        /** A process was moved into another cgroup: the way a container or service gets its first process. */
        readonly kind: 'attach';
        readonly to: number;
        readonly path?: string;
      }
    | {
        /** Events that nobody will ever see. Absence in this span is unknown; presence stays true. */
        readonly kind: 'gap';
        readonly since: number;
        readonly until: number;
        /** How many, 0 when unknown. */
        readonly lost: number;
        readonly reason: string;
      }
  );

export type EventKind = Event['kind'];
export type EventOf<K extends EventKind> = Extract<Event, { kind: K }>;
