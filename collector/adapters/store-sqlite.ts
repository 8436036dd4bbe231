import { sha256Hex } from '../../fingerprint/digest.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import {
  type AgentHello,
  type AgentRow,
  type DecisionRow,
  type Delivery,
  type DriftStore,
  type IncidentFilter,
  type IncidentRow,
  type Ingested,
  type LearnedWorkload,
  type OrderRow,
  type ProvisionalRow,
  StoreError,
  type WorkloadRow,
} from '../ports.ts';
import {
  agentRow,
  incidentRow,
  learnedWorkload,
  orderRecord,
  orderRow,
  provisionalRecord,
  provisionalRow,
  workloadRow,
} from './store-sqlite/domain.ts';
import { GroupCommit } from './store-sqlite/group-commit.ts';
import { SqliteOutbox } from './store-sqlite/outbox.ts';
import { type RowDelivery, toRows } from './store-sqlite/rows.ts';
import { DatabaseThread } from './store-sqlite/thread.ts';

/**
 * The collector's memory in one SQLite file, in a thread of its own: a sync of the disk never holds up the thread that
 * reads from agents.
 */
export class SqliteStore implements DriftStore {
  readonly outbox: SqliteOutbox;
  readonly #thread: DatabaseThread;
  readonly #commits: GroupCommit;

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
    this.outbox = new SqliteOutbox(thread);
    this.#commits = new GroupCommit((writes, now) => thread.call('commit', writes, now), mayRetry);
  }

  /** Not async: what was read of the records must not live until the commit, only the rows. */
  ingest(delivery: Delivery, now: number): Promise<Ingested> {
    return this.#commit(toRows(delivery), now);
  }

  async #commit(delivery: RowDelivery, now: number): Promise<Ingested> {
    const ingested = await this.#commits.add({ kind: 'delivery', delivery }, now);
    if (typeof ingested === 'object') return ingested;
    throw new StoreError('broken', 'the database took a delivery for something else');
  }

  async saveDecision(decision: DecisionRow, row?: Omit<OrderRow, 'receipt'>): Promise<boolean> {
    const order = row === undefined ? {} : { order: orderRecord(row) };
    return (await this.#commits.add({ kind: 'decision', decision, ...order }, decision.time)) === true;
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

  running(agent: string, workload: Workload): Promise<{ onNode: number; ofWorkload: number }> {
    return this.#thread.call('running', agent, sha256Hex(Buffer.from(workloadKey(workload))));
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

  async incidents(filter: IncidentFilter): Promise<readonly IncidentRow[]> {
    return (await this.#thread.call('incidents', filter)).map(incidentRow);
  }

  async ordersSince(issuedAfter: number): Promise<readonly OrderRow[]> {
    return (await this.#thread.call('ordersSince', issuedAfter)).map(orderRow);
  }

  async close(): Promise<void> {
    await this.#commits.settled();
    await this.#thread.call('close');
  }
}
