import type { AuditRecord } from '../../ports/audit.ts';
import type { IncidentQuery } from '../../ports/incidents.ts';
import type { AgentHello, OccurrenceFilter } from '../../ports.ts';
import { AccessTable, type TokenRecord } from './access-table.ts';
import { auditApi } from './audit.ts';
import { AuditTable } from './audit-table.ts';
import {
  BrakesTable,
  type DisarmRecord,
  type HeldOrderRecord,
  type LeaseRecord,
  type NodeStateRecord,
} from './brakes-table.ts';
import { CopiesTable } from './copies-table.ts';
import { openDatabase } from './database.ts';
import { identityOperations } from './identities-table.ts';
import { IncidentReader, type NextState, type ReviewRow } from './incident-reader.ts';
import { IncidentTable } from './incident-table.ts';
import { Keeper } from './keeper.ts';
import { nodesApi } from './nodes-api.ts';
import { outboxApi } from './outbox-table.ts';
import { type ProvisionalRecord, Reader } from './reader.ts';
import { type PolicyRecord, ResponsePolicyTable } from './response-policy-table.ts';
import { Retirer } from './retirer.ts';
import { stopsApi } from './stops-table.ts';
import { type Write, Writer } from './writer.ts';

/** Everything the database's thread can be asked. Arguments and results are plain data: they cross by copy. */
export type Api = ReturnType<typeof openApi>;

/** @throws StoreError when the file cannot be opened for this process alone */
export function openApi(file: string) {
  const db = openDatabase(file);
  const incidents = new IncidentTable(db);
  const audit = new AuditTable(db);
  const retirer = new Retirer(db);
  const rows = new IncidentReader(db, audit, () => incidents.forget());
  const [writer, reader, keeper] = [new Writer(db, incidents, audit), new Reader(db), new Keeper(db)];
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
    occurrences: (filter: OccurrenceFilter) => reader.occurrences(filter),
    incidentList: (query: IncidentQuery) => rows.list(query),
    incidentDetail: (id: string, limit: number) => {
      const summary = rows.get(id);
      if (summary === undefined) return undefined;
      const seen = rows.occurrencesOf(id, limit).flatMap((o) => reader.occurrences({ id: o, limit: 1 }));
      return { summary, seen, history: rows.historyOf(id) };
    },
    incidentsSilencedBy: (id: string) => rows.silencedBy(id),
    incidentsRetire: (activeBeforeUs: number) => {
      incidents.forget();
      return retirer.retire(activeBeforeUs);
    },
    incidentReview: (row: ReviewRow, next: NextState, record: AuditRecord) => rows.review(row, next, record),
    incidentShowing: (id: string) => rows.showing(id),
    ordersSince: (issuedAfterMs: number) => reader.ordersSince(issuedAfterMs),
    ...identityOperations(db),
    ...accessApi(new AccessTable(db)),
    ...auditApi(audit),
    ...responsePolicyApi(new ResponsePolicyTable(db)),
    ...nodesApi(db),
    ...stopsApi(db),
    backup: async (to: string): Promise<void> => {
      await db.backup(to);
    },
    ...outboxApi(db),
    close: () => {
      db.close();
    },
  };
}

function accessApi(table: AccessTable) {
  return {
    accessToken: (id: string) => table.token(id),
    accessTokens: () => table.tokens(),
    accessAdd: (record: TokenRecord, most: number) => table.add(record, most),
    accessRevoke: (id: string, now: number) => table.revoke(id, now),
    accessUsed: (id: string, day: number) => table.used(id, day),
    accessBootstrap: () => table.bootstrap(),
    accessSaveBootstrap: (hash: string) => table.saveBootstrap(hash),
    accessExchange: (hash: string, record: TokenRecord) => table.exchange(hash, record),
  };
}

function responsePolicyApi(table: ResponsePolicyTable) {
  return {
    responsePolicyAdd: (record: PolicyRecord) => table.add(record),
    responsePolicyVersion: (version: number) => table.version(version),
    responsePolicyHistory: (before: number, limit: number) => table.history(before, limit),
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
