import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { Event } from '../fingerprint/event.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { RecordWatcher } from './core/hotpath/raw-record.ts';
import type { OwnProcesses } from './core/own.ts';
import type { SourceNote } from './core/source-note.ts';
import type { CodeBytes, ContainerRuntime, Logins, ObjectSource } from './ports/containers.ts';
import type { ArmState, LabelStore } from './ports/disarm.ts';
import type { Enforcer, Quarantine } from './ports/enforcer.ts';
import type { FingerprintSource, PolicyStore, StateStore } from './ports/kept.ts';
import type { EventSource } from './ports/source.ts';
import type { StateView, SurroundingsReader } from './ports/state-view.ts';
import type { EpochStore, Spool, Uplink } from './ports/uplink.ts';
import type { CanaryHand, Control, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Turns a source's bytes into events; a new one for each start of the source. */
export interface Normaliser {
  /** @param watcher gets each record's events as they are made, when the source has records to look at. */
  push(bytes: Uint8Array, watcher?: RecordWatcher): readonly Event[];
  /** What the source's adapter learned beside the stream. */
  note(note: SourceNote): readonly Event[];
  /** What the source can see; empty until it has said so. */
  coverage(): readonly CoverageWord[];
  /** Whether it has told everything that was there when it began: what it tells from now on happens now. */
  isSettled(): boolean;
  counters(): Readonly<Record<string, number>>;
}

/** Everything the agent works with; `main.ts` gives the real ones. */
export interface AgentDeps {
  readonly source: EventSource;
  readonly normaliser: () => Normaliser;
  /** Asked in this order. */
  readonly runtimes: readonly ContainerRuntime[];
  readonly surroundings: SurroundingsReader;
  /** Undefined where the Kubernetes API is not asked. */
  readonly podSource?: ObjectSource | undefined;
  /** Namespaces that bear the label which disarms them; undefined as above. */
  readonly namespaceSource?: ObjectSource | undefined;
  /** Absent where nothing is live (a recording): the source is believed. */
  readonly bytes?: CodeBytes;
  readonly logins?: Logins;
  /** The source does not say where files come from: the node is asked. */
  readonly asksForOrigins: boolean;
  /** The present state, for the sweep; undefined where nothing is live (a recording). */
  readonly view: StateView | undefined;
  /** Undefined where nothing is live; text: why silence cannot be tested here. */
  readonly canary: CanaryHand | string | undefined;
  readonly fingerprints: FingerprintSource;
  /** The node's own policy, in a local file. */
  readonly trust: () => Promise<TrustPolicy | undefined>;
  /** Of this node: what was signed for another one says nothing here. */
  readonly platform: Platform;
  /** Those that came by wire and follow it. */
  readonly policies: PolicyStore;
  readonly state: StateStore;
  readonly spool: Spool;
  readonly epochs: EpochStore;
  /** Without a collector the agent judges by what it keeps, and the spool waits. */
  readonly uplink: Uplink | undefined;
  readonly enforcer: Enforcer;
  /** Absent where nothing can cut a copy off from the network. */
  readonly quarantine?: Quarantine;
  /** Absent where nothing is live: nothing is stopped there. */
  readonly armState?: ArmState;
  /** Labels that disarm, over a restart. */
  readonly labelStore: LabelStore;
  readonly control: Control;
  readonly own: OwnProcesses;
  /** How busy the event loop was since it was asked last, 0 to 1. */
  readonly utilisation: () => number;
  /** µs since boot, now: what started earlier was there before the agent. */
  readonly bootUs: number;
  /** 128-bit hex nonce of this start; orders are bound to it. */
  readonly session: string;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** µs, of a clock that nobody sets. */
  readonly steady: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}
