import type Sqlite from 'better-sqlite3';
import type { Phase } from '../../../fingerprint/phase.ts';
import type { DecisionRecord, OrderRecord } from './reader.ts';

type Text = string;
type Run<P extends unknown[]> = Pick<Sqlite.Statement<P>, 'run'>;
/** A statement whose rows have one column, given as that value. */
type Pluck<P extends unknown[], R> = Pick<Sqlite.Statement<P, R>, 'get' | 'run'>;

export interface Writes {
  readonly storedOf: Pluck<[agent: Text], number>;
  readonly advance: Run<[stored: number, missing: number, refused: number, now: number, agent: Text]>;
  readonly nextOrdinal: Pluck<[workload: number], number>;
  /** @returns the ordinal the behaviour has: its old one when it was known */
  readonly novelty: Pluck<
    [
      workload: number,
      ordinal: number,
      identity: Text,
      behaviour: Text,
      time: number,
      node: Text,
      instance: Text,
      phase: Text,
    ],
    number
  >;
  readonly dictionary: Run<[agent: Text, workload: number, index: number, ordinal: number]>;
  readonly dictionaryOf: Pick<
    Sqlite.Statement<[agent: Text, workload: number], readonly [index: number, ordinal: number]>,
    'all'
  >;
  readonly meet: Run<[workload: number, node: Text, id: Text, agent: Text]>;
  /** What it has shown, by phase of its life. */
  readonly seenBy: Readonly<Record<Phase, Pluck<[workload: number, node: Text, id: Text], Uint8Array>>>;
  readonly see: Readonly<Record<Phase, Run<[seen: Uint8Array, workload: number, node: Text, id: Text]>>>;
  readonly span: Run<
    [
      since: number,
      sinceAgain: number,
      until: number,
      events: number,
      lost: number,
      workload: number,
      node: Text,
      id: Text,
    ]
  >;
  readonly instance: Run<
    [
      workload: number,
      node: Text,
      id: Text,
      agent: Text,
      pod: Text | null,
      startedAt: number,
      state: Text,
      coverage: Text,
      fromStart: 0 | 1,
    ]
  >;
  /** When the copy of this id that is known began to be watched; 0 when only its behaviours are known. */
  readonly startOf: Pluck<[workload: number, node: Text, id: Text], number>;
  readonly copies: Pluck<[workload: number], number>;
  readonly rename: Run<[to: Text, workload: number, node: Text, id: Text]>;
  readonly renameInNovelties: Run<[to: Text, workload: number, node: Text, id: Text]>;
  readonly receipt: Run<[order: Text, agent: Text, incident: Text, report: Text]>;
  /** 1 when the order was given to this agent. */
  readonly isOrderOf: Pluck<[order: Text, agent: Text], number>;
  readonly gap: Run<
    [
      agent: Text,
      seq: number,
      since: number,
      until: number,
      lost: number,
      reason: Text,
      instance: Text | null,
    ]
  >;
  /** The highest number that was acknowledged and is not here. */
  readonly ackedBefore: Pluck<[agent: Text], number>;
  readonly fold: Run<[agent: Text, id: Text, rank: number, report: Text]>;
  readonly unfold: Run<[agent: Text, id: Text]>;
  readonly flooded: Run<[agent: Text, records: number]>;
  readonly refused: Run<[agent: Text, seq: number, reason: Text, agentAgain: Text]>;
  /** Not by name: there is one for every occurrence, and names cost a look-up each. */
  readonly decision: Run<
    [
      time: number,
      incident: Text,
      action: Text,
      reason: Text,
      rule: Text,
      wouldAction: Text,
      wouldReason: Text,
    ]
  >;
  /** The latest one, as `decisionText` writes it. */
  readonly lastDecision: Pluck<[incident: Text], string>;
  readonly order: Run<[OrderRecord]>;
  readonly workloadId: Pluck<[hash: Text], number>;
  readonly workload: Run<[firstSeen: number, hash: Text, ...parts: Text[]]>;
  readonly schedules: Pluck<[workload: number], number>;
  readonly schedule: Run<[workload: number, timing: Text, command: Text]>;
}

/** One line for each decision that is another: what repeats the last is not recorded again. */
export function decisionText(record: Omit<DecisionRecord, 'time' | 'incident'>): string {
  const { action, reason, rule, would_action, would_reason } = record;
  return [action, reason, rule, would_action, would_reason].join(' ');
}

