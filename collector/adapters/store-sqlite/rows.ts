import { auditDetail } from '../../../fingerprint/audit-entry.ts';
import { sha256Hex } from '../../../fingerprint/digest.ts';
import { behaviourIdentity } from '../../../fingerprint/identity.ts';
import { severities } from '../../../fingerprint/incident.ts';
import type { Receipt } from '../../../fingerprint/order.ts';
import type { Phase } from '../../../fingerprint/phase.ts';
import { workloadKey } from '../../../fingerprint/workload.ts';
import type { AuditRecord } from '../../ports/audit.ts';
import type { Delivery, ReadRecord, StoredReport } from '../../ports.ts';

/**
 * A record in the form that crosses to the database's thread: tuples of strings and numbers, because cloning those costs
 * a tenth of cloning the report. Everything that needs the domain's types is done before.
 */
export type Row =
  | readonly ['refused', seq: number, reason: string]
  /** Nothing of it is kept but that it came. */
  | readonly ['canary', seq: number]
  | readonly ['folded', seq: number, id: string, kept: boolean, rank: number, evicts: string, json: string]
  | readonly [
      'incident',
      seq: number,
      workload: string,
      id: string,
      node: string,
      last: number,
      json: string,
      reason: string,
      severity: number,
      count: number,
      first: number,
      /** Distinct drift keys, one a line. */
      keys: string,
      rule: string,
      unfolds: boolean,
      quiet: boolean,
    ]
  | readonly [
      'novelty',
      seq: number,
      workload: string,
      identity: string,
      behaviour: string,
      time: number,
      instance: string,
      index: number,
      phase: Phase,
    ]
  | readonly [
      'support',
      seq: number,
      workload: string,
      instance: string,
      seen: Uint8Array,
      since: number,
      until: number,
      events: number,
      lost: number,
      phase: Phase,
    ]
  | readonly [
      'instance',
      seq: number,
      workload: string,
      id: string,
      pod: string | null,
      startedAt: number,
      state: string,
      coverage: string,
      schedules: readonly (readonly [timing: string, command: string])[],
    ]
  | readonly [
      'receipt',
      seq: number,
      order: string,
      incident: string,
      json: string,
      audit: Omit<AuditRecord, 'time'>,
    ]
  | readonly [
      'gap',
      seq: number,
      since: number,
      until: number,
      lost: number,
      reason: string,
      instance: string | null,
    ];

export interface RowDelivery {
  readonly agent: string;
  readonly node: string;
  /** What was acknowledged before, possibly by another database: a jump up to it is no loss. */
  readonly acked: number;
  readonly rows: readonly Row[];
}

export function toRows({ hello, records }: Delivery): RowDelivery {
  return {
    agent: hello.agent,
    node: hello.node,
    acked: hello.acked,
    rows: records.map((r) => toRow(r, hello.node)),
  };
}

function toRow(record: ReadRecord, node: string): Row {
  if ('refused' in record) return ['refused', record.seq, record.refused];
  if ('folded' in record) {
    const { id, kept, rank, evicts } = record.folded;
    return ['folded', record.seq, id, kept, rank, evicts ?? '', kept ? record.json : ''];
  }
  return reportRow(record, node);
}

function reportRow({ seq, report, json, reason, rule, unfolds, quiet }: StoredReport, node: string): Row {
  switch (report.type) {
    case 'incident': {
      const { workload, id, instance, last, first, severity, drifts } = report.incident;
      const about = [workloadKey(workload), id, instance.node, last, json, reason ?? ''] as const;
      const count = drifts.reduce((sum, drift) => sum + drift.count, 0);
      const keys =
        drifts.length === 1 ? (drifts[0]?.key ?? '') : distinct(drifts.map((d) => d.key)).join('\n');
      return [
        'incident',
        seq,
        ...about,
        severities.indexOf(severity),
        count,
        first,
        keys,
        rule ?? '',
        unfolds ?? false,
        quiet ?? false,
      ];
    }
    case 'novelty': {
      const { workload, behaviour, time, instance, index, phase } = report;
      // Hashed: identities hold NUL and may be kilobytes of arguments.
      const identity = sha256Hex(Buffer.from(behaviourIdentity(behaviour)));
      return [
        'novelty',
        seq,
        workloadKey(workload),
        identity,
        JSON.stringify(behaviour),
        time,
        instance,
        index,
        phase,
      ];
    }
    case 'support': {
      const seen = new Uint8Array(Buffer.from(report.seen, 'base64'));
      const { workload, instance, since, until, events, lost, phase } = report;
      return ['support', seq, workloadKey(workload), instance, seen, since, until, events, lost, phase];
    }
    case 'instance': {
      const { id, pod, startedAt } = report.instance;
      const coverage = report.coverage.join(',');
      return [
        'instance',
        seq,
        workloadKey(report.workload),
        id,
        pod ?? null,
        startedAt,
        report.state,
        coverage,
        (report.schedules ?? []).map(({ timing, command }) => [timing, command]),
      ];
    }
    case 'canary':
      return ['canary', seq];
    case 'receipt': {
      const { order, incident } = report.receipt;
      return ['receipt', seq, order, incident, json, receiptRecord(report.receipt, node)];
    }
    case 'gap':
      return ['gap', seq, report.since, report.until, report.lost, report.reason, report.instance ?? null];
  }
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

/** What became of an order, for the audit log. Pids are counted: a stopped fork storm has thousands. */
function receiptRecord(
  { order, incident, stopped, ...rest }: Receipt,
  node: string,
): Omit<AuditRecord, 'time'> {
  const detail = auditDetail({ order, stopped: stopped.length, ...rest });
  return { type: 'receipt', author: `agent:${node}`, about: incident, detail };
}
