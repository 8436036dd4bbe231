import { parseBehaviour } from '../../../fingerprint/behaviour-json.ts';
import { type CoverageWord, coverageWords } from '../../../fingerprint/coverage.ts';
import type { Incident } from '../../../fingerprint/incident.ts';
import { actions, type Order, type Receipt } from '../../../fingerprint/order.ts';
import { phases } from '../../../fingerprint/phase.ts';
import type { Report } from '../../../fingerprint/report.ts';
import { parseReport } from '../../../fingerprint/report-json.ts';
import { parseJson } from '../../../fingerprint/strict-json.ts';
import { roles, type Workload } from '../../../fingerprint/workload.ts';
import type {
  AgentRow,
  DecisionRow,
  LearnedInstance,
  LearnedNovelty,
  LearnedWorkload,
  OccurrenceRow,
  OrderRow,
  ProvisionalRow,
  WorkloadRow,
} from '../../ports.ts';
import { StoreError } from '../../ports.ts';
import type {
  AgentRecord,
  DecisionRecord,
  InstanceRecord,
  LearnedRecord,
  NoveltyRecord,
  OccurrenceRecord,
  OrderRecord,
  ProvisionalRecord,
  WorkloadCounts,
  WorkloadRecord,
} from './reader.ts';

/** Records of the tables → the collector's own types. What was stored was parsed before; it is parsed again, not believed. */

export function agentRow(record: AgentRecord): AgentRow {
  const { id, node, cluster, session, version, source } = record;
  return {
    hello: { agent: id, node, cluster, session, version, source, coverage: coverageOf(record.coverage) },
    stored: record.stored,
    missing: record.missing,
    refused: record.refused,
    firstSeen: record.first_seen_ms,
    lastSeen: record.last_seen_ms,
  };
}

export function workloadRow(record: WorkloadRecord & WorkloadCounts): WorkloadRow {
  const { hash, instances, running, starts, novelties, incidents } = record;
  return { hash, workload: workloadOf(record), instances, running, starts, novelties, incidents };
}

export function provisionalRow(record: ProvisionalRecord): ProvisionalRow {
  const { version, signed_at_ms, envelope } = record;
  const given = record.phases.split(',');
  return { version, phases: phases.filter((p) => given.includes(p)), signedAt: signed_at_ms, envelope };
}

export function provisionalRecord(row: ProvisionalRow): ProvisionalRecord {
  const { version, signedAt, envelope } = row;
  return { version, phases: row.phases.join(','), signed_at_ms: signedAt, envelope };
}

export function learnedWorkload(record: LearnedRecord): LearnedWorkload {
  return {
    workload: workloadOf(record.workload),
    source: record.source,
    novelties: record.novelties.map(noveltyRow),
    instances: record.instances.map(instanceRow),
    schedules: record.schedules,
  };
}

export function workloadOf(record: Omit<WorkloadRecord, 'id' | 'hash'>): Workload {
  const { cluster, namespace, owner, container, entry, name, digest } = record;
  return {
    cluster,
    namespace,
    owner,
    container,
    role: oneOf(roles, record.role),
    ...(entry === '' ? {} : { entry }),
    subject: { name, digest },
  };
}

function noveltyRow(record: NoveltyRecord): LearnedNovelty {
  return {
    ordinal: record.ordinal,
    behaviour: parseBehaviour(parseJson(Buffer.from(record.behaviour))),
    time: record.time_us,
    node: record.node,
    instance: record.instance,
    phase: oneOf(phases, record.phase),
  };
}

function instanceRow(record: InstanceRecord): LearnedInstance {
  const pod = record.pod === null ? {} : { pod: record.pod };
  return {
    instance: { id: record.id, node: record.node, startedAt: record.started_at_us, ...pod },
    agent: record.agent,
    state: oneOf(['started', 'found', 'exited'], record.state),
    fromStart: record.from_start === 1,
    coverage: coverageOf(record.coverage),
    since: record.since_us,
    until: record.until_us,
    events: record.events,
    lost: record.lost,
    seen: record.seen,
  };
}

export function occurrenceRow(record: OccurrenceRecord): OccurrenceRow {
  return {
    incident: incidentOf(record.report),
    row: record.row,
    agent: record.agent,
    decisions: record.decisions.map(decisionRow),
    orders: record.orders.map(orderOf),
    receipts: record.receipts.map(receiptOf),
  };
}

export function decisionRecord({ time, incident, action, reason, rule, would }: DecisionRow): DecisionRecord {
  const [would_action, would_reason] = [would?.action ?? '', would?.reason ?? ''];
  return { time, incident, action, reason, rule: rule ?? '', would_action, would_reason };
}

function decisionRow(record: DecisionRecord): DecisionRow {
  const { time, incident, action, reason, rule, would_action, would_reason } = record;
  return {
    time,
    incident,
    action,
    reason,
    ...(rule === '' ? {} : { rule }),
    ...(would_action === '' ? {} : { would: { action: would_action, reason: would_reason } }),
  };
}

export function orderRow(record: OrderRecord & { readonly receipt: string | null }): OrderRow {
  const receipt = record.receipt === null ? {} : { receipt: receiptOf(record.receipt) };
  return {
    order: orderOf(record),
    envelope: record.envelope,
    agent: record.agent,
    workload: record.workload,
    charge: record.charge,
    issuedAt: record.issued_at_ms,
    ...receipt,
  };
}

export function orderRecord(row: Omit<OrderRow, 'receipt'>): OrderRecord {
  const { id, action, session, seq, target, reason, issuedAt, expiresAt } = row.order;
  return {
    id,
    incident: target.incident,
    agent: row.agent,
    action,
    session,
    seq,
    node: target.node,
    instance: target.instance,
    pid: target.process.pid,
    start_us: target.process.start,
    reason,
    issued_at: issuedAt,
    expires_at: expiresAt,
    issued_at_ms: row.issuedAt,
    workload: row.workload,
    charge: row.charge,
    envelope: row.envelope,
  };
}

function orderOf(record: OrderRecord): Order {
  const { node, instance, incident, pid, start_us: start } = record;
  return {
    id: record.id,
    action: oneOf(actions, record.action),
    session: record.session,
    seq: record.seq,
    target: { node, instance, incident, process: { pid, start } },
    reason: record.reason,
    issuedAt: record.issued_at,
    expiresAt: record.expires_at,
  };
}

export function incidentOf(json: string): Incident {
  const report = reportOf(json);
  if (report.type !== 'incident') throw damaged('an incident');
  return report.incident;
}

function receiptOf(json: string): Receipt {
  const report = reportOf(json);
  if (report.type !== 'receipt') throw damaged('a receipt');
  return report.receipt;
}

function reportOf(json: string): Report {
  return parseReport(parseJson(Buffer.from(json)));
}

function coverageOf(text: string): CoverageWord[] {
  const given = text.split(',');
  return coverageWords.filter((word) => given.includes(word));
}

function oneOf<T extends string>(allowed: readonly T[], value: string): T {
  const found = allowed.find((a) => a === value);
  if (found === undefined) throw damaged(`one of ${allowed.join(', ')}`);
  return found;
}

function damaged(expected: string): StoreError {
  return new StoreError(
    'not-a-database',
    `the database holds something else where ${expected} was stored; it was changed by another program`,
  );
}
