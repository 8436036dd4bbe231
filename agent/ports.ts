import type { Canary } from '../fingerprint/canary.ts';
import type { ContainerRef, Origin, ProcessRef } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { ReceiptResult, StopAction } from '../fingerprint/order.ts';
import type { Report } from '../fingerprint/report.ts';
import type { Role } from '../fingerprint/workload.ts';
import type { KnownEpoch, Welcomed } from './core/epoch.ts';
import type { NodeView, Place } from './core/normalise/node-view.ts';
import type { SourceNote } from './core/source-note.ts';
import type { Surroundings } from './core/surroundings.ts';

export type { KnownEpoch, NodeView, Place, SourceNote, Surroundings };

import type { DrawnPorts, SocketTables } from './core/sweep/sockets.ts';

/** The seams of the agent. An adapter does one thing behind one of these; only main.ts knows which. */

/** Takes what a source delivers, at once: it returns when all of it was judged. */
export interface SourceSink {
  /**
   * Bytes as the source wrote them, cut anywhere; the normaliser of the same name turns them into events. They are the
   * source's to use again as soon as this returns.
   *
   * @param receivedAt µs since the Unix epoch when the bytes reached us.
   */
  bytes(bytes: Uint8Array, receivedAt: number): void;
  note(note: SourceNote): void;
}

export interface EventSource {
  /** Picks the normaliser: `sensor`, `tracee` … */
  readonly name: string;
  /**
   * Delivers until `signal` aborts or the source ends. Reads always and never waits for the sink: a source that is not
   * read stops a whole node.
   *
   * @throws SourceError when it cannot start or ended badly, with what is missing and how to mend it.
   */
  run(sink: SourceSink, signal: AbortSignal): Promise<void>;
}

export class SourceError extends Error {
  readonly code:
    | 'no-permission'
    | 'no-btf'
    | 'no-compiler'
    | 'not-linux'
    | 'source-ended'
    | 'bad-recording'
    /** What the configuration says of it cannot be. */
    | 'bad-setting'
    /** Nobody listens there, or not what was meant: another service, another version, no TLS, a wrong certificate. */
    | 'unreachable'
    | 'wrong-service'
    | 'wrong-certificate'
    /** It is there and delivers nothing any more. */
    | 'wedged';
  constructor(code: SourceError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'SourceError';
    this.code = code;
  }
}

/** Why the agent does not start, or cannot go on, in a sentence for a person. */
export class AgentError extends Error {
  readonly code: 'data-dir' | 'control';
  constructor(code: AgentError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'AgentError';
    this.code = code;
  }
}

/** What a runtime knows of a container beyond what recordings keep. */
export interface RunningContainer extends ContainerRef {
  readonly role?: Role;
  /** Of its pod, as kubelet told the runtime. */
  readonly podUid?: string;
  /** What its image is called besides, where the runtime tells: `repo:tag`, `repo@sha256:…`. */
  readonly alsoCalled?: readonly string[];
  /** Directories of the layers of the other images of its pod, topmost first each: what an init container hands over. */
  readonly podImages?: readonly (readonly string[])[];
}

/** Who lives in a cgroup. `undefined` = not mine, ask the next runtime; throws = mine and broken (retry may help). */
export interface ContainerRuntime {
  readonly name: string;
  identify(cgroupPath: string, first: ProcessRef): Promise<RunningContainer | undefined>;
}

/** Takes what the Kubernetes API tells of the pods of this node. Pods are JSON as the API wrote it, unchecked. */
export interface PodSink {
  /** All there are, in pages, in the place of what was told before; a list that breaks off begins anew. */
  begin(): void;
  page(pods: readonly unknown[]): void;
  complete(): void;
  /** One was added or changed, or is gone. */
  set(pod: unknown): void;
  remove(pod: unknown): void;
  /** From here on what it tells is the present state, or it tells nothing: why, for a person. */
  reached(): void;
  away(reason: string): void;
}

/** The pods of this node, from the Kubernetes API. */
export interface PodSource {
  /** Tells until `signal` aborts, and comes back by itself whenever the API was away. */
  run(sink: PodSink, signal: AbortSignal): Promise<void>;
}

