import { sha256Hex } from '../../fingerprint/digest.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import type {
  AgentHello,
  AgentRow,
  DecisionRow,
  Delivery,
  DriftStore,
  IncidentFilter,
  IncidentRow,
  Ingested,
  LearnedRows,
  OrderRow,
  WorkloadRow,
} from '../ports.ts';
import {
  agentRow,
  incidentRow,
  learnedRows,
  orderRecord,
  orderRow,
  workloadRow,
} from './store-sqlite/domain.ts';
import { type RowDelivery, toRows } from './store-sqlite/rows.ts';
import { DatabaseThread } from './store-sqlite/thread.ts';

interface Pending {
  readonly delivery: RowDelivery;
  readonly resolve: (ingested: Ingested) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows in one commit: above 4 096 a commit gets no cheaper (docs/measurements.md), only slower to answer. */
const maxCommitRows = 4096;

/**
 * The collector's memory in one SQLite file, in a thread of its own.
 *
 * Group commit: while one commit is under way, what arrives gathers for the next. A lone report waits for nobody, and
 * under load one sync of the disk serves thousands of rows.
 */
export class SqliteStore implements DriftStore {
  readonly #thread: DatabaseThread;
  #pending: Pending[] = [];
  #committing = false;

  /** @throws StoreError */
  static async open(file: string): Promise<SqliteStore> {
    return new SqliteStore(await DatabaseThread.start(file));
  }

  private constructor(thread: DatabaseThread) {
    this.#thread = thread;
  }

  /** The caller bounds what is pending: each stream has a few batches under way, then it is paused. */
  ingest(delivery: Delivery, now: number): Promise<Ingested> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ delivery: toRows(delivery), resolve, reject });
      if (!this.#committing) void this.#commitAll(now);
    });
  }

  async #commitAll(now: number): Promise<void> {
    this.#committing = true;
    // One turn of the loop: what is readable on other sockets right now shares this commit.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) await this.#commit(this.#takeBatch(), now);
    this.#committing = false;
  }

  #takeBatch(): Pending[] {
    let rows = 0;
    const end = this.#pending.findIndex((p) => {
      rows += p.delivery.rows.length;
      return rows > maxCommitRows;
    });
    const batch = this.#pending.slice(0, end === -1 ? undefined : Math.max(1, end));
    this.#pending = this.#pending.slice(batch.length);
    return batch;
  }

  async #commit(batch: readonly Pending[], now: number): Promise<void> {
    try {
      const deliveries = batch.map((p) => p.delivery);
      const results = await this.#thread.call('ingest', deliveries, now);
      for (const [i, { resolve, reject }] of batch.entries()) {
        const result = results[i];
        if (result === undefined)
          reject(new Error('the database answered fewer deliveries than it was given'));
        else resolve(result);
      }
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  openAgent(hello: AgentHello, now: number): Promise<number> {
    return this.#thread.call('openAgent', hello, now);
  }

  saveDecision(decision: DecisionRow, order?: Omit<OrderRow, 'receipt'>): Promise<void> {
    return this.#thread.call('saveDecision', decision, order === undefined ? undefined : orderRecord(order));
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

  async learned(hash: string): Promise<LearnedRows | undefined> {
    const record = await this.#thread.call('learned', hash);
    return record === undefined ? undefined : learnedRows(record);
  }

  async incidents(filter: IncidentFilter): Promise<readonly IncidentRow[]> {
    return (await this.#thread.call('incidents', filter)).map(incidentRow);
  }

  async ordersSince(issuedAfter: number): Promise<readonly OrderRow[]> {
    return (await this.#thread.call('ordersSince', issuedAfter)).map(orderRow);
  }

  close(): Promise<void> {
    return this.#thread.call('close');
  }
}