/** Every statement that ingest runs, prepared once. */
export function prepareWrites(db: Sqlite.Database): Writes {
  const seenBy = (column: 'seen_start' | 'seen_steady') =>
    db
      .prepare<[number, Text, Text], Uint8Array>(
        `SELECT ${column} FROM instances WHERE workload = ? AND node = ? AND id = ?`,
      )
      .pluck();
  const see = (column: 'seen_start' | 'seen_steady') =>
    db.prepare<[Uint8Array, number, Text, Text]>(
      `UPDATE instances SET ${column} = ? WHERE workload = ? AND node = ? AND id = ?`,
    );
  return {
    storedOf: db.prepare<[Text], number>('SELECT stored FROM agents WHERE id = ?').pluck(),
    advance: db.prepare(
      'UPDATE agents SET stored = ?, missing = missing + ?, refused = refused + ?, last_seen_ms = ? WHERE id = ?',
    ),
    nextOrdinal: db
      .prepare<[number], number>('SELECT coalesce(max(ordinal) + 1, 0) FROM novelties WHERE workload = ?')
      .pluck(),
    novelty: db
      .prepare<[number, number, Text, Text, number, Text, Text, Text], number>(
        `INSERT INTO novelties (workload, ordinal, identity, behaviour, time_us, node, instance, phase)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT (workload, identity) DO UPDATE SET
           node = CASE WHEN excluded.time_us < time_us THEN excluded.node ELSE node END,
           phase = CASE WHEN excluded.time_us < time_us THEN excluded.phase ELSE phase END,
           instance = CASE WHEN excluded.time_us < time_us THEN excluded.instance ELSE instance END,
           time_us = min(time_us, excluded.time_us)
         RETURNING ordinal`,
      )
      .pluck(),
    dictionary: db.prepare(
      `INSERT INTO dictionary (agent, workload, idx, ordinal) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET ordinal = excluded.ordinal`,
    ),
    dictionaryOf: db
      .prepare<[Text, number], readonly [number, number]>(
        'SELECT idx, ordinal FROM dictionary WHERE agent = ? AND workload = ?',
      )
      .raw(),
    meet: db.prepare(
      'INSERT INTO instances (workload, node, id, agent) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    seenBy: { start: seenBy('seen_start'), steady: seenBy('seen_steady') },
    see: { start: see('seen_start'), steady: see('seen_steady') },
    span: db.prepare(
      `UPDATE instances SET since_us = CASE since_us WHEN 0 THEN ? ELSE min(since_us, ?) END, until_us = max(until_us, ?),
         events = events + ?, lost = lost + ? WHERE workload = ? AND node = ? AND id = ?`,
    ),
    instance: db.prepare(
      `INSERT INTO instances (workload, node, id, agent, pod, started_at_us, state, coverage, from_start)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET from_start = max(from_start, excluded.from_start), agent = excluded.agent, pod = excluded.pod,
         started_at_us = CASE WHEN started_at_us > 0 AND excluded.state <> 'started' THEN started_at_us ELSE excluded.started_at_us END,
         state = excluded.state, coverage = excluded.coverage`,
    ),
    startOf: db
      .prepare<[number, Text, Text], number>(
        'SELECT started_at_us FROM instances WHERE workload = ? AND node = ? AND id = ?',
      )
      .pluck(),
    copies: db.prepare<[number], number>('SELECT count(*) FROM instances WHERE workload = ?').pluck(),
    rename: db.prepare(
      "UPDATE instances SET id = ?, state = 'exited' WHERE workload = ? AND node = ? AND id = ?",
    ),
    renameInNovelties: db.prepare(
      'UPDATE novelties SET instance = ? WHERE workload = ? AND node = ? AND instance = ?',
    ),
    receipt: db.prepare(
      'INSERT INTO receipts (order_id, agent, incident, report) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    isOrderOf: db.prepare<[Text, Text], number>('SELECT 1 FROM orders WHERE id = ? AND agent = ?').pluck(),
    gap: db.prepare(
      'INSERT INTO gaps (agent, seq, since_us, until_us, lost, reason, instance) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    ackedBefore: db.prepare<[Text], number>('SELECT acked FROM agent_losses WHERE agent = ?').pluck(),
    fold: db.prepare(
      `INSERT INTO flooded (agent, id, rank, report) VALUES (?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET rank = excluded.rank, report = excluded.report`,
    ),
    unfold: db.prepare('DELETE FROM flooded WHERE agent = ? AND id = ?'),
    flooded: db.prepare(
      `INSERT INTO agent_losses (agent, flooded) VALUES (?, ?)
       ON CONFLICT DO UPDATE SET flooded = flooded + excluded.flooded`,
    ),
    // A sample is enough to find the fault; an agent that sends nothing else must not fill the disk.
    refused: db.prepare(
      `INSERT INTO refused (agent, seq, reason) SELECT ?, ?, ?
       WHERE (SELECT refused FROM agents WHERE id = ?) < 1000`,
    ),
    decision: db.prepare(
      `INSERT INTO decisions (time_ms, incident, action, reason, rule, would_action, would_reason)
       VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
    ),
    lastDecision: db
      .prepare<[Text], string>(
        `SELECT action || ' ' || reason || ' ' || rule || ' ' || would_action || ' ' || would_reason
         FROM decisions WHERE incident = ? ORDER BY time_ms DESC LIMIT 1`,
      )
      .pluck(),
    order: db.prepare(
      `INSERT INTO orders VALUES (@id, @incident, @agent, @action, @session, @seq, @node, @instance, @pid, @start_us,
         @reason, @issued_at, @expires_at, @issued_at_ms, @workload, @charge, @envelope)`,
    ),
    schedules: db.prepare<[number], number>('SELECT count(*) FROM schedules WHERE workload = ?').pluck(),
    schedule: db.prepare(
      'INSERT INTO schedules (workload, timing, command) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
    ),
    workloadId: db.prepare<[Text], number>('SELECT id FROM workloads WHERE hash = ?').pluck(),
    workload: db.prepare(
      `INSERT INTO workloads (first_seen_ms, hash, cluster, namespace, owner, container, role, entry, name, digest)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
  };
}