/** A file that was executed, mapped or read as code. */
export interface CodeQuestion {
  /** Processes of the copy: the root of the first that lives is where the path is seen from. */
  readonly within: readonly ProcessRef[];
  readonly path: string;
  /** What the source said. */
  readonly origin: Origin;
  /** µs since the epoch: what changed since then is not what was run. */
  readonly time: number;
  readonly podImages: readonly (readonly string[])[];
}

/** Looks at the bytes of code. */
export interface CodeBytes {
  /** @returns undefined: as the source said. Answers within some milliseconds; never waits for a process, a pipe or a network. */
  of(question: CodeQuestion): { readonly origin: Origin; readonly sha256?: string } | undefined;
  /** How often it looked, found it otherwise, and did not look for want of budget or certainty. */
  counters(): Readonly<Record<string, number>>;
}

/** Who came in from outside. */
export interface Logins {
  /** `uid:N` of the login that the process descends from, unless it is the container's own; undefined when there is none. */
  of(process: ProcessRef, first: ProcessRef | undefined): string | undefined;
}

/** What /proc says of a process at a glance. */
export interface ProcessGlance {
  readonly pid: number;
  readonly parent: number;
  /** Ticks of 10 ms since boot. */
  readonly startTicks: number;
  /** Bytes of its address space: whatever is mapped changes it. */
  readonly mapped: number;
}

export interface ProcessView {
  /** The executable's path as the kernel shows it, with its mark when the name is gone. Any bytes. */
  readonly exe: Uint8Array;
  readonly root: Uint8Array;
  /** In the order of `namespaceNames` (core/sweep/moved.ts). */
  readonly namespaces: readonly string[];
}

/** What a process has in its address space. */
export interface MemoryView {
  readonly maps: Uint8Array;
  readonly auxv: Uint8Array;
  /** Device and inode of what it executes, and whether that has no name any more. */
  readonly exe: { readonly id: string; readonly unlinked: boolean };
}

/**
 * The present state, as the kernel shows it; nothing is interpreted here. What is not a promise reads only what no
 * process can make anybody wait for. Undefined: gone, or not ours to read.
 */
export interface StateView {
  pids(): readonly number[];
  /** Undefined also for what never runs a program: kernel threads and the dead. */
  glance(pid: number): ProcessGlance | undefined;
  view(pid: number): ProcessView | undefined;
  networkOf(pid: number): string | undefined;
  cgroupOf(pid: number): { readonly id: number; readonly path: string } | undefined;
  mounts(pid: number): string | undefined;
  /**
   * Whether a layer of an overlay holds the file itself; `removed`: it holds the mark that it, or what it lay in, was taken
   * away. Undefined when the layer cannot be looked into.
   */
  isInLayer(layer: string, path: string): boolean | 'removed' | undefined;
  /** Inodes of its sockets, one by one, so that the caller can pause. */
  sockets(pid: number): Iterable<number>;
  /** Ports the kernel draws from. */
  drawnPorts(): DrawnPorts;
  socketTables(pid: number): Promise<SocketTables | undefined>;
  /** A process can hold its own address space, or serve its own files, and put this off as it likes: never two at a time. */
  memory(pid: number): Promise<MemoryView | undefined>;
  /** The same holds. With what it was started, or what it wrote there since. */
  args(pid: number): Promise<Uint8Array | undefined>;
  /** The same holds. Whether the file of a mapping has no name any more. @param range as in `maps` */
  isUnlinked(pid: number, range: string): Promise<boolean | undefined>;
}

/** What a running copy's own root and network namespace say of it. */
export interface SurroundingsReader {
  /** @returns undefined when the process is gone. */
  of(first: ProcessRef): Promise<Surroundings | undefined>;
  /** Of the host itself, for services whose first process has ended. */
  host(): Promise<Surroundings | undefined>;
}

/** Does what a canary is, in a cgroup of its own. */
export interface CanaryHand {
  /** Absolute below the mount. */
  readonly cgroupPath: string;
  /** As they are called, and as what they then run. The first does what is done by executing. */
  readonly shells: readonly { readonly called: string; readonly exe: string }[];
  draw(): Canary;
  /** Resolves when it was done. @throws the system's error */
  perform(canary: Canary): Promise<void>;
}

