import type { AgentHello, DecisionRow, IncidentFilter } from '../../ports.ts';
import { openDatabase } from './database.ts';
import { Keeper } from './keeper.ts';
import { type OrderRecord, Reader } from './reader.ts';
import type { RowDelivery } from './rows.ts';
import { Writer } from './writer.ts';

/** Everything the database's thread can be asked. Arguments and results are plain data: they cross by copy. */
export type Api = ReturnType<typeof openApi>;

/** @throws StoreError when the file cannot be opened for this process alone */
export function openApi(file: string) {
  const db = openDatabase(file);
  const [writer, reader, keeper] = [new Writer(db), new Reader(db), new Keeper(db)];
  return {
    ingest: (deliveries: readonly RowDelivery[], now: number) => writer.ingest(deliveries, now),
    openAgent: (hello: AgentHello, now: number) => keeper.openAgent(hello, now),
    saveDecision: (decision: DecisionRow, order?: OrderRecord) => keeper.saveDecision(decision, order),
    saveFingerprint: (digest: string, envelope: Uint8Array, now: number) =>
      keeper.saveFingerprint(digest, envelope, now),
    saveSetting: (name: string, value: string) => keeper.saveSetting(name, value),
    setting: (name: string) => reader.setting(name),
    fingerprints: () => reader.fingerprints(),
    agents: () => reader.agents(),
    workloads: () => reader.workloads(),
    running: (agent: string, hash: string) => reader.running(agent, hash),
    learned: (hash: string) => reader.learned(hash),
    incidents: (filter: IncidentFilter) => reader.incidents(filter),
    ordersSince: (issuedAfterMs: number) => reader.ordersSince(issuedAfterMs),
    close: () => {
      db.close();
    },
  };
}
