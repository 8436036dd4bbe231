import type { AgentHello, IncidentFilter } from '../../ports.ts';
import {
  BrakesTable,
  type DisarmRecord,
  type HeldOrderRecord,
  type LeaseRecord,
  type NodeStateRecord,
} from './brakes-table.ts';
import { CopiesTable } from './copies-table.ts';
import { openDatabase } from './database.ts';
import { Keeper } from './keeper.ts';
import { type ProvisionalRecord, Reader } from './reader.ts';
import { type Write, Writer } from './writer.ts';

/** Everything the database's thread can be asked. Arguments and results are plain data: they cross by copy. */
export type Api = ReturnType<typeof openApi>;

/** @throws StoreError when the file cannot be opened for this process alone */
export function openApi(file: string) {
  const db = openDatabase(file);
  const [writer, reader, keeper] = [new Writer(db), new Reader(db), new Keeper(db)];
  return {
    ...brakesApi(new BrakesTable(db), new CopiesTable(db)),
    commit: (writes: readonly Write[], now: number) => writer.commit(writes, now),
    openAgent: (hello: AgentHello, now: number) => keeper.openAgent(hello, now),
    saveFingerprint: (digest: string, envelope: Uint8Array, now: number) =>
      keeper.saveFingerprint(digest, envelope, now),
    saveSetting: (name: string, value: string) => keeper.saveSetting(name, value),
    setting: (name: string) => reader.setting(name),
    fingerprints: () => reader.fingerprints(),
    agents: () => reader.agents(),
    workloads: () => reader.workloads(),
    learned: (hash: string) => reader.learned(hash),
    predecessor: (hash: string) => reader.predecessor(hash),
    provisional: (hash: string) => reader.provisional(hash),
    provisionals: () => reader.provisionals(),
    provisionalsOf: (agent: string) => reader.provisionalsOf(agent),
    agentsOf: (hash: string) => reader.agentsOf(hash),
    saveProvisional: (hash: string, row: ProvisionalRecord) => keeper.saveProvisional(hash, row),
    incidents: (filter: IncidentFilter) => reader.incidents(filter),
    ordersSince: (issuedAfterMs: number) => reader.ordersSince(issuedAfterMs),
    close: () => {
      db.close();
    },
  };
}

function brakesApi(brakes: BrakesTable, copies: CopiesTable) {
  return {
    brakesAround: (agent: string, hash: string, instance: string) => copies.around(agent, hash, instance),
    brakesHeld: (hashes: readonly string[]) => copies.held(hashes),
    brakesSaveLeases: (leases: readonly LeaseRecord[]) => brakes.saveLeases(leases),
    brakesLeasesSince: (expiresAfter: number) => brakes.leasesSince(expiresAfter),
    brakesSaveHeldOrder: (order: HeldOrderRecord) => brakes.saveHeldOrder(order),
    brakesHeldOrder: (id: string) => brakes.heldOrder(id),
    brakesHeldOrders: (state: string | null, limit: number) => brakes.heldOrders(state, limit),
    brakesForgetHeldOrders: (endedBefore: number) => brakes.forgetHeldOrders(endedBefore),
    brakesSaveDisarm: (disarm: DisarmRecord) => brakes.saveDisarm(disarm),
    brakesDisarmsUntil: (after: number) => brakes.disarmsUntil(after),
    brakesNodeState: (agent: string, cluster: string, node: string) => brakes.nodeState(agent, cluster, node),
    brakesSaveNodeState: (state: NodeStateRecord) => brakes.saveNodeState(state),
    brakesAnswer: (key: string) => brakes.answer(key),
    brakesSaveAnswer: (key: string, answer: string, now: number) => brakes.saveAnswer(key, answer, now),
  };
}