/** Begins the names under which provisional fingerprints are kept. */
export const learnedName = 'learned-';
/** Begins the names of fingerprints that a newer version replaced, for other digests. */
export const earlierName = 'earlier-';

export interface KeptEnvelope {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** Signed fingerprints that are in force on this node: raw envelopes, verified by the caller, never here. */
export interface FingerprintSource {
  /** One after the other: those of a full node together are more than all that is made of them. */
  envelopes(): AsyncIterable<KeptEnvelope>;
  /** Keeps an envelope that was verified, so that it holds without a collector. */
  keep(name: string, bytes: Uint8Array): Promise<void>;
  /** What was kept under one name is kept under another too; nothing when there was none. */
  copy(name: string, as: string): Promise<void>;
  /** What was kept under this name holds no more; nothing when there was none. */
  forget(name: string): Promise<void>;
  /** Whether something still lies there under a name that `envelopes` gave: a person may have taken it away. */
  has(name: string): Promise<boolean>;
}

export interface SpoolStats {
  readonly records: number;
  readonly bytes: number;
  /** Records that did not fit the cap since the spool was made. */
  readonly dropped: number;
}

/** Durable, ordered, bounded. Sequence numbers grow by one for ever; an acknowledged record is gone. */
export interface Spool {
  /** @returns the number given, or undefined when the byte cap refused it (counted in `dropped`). */
  append(record: Uint8Array): number | undefined;
  /** Resolves when everything appended so far survives kill -9. */
  flush(): Promise<void>;
  /** Unacknowledged records after `seq`, oldest first, at most `max`. */
  after(seq: number, max: number): Promise<readonly { readonly seq: number; readonly record: Uint8Array }[]>;
  /** Everything up to and including `seq` is stored elsewhere and may go. */
  ack(seq: number): Promise<void>;
  stats(): SpoolStats;
  close(): Promise<void>;
}

/** Under which epoch of the collector this spool was last acknowledged. */
export interface EpochStore {
  readonly known: KnownEpoch | undefined;
  /** Resolves when it survives kill -9. */
  save(known: KnownEpoch): Promise<void>;
}

/** What comes down from the collector. Envelopes are opaque here: the agent verifies them itself. */
export interface Downlink {
  /** A stream begins; before anything is acknowledged on it. */
  onWelcome(welcome: Welcomed): void;
  onAck(seq: number): void;
  /** @param taken to be called once it was looked at, so that no more comes than can be held */
  onFingerprint(envelope: Uint8Array, taken?: () => void): void;
  /** @param taken as above */
  onOrder(envelope: Uint8Array, taken?: () => void): void;
  /** @param taken as above */
  onLease(envelope: Uint8Array, taken?: () => void): void;
  onState(state: 'connected' | 'disconnected', detail: string): void;
}

export interface Heartbeat {
  readonly time: number;
  /** Counter name → value since start (events, behaviours, drifts, lost.* …). */
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: SpoolStats;
}

/** One connection to the collector, kept up by the adapter with jittered back-off. Reports come from the spool. */
export interface Uplink {
  /** Starts and keeps the stream until `signal` aborts; `session` is this start's 128-bit hex nonce. */
  run(downlink: Downlink, signal: AbortSignal): Promise<void>;
  /** @returns false when the stream is down or congested: keep it in the spool and offer again after `connected` or ack. */
  offer(seq: number, report: Report): boolean;
  heartbeat(beat: Heartbeat): void;
}

/** What a connection to the collector shows, and whom it believes. PEM. */
export interface NodeCertificate {
  readonly certificate: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer;
  /** ms since the Unix epoch: when to ask again, for a renewed one. */
  readonly renewAt: number;
}

/** Who this node is to its collector. */
export interface Identity {
  /** Enrolled or renewed first where that is due. @returns a sentence when there is nothing to show */
  current(): Promise<NodeCertificate | string>;
  /** The collector did not take what was shown, for this reason. */
  refused(code: string): void;
}

/** The hand on the kernel. Evidence first, identity re-checked before every act, result told truthfully. */
export interface Enforcer {
  act(request: StopRequest): Promise<StopResult>;
  /** Holds and freezes that are in force, also those of an earlier run. */
  holds(): readonly Hold[];
  /** Lets everything go that is held or frozen. @returns what was let go. */
  resume(which: 'all' | { readonly incident: string }): Promise<readonly Hold[]>;
}

/** Cuts a copy off from the network, for those nodes that have something which can. */
export interface Quarantine {
  /** Everything but what the node itself needs of it; what is connected already is cut too. */
  cut(instance: { readonly id: string; readonly cgroupPath: string }): Promise<QuarantineResult>;
  /** Undoes `cut`. */
  release(instance: { readonly id: string; readonly cgroupPath: string }): Promise<QuarantineResult>;
}

export interface QuarantineResult {
  readonly result: Extract<ReceiptResult, 'done' | 'target-gone' | 'failed' | 'refused-protected'>;
  readonly detail?: string;
}

export interface StopRequest {
  readonly action: StopAction;
  readonly incident: Incident;
  /** v2 cgroup path of the instance, absolute below the mount. */
  readonly cgroupPath: string;
  /** The topmost drifting process; its whole subtree goes with it. */
  readonly culprit: ProcessRef;
  /**
   * Processes known to descend from the culprit, also when re-parented and when dead. Read again and again while a fork
   * storm is chased: make it a getter, so that it tells of those born meanwhile.
   */
  readonly subtree: readonly ProcessRef[];
  /** True when the cgroup (and its children) belongs to this one instance: only then freeze and kill may use it. */
  readonly exclusive: boolean;
  /** µs since the epoch when a hold or freeze ends by itself (resumed). */
  readonly deadline: number;
}

export interface StopResult {
  readonly result: Extract<ReceiptResult, 'done' | 'target-gone' | 'failed' | 'refused-protected'>;
  readonly action: StopAction;
  readonly stopped: readonly number[];
  /** µs since the epoch when the target was seen stopped. */
  readonly stoppedAt?: number;
  /** Where the evidence lies on this node. */
  readonly evidence?: string;
  readonly detail?: string;
}

export interface Hold {
  readonly incident: string;
  readonly action: 'hold' | 'freeze';
  readonly cgroupPath: string;
  readonly pids: readonly number[];
  readonly since: number;
  readonly deadline: number;
}

/** What outlives the agent besides spool, fingerprints and holds. */
export interface AgentState {
  /** The highest version accepted per stream: an older one must not come back. */
  readonly streams: Readonly<Record<string, { readonly version: number; readonly digest: string }>>;
  /** ms since the epoch when each payload that people signed was first accepted here, by `sha256:HEX#KEYID`, oldest first. */
  readonly accepted?: Readonly<Record<string, number>>;
  /** The same of what a collector learned and signed. */
  readonly learned?: Readonly<Record<string, number>>;
  /** µs since the epoch when the agent last watched; 0 when never. */
  readonly aliveAt: number;
}

export interface StateStore {
  /** @throws FingerprintError STATE_IO when there is something that cannot be read */
  load(): Promise<AgentState>;
  /** Resolves when it survives kill -9. */
  save(state: AgentState): Promise<void>;
}

/** A trust policy that came by wire, as it was signed. */
export interface KeptPolicy {
  /** ms since the epoch when this node accepted it. */
  readonly acceptedAt: number;
  readonly envelope: Uint8Array;
}

/** The trust policies that lead on from the local file, in order. */
export interface PolicyStore {
  /** @throws FingerprintError STATE_IO when what is kept cannot be read: never empty by mistake */
  load(): Promise<readonly KeptPolicy[]>;
  /** Resolves when it survives kill -9. @throws FingerprintError STATE_IO */
  save(policies: readonly KeptPolicy[]): Promise<void>;
}

/** Who may ask a running agent on its own machine: the user it runs as. */
export interface Control {
  serve(handler: ControlHandler): Promise<void>;
  close(): Promise<void>;
}

export interface ControlHandler {
  /** Plain JSON. */
  status(): unknown;
  resume(which: 'all' | { readonly incident: string }): Promise<readonly Hold[]>;
}

/** Why nothing is to be stopped on this node, for people. */
export interface LocalDisarm {
  readonly reason: string;
}

/** What somebody with access to the node said, for when the collector cannot be reached. */
export interface ArmState {
  /** @param now µs since the Unix epoch @returns undefined: it is armed */
  disarmed(now: number): Promise<LocalDisarm | undefined>;
}

/** Structured log for machines; core never logs. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
