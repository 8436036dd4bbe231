import type { AuditNote, AuditRecord, AuditType } from '../core/audit-entry.ts';

export { type AuditNote, type AuditRecord, type AuditType, auditTypes } from '../core/audit-entry.ts';

/** Where everything that has to stay on record is put. */
export interface AuditLog {
  /** @returns the entry's place in the log, when it is durable */
  record(note: AuditNote): Promise<number>;
}

/** An entry as it lies in the store. */
export interface AuditRow {
  readonly seq: number;
  /** ms since the Unix epoch. */
  readonly time: number;
  readonly type: string;
  /** Empty when the body was erased. */
  readonly author: string;
  readonly about?: string;
  readonly leaf: Uint8Array;
  /** Canonical JSON as it was hashed; absent when it was erased. */
  readonly body?: string;
}

export interface AuditFilter {
  /** The first entry at or after this time, and everything behind it: a clock that was set back hides nothing. */
  readonly since?: number;
  /** Entries of a time before this. */
  readonly until?: number;
  readonly type?: AuditType;
  readonly author?: string;
  readonly about?: string;
  /** Entries from this place on: the cursor. */
  readonly from?: number;
  /** The newest first, of those below this place: the cursor of a person, who reads backwards. */
  readonly below?: number;
  readonly limit: number;
}

/** How the log is, for status and metrics. */
export interface AuditState {
  readonly size: number;
  /** Checkpoints that were signed since the start, and how many entries the last one is over. */
  readonly signed: number;
  readonly last: number;
  /** How often the log was found to be another than it was, and what does not fit until a person accepts it. */
  readonly mismatches: number;
  readonly mismatch: string | undefined;
  readonly sinks: readonly { readonly sink: string; readonly failures: number; readonly failing: boolean }[];
}

/** A tree of which only the peaks are held (fingerprint/merkle-frontier.ts). */
export interface AuditPeaks {
  readonly size: number;
  readonly peaks: readonly Uint8Array[];
}

export interface AuditCheck extends AuditPeaks {
  /** The first entry whose body is not what its leaf was made of, or that is missing; the walk ends before it. */
  readonly damaged?: number;
}

/**
 * The log's memory: an RFC 6962 tree. Entries are appended in the order of commits, in the commit of what they are about
 * where that is given with it.
 */
export interface AuditStore {
  /** @returns the place of each */
  append(records: readonly AuditRecord[]): Promise<readonly number[]>;
  size(): Promise<number>;
  /** By the stored nodes; of the first `size` entries. */
  root(size: number): Promise<Uint8Array>;
  peaks(size: number): Promise<readonly Uint8Array[]>;
  /** In the order of the log, or backwards with `below`. */
  entries(filter: AuditFilter): Promise<readonly AuditRow[]>;
  inclusion(seq: number, size: number): Promise<readonly Uint8Array[]>;
  consistency(from: number, to: number): Promise<readonly Uint8Array[]>;
  /**
   * Builds the tree on from the leaves alone, believing no stored node; so many entries at a time that others are served.
   * @param accepted a person accepted what is before this place as it is: no body there is compared with its leaf
   */
  check(from: AuditPeaks, to: number, accepted: number): Promise<AuditCheck>;
  /** Makes every node anew from the leaves. */
  rebuild(): Promise<void>;
  /** Takes the bodies of entries before a time away for ever, in one commit with the record of it; leaves stay. */
  erase(before: number, record: AuditRecord): Promise<{ readonly seq: number; readonly erased: number }>;
}

/** Where checkpoints go, out of reach of whoever can write the database. */
export interface CheckpointSink {
  /** For logs and sentences. */
  readonly name: string;
  /** @throws Error with a sentence when it was not taken */
  publish(note: string): Promise<void>;
  /** The last note it holds; undefined when it holds none or cannot tell. @throws Error when it cannot be read */
  last(): Promise<string | undefined>;
}

/** Signs checkpoints with the collector's audit key. */
export interface CheckpointSigner {
  /** As Go's `note.NewVerifier` reads it. */
  readonly key: string;
  readonly origin: string;
  sign(head: { readonly size: number; readonly root: Uint8Array }): string;
  /** @throws FingerprintError when it is none, or not this key's for this log */
  verify(note: string): { readonly size: number; readonly root: Uint8Array };
}
