import type { AgentHello, IncidentFilter } from '../../ports.ts';
import { openDatabase } from './database.ts';
import { Keeper } from './keeper.ts';
import { outboxApi } from './outbox-table.ts';
import { type ProvisionalRecord, Reader } from './reader.ts';
import { type Write, Writer } from './writer.ts';

/** Everything the database's thread can be asked. Arguments and results are plain data: they cross by copy. */
export type Api = ReturnType<typeof openApi>;

/** @throws StoreError when the file cannot be opened for this process alone */
export function openApi(file: string) {
  const db = openDatabase(file);
  const [writer, reader, keeper] = [new Writer(db), new Reader(db), new Keeper(db)];
  return {
    commit: (writes: readonly Write[], now: number) => writer.commit(writes, now),
    openAgent: (hello: AgentHello, now: number) => keeper.openAgent(hello, now),
    saveFingerprint: (digest: string, envelope: Uint8Array, now: number) =>
      keeper.saveFingerprint(digest, envelope, now),
    saveSetting: (name: string, value: string) => keeper.saveSetting(name, value),
    setting: (name: string) => reader.setting(name),
    fingerprints: () => reader.fingerprints(),
    agents: () => reader.agents(),
    workloads: () => reader.workloads(),
    running: (agent: string, hash: string) => reader.running(agent, hash),
    learned: (hash: string) => reader.learned(hash),
    predecessor: (hash: string) => reader.predecessor(hash),
    provisional: (hash: string) => reader.provisional(hash),
    provisionals: () => reader.provisionals(),
    provisionalsOf: (agent: string) => reader.provisionalsOf(agent),
    agentsOf: (hash: string) => reader.agentsOf(hash),
    saveProvisional: (hash: string, row: ProvisionalRecord) => keeper.saveProvisional(hash, row),
    incidents: (filter: IncidentFilter) => reader.incidents(filter),
    ordersSince: (issuedAfterMs: number) => reader.ordersSince(issuedAfterMs),
    ...outboxApi(db),
    close: () => {
      db.close();
    },
  };
}
