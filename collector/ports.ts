import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Order, Receipt } from '../fingerprint/order.ts';
import type { Phase } from '../fingerprint/phase.ts';
import type { ProvisionalOptions, ScopedBaseline } from '../fingerprint/provisional.ts';
import type { Report } from '../fingerprint/report.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Scope } from './core/access.ts';
import type { LearnedWorkload } from './core/learned.ts';
import type { AuditRecord } from './ports/audit.ts';

export type { LearnedInstance, LearnedNovelty, LearnedWorkload } from './core/learned.ts';

/** The seams of the collector. An adapter does one thing behind one of these; only main.ts knows which. */

/** What an agent says of itself when its stream opens. */
export interface AgentHello {
  /** Names the agent's spool: sequence numbers are counted under it. */
  readonly agent: string;
  readonly node: string;
  readonly cluster: string;
  /** Nonce of this start of the agent; orders are bound to it. */
  readonly session: string;
  readonly version: string;
  readonly source: string;
  readonly coverage: readonly CoverageWord[];
  /** Highest sequence number it was ever acknowledged. */
  readonly acked: number;
  /** The epoch under which that was; absent: it was never told one, or speaks version 1. */
  readonly epoch?: string;
  /** Of the protocol; absent: ours. Version 1 knows no leases and no epochs, and ends the stream over what it does not know. */
  readonly protocol?: number;
  /** Release of the node's kernel; absent from agents that do not tell it. */
  readonly kernel?: string;
}

export interface AgentBeat {
  readonly time: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: { readonly records: number; readonly bytes: number; readonly dropped: number };
}

/** A record as it came: the JSON of a report, not yet read. */
export interface RawRecord {
  readonly seq: number;
  readonly kind: string;
  readonly json: Uint8Array;
}

/** The way down to one connected agent. Sending to a stream that has ended does nothing: the agent will ask again. */
export interface AgentLink {
  readonly hello: AgentHello;
  order(envelope: Uint8Array): void;
  lease(envelope: Uint8Array): void;
  fingerprint(envelope: Uint8Array): void;
  /** Ends the stream with a reason a person can read. */
  refuse(code: 'replaced' | 'shutting-down' | 'store-unavailable', sentence: string): void;
}

export interface AgentHandler {
  /** @returns the sequence number up to which everything of this agent is durable */
  connected(link: AgentLink): Promise<number>;
  /** @returns the sequence number to acknowledge, after the commit. Called in order, several at a time. */
  deliver(link: AgentLink, records: readonly RawRecord[]): Promise<number>;
  heartbeat(link: AgentLink, beat: AgentBeat): void;
  disconnected(link: AgentLink): void;
}

/** Where agents connect. Checks the token and the form of messages, paces each stream, acknowledges. */
export interface AgentEdge {
  /** @returns the address in the form agents are given */
  listen(handler: AgentHandler): Promise<string>;
  close(): Promise<void>;
}

/** A record after reading: the report, or why it is none. */
export interface StoredReport {
  readonly seq: number;
  readonly json: string;
  readonly report: Report;
  /** Of an incident about which nothing is done: why. Goes on record in the same commit when it is news. */
  readonly reason?: string;
  /** Of the response policy: by which rule. */
  readonly rule?: string;
  /** An earlier state of the incident was folded: this one takes its place. */
  readonly unfolds?: true;
  /** Nobody hears of it: where it only grew an incident it need not be told what became of it. */
  readonly quiet?: true;
}

/** An incident of a flood: acknowledged and counted, of each the last state kept while there is room. */
export interface FoldedRecord {
  readonly seq: number;
  readonly folded: {
    readonly id: string;
    readonly kept: boolean;
    readonly rank: number;
    readonly evicts?: string;
  };
  readonly json: string;
}

export type ReadRecord = StoredReport | FoldedRecord | { readonly seq: number; readonly refused: string };

export interface Delivery {
  readonly hello: AgentHello;
  readonly records: readonly ReadRecord[];
}

/** How an occurrence changed the incident it belongs to. */
export const incidentChanges = ['opened', 'reopened', 'graver', 'grew'] as const;
export type IncidentChange = (typeof incidentChanges)[number];

export interface Ingested {
  /** High water before: records up to it were there already and changed nothing. */
  readonly before: number;
  readonly stored: number;
  /** Sequence numbers that were jumped over: the agent's spool lost them. */
  readonly missing: number;
  /** Of every occurrence, quiet ones that changed nothing but a count aside: the incident it belongs to, and what it changed there. */
  readonly placed: readonly (readonly [seq: number, incident: string, change: IncidentChange])[];
  /** Of incidents about which nothing is done and somebody hears, where the last decision on record was another one, or none. */
  readonly newDecisions: readonly number[];
}

/** One decision about one incident, kept for ever: who stopped what and why, or why nothing was stopped. */
export interface DecisionRow {
  readonly time: number;
  readonly incident: string;
  readonly action: string;
  readonly reason: string;
  /** Of the response policy, that decided. */
  readonly rule?: string;
  /** What would have been done, where the rule was only rehearsed. */
  readonly would?: { readonly action: string; readonly reason: string };
}

