import type { AuditRecord, AuditStore } from '../ports/audit.ts';
import type { BackupSource } from '../ports/backups.ts';
import type { BrakeStore } from '../ports/brakes.ts';
import type { IdentityStore } from '../ports/identities.ts';
import type { IncidentStore } from '../ports/incidents.ts';
import type { StopRecords } from '../ports/stops.ts';
import {
  type AgentHello,
  type AgentRow,
  type DecisionRow,
  type Delivery,
  type DriftStore,
  type Ingested,
  type LearnedWorkload,
  type OccurrenceFilter,
  type OccurrenceRow,
  type OrderRow,
  type ProvisionalRow,
  StoreError,
  type WorkloadRow,
} from '../ports.ts';
import { SqliteAccess } from './store-sqlite/access.ts';
import { SqliteAudit } from './store-sqlite/audit.ts';
import { brakeStore } from './store-sqlite/brakes.ts';
import {
  agentRow,
  decisionRecord,
  learnedWorkload,
  occurrenceRow,
  orderRecord,
  orderRow,
  provisionalRecord,
  provisionalRow,
  workloadRow,
} from './store-sqlite/domain.ts';
import { GroupCommit } from './store-sqlite/group-commit.ts';
import { Identities } from './store-sqlite/identities.ts';
import { SqliteIncidents } from './store-sqlite/incidents.ts';
import { SqliteNodes } from './store-sqlite/nodes.ts';
import { SqliteOutbox } from './store-sqlite/outbox.ts';
import { SqliteResponsePolicies } from './store-sqlite/response-policies.ts';
import { type RowDelivery, toRows } from './store-sqlite/rows.ts';
import { SqliteStops } from './store-sqlite/stops.ts';
import { DatabaseThread } from './store-sqlite/thread.ts';

/**
 * The collector's memory in one SQLite file, in a thread of its own: a sync of the disk never holds up the thread that
 * reads from agents.
 */
export class SqliteStore implements DriftStore, BackupSource {
  readonly nodes: SqliteNodes;
  readonly brakes: BrakeStore;
  readonly outbox: SqliteOutbox;
  readonly stops: StopRecords;
  readonly #thread: DatabaseThread;
  readonly #commits: GroupCommit;
  readonly incidents: IncidentStore;
  readonly identities: IdentityStore;
  readonly access: SqliteAccess;
  readonly audit: AuditStore;
  readonly responsePolicies: SqliteResponsePolicies;

  /**
   * @param mayRetry asked when a commit failed; while it says yes nothing later is written
   * @throws StoreError
   */
  static async open(
    file: string,
    mayRetry: (error: StoreError) => Promise<boolean> = async () => false,
  ): Promise<SqliteStore> {
    return new SqliteStore(await DatabaseThread.start(file), mayRetry);
  }

  private constructor(thread: DatabaseThread, mayRetry: (error: StoreError) => Promise<boolean>) {
    this.#thread = thread;
    this.incidents = new SqliteIncidents(thread);
    this.identities = new Identities(thread);
    this.access = new SqliteAccess(thread);
    this.responsePolicies = new SqliteResponsePolicies(thread);
    this.nodes = new SqliteNodes(thread);
    this.brakes = brakeStore(thread);
    this.outbox = new SqliteOutbox(thread);
    this.stops = new SqliteStops(thread);
    this.#commits = new GroupCommit((writes, now) => thread.call('commit', writes, now), mayRetry);
    this.audit = new SqliteAudit(thread, this.#commits);
  }

  /** Questions that wait for an answer. */
  get waiting(): number {
    return this.#thread.waiting;
  }

  /** Not async: what was read of the records must not live until the commit, only the rows. */
  ingest(delivery: Delivery, now: number): Promise<Ingested> {
    return this.#commit(toRows(delivery), now);
  }

  unfold(delivery: Delivery, now: number): Promise<Ingested> {
    return this.#commit(toRows(delivery), now, 'unfolded');
  }

  async #commit(
    delivery: RowDelivery,
    now: number,
    kind: 'delivery' | 'unfolded' = 'delivery',
  ): Promise<Ingested> {
    const ingested = await this.#commits.add({ kind, delivery }, now);
    if (typeof ingested === 'object' && 'stored' in ingested) return ingested;
    throw new StoreError('broken', 'the database took a delivery for something else');
  }

  async saveDecision(
    decision: DecisionRow,
    row?: Omit<OrderRow, 'receipt'>,
    audit?: AuditRecord,
  ): Promise<boolean> {
    const order = row === undefined ? {} : { order: orderRecord(row) };
    const entry = audit === undefined ? {} : { audit };
    const write = { kind: 'decision', decision: decisionRecord(decision), ...order, ...entry } as const;
    return (await this.#commits.add(write, decision.time)) === true;
  }

  /** A copy of this moment, while everything goes on. @throws StoreError */
  copyTo(file: string): Promise<void> {
    return this.#thread.call('backup', file);
  }

  openAgent(hello: AgentHello, now: number): Promise<number> {
    return this.#thread.call('openAgent', hello, now);
  }

  saveFingerprint(digest: string, envelope: Uint8Array, now: number): Promise<void> {
    return this.#thread.call('saveFingerprint', digest, envelope, now);
  }

  saveSetting(name: string, value: string): Promise<void> {
    return this.#thread.call('saveSetting', name, value);
  }

  setting(name: string): Promise<string | undefined> {
    return this.#thread.call('setting', name);
  }

  fingerprints(): Promise<readonly Uint8Array[]> {
    return this.#thread.call('fingerprints');
  }

  async agents(): Promise<readonly AgentRow[]> {
    return (await this.#thread.call('agents')).map(agentRow);
  }

  async workloads(): Promise<readonly WorkloadRow[]> {
    return (await this.#thread.call('workloads')).map(workloadRow);
  }

  async learned(hash: string): Promise<LearnedWorkload | undefined> {
    const record = await this.#thread.call('learned', hash);
    return record === undefined ? undefined : learnedWorkload(record);
  }

  predecessor(hash: string): Promise<string | undefined> {
    return this.#thread.call('predecessor', hash);
  }

  async provisional(hash: string): Promise<ProvisionalRow | undefined> {
    const record = await this.#thread.call('provisional', hash);
    return record === undefined ? undefined : provisionalRow(record);
  }

  saveProvisional(hash: string, row: ProvisionalRow): Promise<void> {
    return this.#thread.call('saveProvisional', hash, provisionalRecord(row));
  }

  provisionals(): Promise<readonly string[]> {
    return this.#thread.call('provisionals');
  }

  provisionalsOf(agent: string): Promise<readonly Uint8Array[]> {
    return this.#thread.call('provisionalsOf', agent);
  }

  agentsOf(hash: string): Promise<readonly string[]> {
    return this.#thread.call('agentsOf', hash);
  }

  async occurrences(filter: OccurrenceFilter): Promise<readonly OccurrenceRow[]> {
    return (await this.#thread.call('occurrences', filter)).map(occurrenceRow);
  }

  async ordersSince(issuedAfter: number): Promise<readonly OrderRow[]> {
    return (await this.#thread.call('ordersSince', issuedAfter)).map(orderRow);
  }

  async close(): Promise<void> {
    await this.#commits.settled();
    await this.#thread.call('close');
  }
}
