import type Sqlite from 'better-sqlite3';

/** Rows as they lie in the tables of schema-3/brakes.ts. */
export interface LeaseRecord {
  readonly id: string;
  readonly agent: string;
  readonly session: string;
  readonly workload: string;
  readonly stops: number;
  readonly ends: number;
  readonly since_ms: number;
  readonly issued_ms: number;
  readonly expires_ms: number;
  readonly settled: number;
}

export interface HeldOrderRecord {
  readonly id: string;
  readonly incident: string;
  readonly agent: string;
  readonly wanted: string;
  readonly done: string;
  readonly reason: string;
  readonly sentence: string;
  readonly since_ms: number;
  readonly expires_ms: number;
  readonly state: string;
  readonly ended_ms: number | null;
  readonly ended_by: string | null;
  readonly ended_why: string | null;
}

export interface DisarmRecord {
  readonly id: string;
  /** JSON. */
  readonly scope: string;
  readonly author: string;
  readonly reason: string;
  readonly since_ms: number;
  readonly until_ms: number;
}

export interface NodeStateRecord {
  readonly agent: string;
  readonly cluster: string;
  readonly node: string;
  readonly version: string;
  readonly source: string;
  readonly kernel: string | null;
  readonly changed_ms: number;
  readonly heard_ms: number;
}

/** Nodes that come and go leave a row each: of those silent for longer nobody asks whether they changed. */
const nodesKeptMs = 90 * 86_400_000;
/** A request that is repeated is so within minutes. */
const answersKeptMs = 7 * 86_400_000;

/** What the brakes remember, in the database's thread. */
export class BrakesTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  saveLeases(leases: readonly LeaseRecord[]): void {
    const save = this.#db.prepare(
      `INSERT INTO leases (id, agent, session, workload, stops, ends, since_ms, issued_ms, expires_ms, settled)
       VALUES (@id, @agent, @session, @workload, @stops, @ends, @since_ms, @issued_ms, @expires_ms, @settled)
       ON CONFLICT (id) DO UPDATE SET issued_ms = excluded.issued_ms, expires_ms = excluded.expires_ms,
         settled = excluded.settled`,
    );
    this.#db.transaction(() => {
      for (const lease of leases) save.run(lease);
    })();
  }

  /** What was spent of a lease is called `lease:ID:…`, and so is what was held for want of one: too much rather than too little. */
  leasesSince(expiresAfter: number): (LeaseRecord & { readonly spent: number })[] {
    return this.#db
      .prepare<[number], LeaseRecord & { readonly spent: number }>(
        `SELECT l.*,
           (SELECT count(*) FROM receipts r WHERE r.order_id >= 'lease:' || l.id || ':'
              AND r.order_id < 'lease:' || l.id || ';' AND r.agent = l.agent) AS spent
         FROM leases l WHERE l.expires_ms > ?`,
      )
      .all(expiresAfter);
  }

  saveHeldOrder(order: HeldOrderRecord): void {
    this.#db
      .prepare(
        `INSERT INTO held_orders (id, incident, agent, wanted, done, reason, sentence, since_ms, expires_ms, state,
           ended_ms, ended_by, ended_why)
         VALUES (@id, @incident, @agent, @wanted, @done, @reason, @sentence, @since_ms, @expires_ms, @state,
           @ended_ms, @ended_by, @ended_why)
         ON CONFLICT (id) DO UPDATE SET wanted = excluded.wanted, done = excluded.done, reason = excluded.reason,
           sentence = excluded.sentence, expires_ms = excluded.expires_ms, state = excluded.state,
           ended_ms = excluded.ended_ms, ended_by = excluded.ended_by, ended_why = excluded.ended_why`,
      )
      .run(order);
  }

  heldOrder(id: string): HeldOrderRecord | undefined {
    return this.#db.prepare<[string], HeldOrderRecord>('SELECT * FROM held_orders WHERE id = ?').get(id);
  }

  heldOrders(state: string | null, limit: number): HeldOrderRecord[] {
    return this.#db
      .prepare<{ state: string | null; limit: number }, HeldOrderRecord>(
        `SELECT * FROM held_orders WHERE @state IS NULL OR state = @state
         ORDER BY since_ms DESC, id LIMIT @limit`,
      )
      .all({ state, limit });
  }

  forgetHeldOrders(endedBefore: number): void {
    this.#db.prepare("DELETE FROM held_orders WHERE state <> 'waiting' AND ended_ms < ?").run(endedBefore);
  }

  saveDisarm(disarm: DisarmRecord): void {
    this.#db
      .prepare(
        `INSERT INTO disarms (id, scope, author, reason, since_ms, until_ms)
         VALUES (@id, @scope, @author, @reason, @since_ms, @until_ms)
         ON CONFLICT (id) DO UPDATE SET until_ms = excluded.until_ms`,
      )
      .run(disarm);
  }

  disarmsUntil(after: number): DisarmRecord[] {
    return this.#db
      .prepare<[number], DisarmRecord>('SELECT * FROM disarms WHERE until_ms > ? ORDER BY since_ms, id')
      .all(after);
  }

  nodeState(agent: string, cluster: string, node: string): NodeStateRecord | undefined {
    return this.#db
      .prepare<{ agent: string; cluster: string; node: string }, NodeStateRecord>(
        `SELECT * FROM node_states WHERE agent = @agent OR (cluster = @cluster AND node = @node)
         ORDER BY agent = @agent DESC, heard_ms DESC LIMIT 1`,
      )
      .get({ agent, cluster, node });
  }

  saveNodeState(state: NodeStateRecord): void {
    this.#db.prepare('DELETE FROM node_states WHERE heard_ms < ?').run(state.heard_ms - nodesKeptMs);
    this.#db
      .prepare(
        `INSERT OR REPLACE INTO node_states (agent, cluster, node, version, source, kernel, changed_ms, heard_ms)
         VALUES (@agent, @cluster, @node, @version, @source, @kernel, @changed_ms, @heard_ms)`,
      )
      .run(state);
  }

  answer(key: string): string | undefined {
    return this.#db.prepare<[string], string>('SELECT answer FROM answers WHERE key = ?').pluck().get(key);
  }

  saveAnswer(key: string, answer: string, now: number): void {
    this.#db.prepare('DELETE FROM answers WHERE saved_ms < ?').run(now - answersKeptMs);
    this.#db
      .prepare('INSERT INTO answers (key, answer, saved_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING')
      .run(key, answer, now);
  }
}
