import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import type { HeldOrder } from '../../collector/ports/brakes.ts';
import type { StopPlace } from '../../collector/ports/stops.ts';
import { sha256Hex } from '../../fingerprint/digest.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { ReceiptResult } from '../../fingerprint/order.ts';
import type { Report } from '../../fingerprint/report.ts';
import { reportBytes } from '../../fingerprint/report-json.ts';
import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import { driftOf } from './drifting.ts';
import { anIncident, shop } from './reports.ts';

const hello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: 's1',
  version: '1',
  source: 'sensor',
  coverage: ['exec' as const],
  acked: 0,
};

export const bank: Workload = { ...shop, namespace: 'bank', owner: 'unit/bank.service' };

/** One drift on two copies is one incident, named by the first; another is of the bank's namespace. */
export const first = occurrence('aa11', 'copy-1', 1);
export const second = occurrence('aa22', 'copy-2', 1, { severity: 'high' });
export const elsewhere = occurrence('bb11', 'copy-3', 2, { workload: bank });

export function occurrence(
  begins: string,
  copy: string,
  drift: number,
  over: Partial<Incident> = {},
): Incident {
  const instance = { id: copy, node: 'node-1', startedAt: 5 };
  return anIncident({ id: begins.padEnd(64, '0'), instance, drifts: [driftOf(drift)], ...over });
}

export function placeOf(workload: Workload): StopPlace {
  const { cluster, namespace, owner, container } = workload;
  return { hash: sha256Hex(Buffer.from(workloadKey(workload))), cluster, namespace, owner, container };
}

/** A store on which these three are on record, told by one agent. */
export class StoredStops {
  readonly store: SqliteStore;
  readonly #dir: string;
  #seq = 0;

  static async open(): Promise<StoredStops> {
    const dir = mkdtempSync(join(tmpdir(), 'whorl-stops-'));
    const stored = new StoredStops(dir, await SqliteStore.open(join(dir, 'whorl.db')));
    await stored.store.openAgent(hello, 1);
    await stored.tell(
      ...[first, second, elsewhere].map((incident): Report => ({ type: 'incident', incident })),
    );
    return stored;
  }

  private constructor(dir: string, store: SqliteStore) {
    this.#dir = dir;
    this.store = store;
  }

  async tell(...reports: readonly Report[]): Promise<void> {
    const records = reports.map((report) => {
      this.#seq += 1;
      return { seq: this.#seq, report, json: Buffer.from(reportBytes(report)).toString() };
    });
    await this.store.ingest({ hello, records }, 77);
  }

  /** @param issuedAt ms since the Unix epoch */
  async order(id: string, { id: incident, workload, instance }: Incident, issuedAt: number): Promise<void> {
    this.#seq += 1;
    const seq = this.#seq;
    const target = { node: instance.node, instance: instance.id, process: { pid: 7, start: 8 }, incident };
    const times = { issuedAt: '2026-01-01T00:00:00Z', expiresAt: '2026-01-01T00:01:00Z' };
    const order = { id, action: 'hold' as const, session: 's1', seq, target, reason: 'because', ...times };
    const about = { agent: 'a1', workload: workloadKey(workload), charge: id, issuedAt };
    const decision = { time: seq, incident, action: 'hold', reason: 'by-hand' };
    await this.store.saveDecision(decision, { order, envelope: Buffer.from('{}'), ...about });
  }

  answer(id: string, { id: incident }: Incident, result: ReceiptResult): Promise<void> {
    return this.tell({ type: 'receipt', receipt: { order: id, incident, result, stopped: [] } });
  }

  holdBack(id: string, incident: string, since: number, over: Partial<HeldOrder> = {}): Promise<void> {
    const about = { agent: 'a1', wanted: 'kill', done: 'hold', reason: 'brake-workload' } as const;
    const held: HeldOrder = {
      id,
      incident,
      since,
      expires: since + 1,
      state: 'waiting',
      sentence: 'held',
      ...about,
    };
    return this.store.brakes.heldOrders.save({ ...held, ...over });
  }

  async close(): Promise<void> {
    await this.store.close();
    rmSync(this.#dir, { recursive: true });
  }
}