export interface OrderRow {
  readonly order: Order;
  readonly envelope: Uint8Array;
  readonly agent: string;
  /** For the brakes' count. */
  readonly workload: string;
  readonly charge: string;
  /** ms since the Unix epoch. */
  readonly issuedAt: number;
  readonly receipt?: Receipt;
}

/** An occurrence: what one agent tells of one copy, and what was done about it. */
export interface OccurrenceRow {
  readonly incident: Incident;
  /** Id of the incident that people read, which it belongs to. */
  readonly row: string;
  readonly agent: string;
  readonly decisions: readonly DecisionRow[];
  readonly orders: readonly Order[];
  readonly receipts: readonly Receipt[];
}

export interface AgentRow {
  readonly hello: Omit<AgentHello, 'acked'>;
  readonly stored: number;
  readonly missing: number;
  readonly refused: number;
  /** ms since the Unix epoch. */
  readonly firstSeen: number;
  readonly lastSeen: number;
}

export interface WorkloadRow {
  /** sha256 of the workload key, hex: its name in URLs. */
  readonly hash: string;
  readonly workload: Workload;
  readonly instances: number;
  readonly running: number;
  /** Copies that were watched from their start. */
  readonly starts: number;
  readonly novelties: number;
  readonly incidents: number;
}

/** What the collector signed of what it learned of one workload: the latest. */
export interface ProvisionalRow {
  readonly version: number;
  readonly phases: readonly Phase[];
  /** ms since the Unix epoch. */
  readonly signedAt: number;
  readonly envelope: Uint8Array;
}

export interface OccurrenceFilter {
  readonly id?: string;
  readonly agent?: string;
  /** µs since the Unix epoch: incidents that were last active after this. */
  readonly activeAfter?: number;
  /** Only those that come after this one, the latest activity first. */
  readonly before?: { readonly last: number; readonly id: string };
  readonly idPrefix?: string;
  readonly scope?: Scope;
  readonly limit: number;
}

/**
 * Durable memory. Every write resolves after the commit that survives a power cut; reads see all earlier writes.
 * `ingest` and `saveDecision` share commits and keep their order: when one delivery of an agent fails, so do those of
 * this agent that wait behind it, or the high water would pass over it.
 */
export interface DriftStore {
  openAgent(hello: AgentHello, now: number): Promise<number>;
  /** Idempotent: a record is stored once, however often it comes. */
  ingest(delivery: Delivery, now: number): Promise<Ingested>;
  /** What a flood had folded goes its way now. Numbers of these records say nothing but their place in the delivery. */
  unfold(delivery: Delivery, now: number): Promise<Ingested>;
  /**
   * @param audit in the same commit: nothing is ordered that the log does not tell
   * @returns whether it is news: a decision that repeats the last one about the incident is not recorded again
   */
  saveDecision(
    decision: DecisionRow,
    order?: Omit<OrderRow, 'receipt'>,
    audit?: AuditRecord,
  ): Promise<boolean>;
  saveFingerprint(digest: string, envelope: Uint8Array, now: number): Promise<void>;
  saveSetting(name: string, value: string): Promise<void>;
  setting(name: string): Promise<string | undefined>;
  fingerprints(): Promise<readonly Uint8Array[]>;
  agents(): Promise<readonly AgentRow[]>;
  workloads(): Promise<readonly WorkloadRow[]>;
  learned(hash: string): Promise<LearnedWorkload | undefined>;
  /** The workload that differs in the digest alone, came before it and was active last; its hash. */
  predecessor(hash: string): Promise<string | undefined>;
  provisional(hash: string): Promise<ProvisionalRow | undefined>;
  saveProvisional(hash: string, row: ProvisionalRow): Promise<void>;
  /** Of every workload that has one; the hashes. */
  provisionals(): Promise<readonly string[]>;
  /** Those of the workloads that this agent told of. */
  provisionalsOf(agent: string): Promise<readonly Uint8Array[]>;
  /** Agents that run copies of it. */
  agentsOf(hash: string): Promise<readonly string[]>;
  occurrences(filter: OccurrenceFilter): Promise<readonly OccurrenceRow[]>;
  /** Newest first. */
  ordersSince(issuedAfter: number): Promise<readonly OrderRow[]>;
  close(): Promise<void>;
}

export class StoreError extends Error {
  readonly code: 'in-use' | 'newer-schema' | 'read-only' | 'disk-full' | 'not-a-database' | 'broken';
  constructor(code: StoreError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** Why the collector does not start. The message is for a person and says what to do. */
export class CollectorError extends Error {
  readonly code: 'config' | 'data-dir' | 'port-in-use' | 'bad-address' | 'insecure' | 'bad-file';
  constructor(code: CollectorError['code'], message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CollectorError';
    this.code = code;
  }
}

/** Signs orders with the collector's command key. */
export interface OrderSigner {
  sign(order: Order): Uint8Array;
}

/** Signs what was learned with the collector's learner key. @throws FingerprintError when it may not be published */
export interface Learner {
  sign(baseline: ScopedBaseline, options: ProvisionalOptions): Uint8Array;
}

/** Structured log for machines; core never logs. */
export interface Log {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
