import type { Report } from '../../fingerprint/report.ts';
import type { KnownEpoch, Welcomed } from '../core/epoch.ts';

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
