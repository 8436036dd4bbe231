import type Sqlite from 'better-sqlite3';

/** A sink that is away for days must not fill the disk: 10 000 notices are 30 MB as they mostly are. */
const maxWaiting = 10_000;
/** What nobody sends again within thousands of others will not be missed; what is removed counts as dropped. */
const maxDead = 1_000;
/** Subjects that what was told of is remembered of: 90 days of 2 000 incidents. */
const maxTold = 200_000;

export interface EntryRecord {
  readonly sink: string;
  readonly notice: string;
  readonly key: string;
  readonly type: string;
  readonly severity: number;
  readonly body: string;
  readonly state: 'waiting' | 'gathered';
}

export interface ToldRecord {
  readonly subject: string;
  readonly told: string;
}

export interface OutboxRecord {
  readonly seq: number;
  readonly body: string;
  readonly attempts: number;
  readonly last_error: string;
}

export interface SinkRecord {
  readonly sink: string;
  readonly state: string;
  readonly author: string;
  readonly reason: string;
  readonly delivered: number;
  readonly dropped: number;
  readonly waiting: number;
  readonly gathered: number;
  readonly dead: number;
  readonly failing_since_ms: number;
  readonly last_error: string;
}

/** What the database's thread can be asked about the outbox. */
export function outboxApi(db: Sqlite.Database) {
  const table = new OutboxTable(db);
  return {
    outboxOpen: table.open.bind(table),
    outboxTold: table.told.bind(table),
    outboxUntold: table.untold.bind(table),
    outboxPut: table.put.bind(table),
    outboxDue: table.due.bind(table),
    outboxDelivered: table.delivered.bind(table),
    outboxFailed: table.failed.bind(table),
    outboxHurry: table.hurry.bind(table),
    outboxTellDropped: table.tellDropped.bind(table),
    outboxGathered: table.gathered.bind(table),
    outboxDigested: table.digested.bind(table),
    outboxSinks: table.sinks.bind(table),
    outboxSetState: table.setState.bind(table),
    outboxDead: table.dead.bind(table),
    outboxRevive: table.revive.bind(table),
  };
}

/** The outbox's tables, in the database's thread. Each method is one transaction. */
class OutboxTable {
  readonly #db: Sqlite.Database;
  readonly #sql: ReturnType<typeof prepare>;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  open(sinks: readonly string[]): number {
    return this.#db.transaction(() => {
      const kept = JSON.stringify(sinks);
      for (const sink of sinks) this.#sql.sink.run(sink);
      this.#sql.forgetSinks.run(kept);
      this.#sql.forgetTold.run(maxTold);
      return this.#sql.forgetRows.run(kept).changes;
    })();
  }

  told(subjects: readonly string[]): ToldRecord[] {
    return subjects.flatMap((subject) => this.#sql.told.get(subject) ?? []);
  }

  untold(activeAfterUs: number, limit: number): string[] {
    return this.#sql.untold.all(activeAfterUs, limit);
  }

  put(entries: readonly EntryRecord[], told: readonly ToldRecord[], now: number): void {
    this.#db.transaction(() => {
      for (const { subject, told: text } of told) this.#sql.tell.run(subject, text, now);
      for (const entry of entries) this.#sql.put.run({ ...entry, now });
      for (const sink of new Set(entries.map((entry) => entry.sink))) this.#bound(sink);
    })();
  }

  #bound(sink: string): void {
    const excess = (this.#sql.waiting.get(sink) ?? 0) - maxWaiting;
    if (excess > 0) this.#sql.drop.run({ sink, count: this.#sql.dropWaiting.run(sink, excess).changes });
    const excessDead = (this.#sql.deadCount.get(sink) ?? 0) - maxDead;
    if (excessDead > 0) this.#sql.drop.run({ sink, count: this.#sql.dropDead.run(sink, excessDead).changes });
  }

  due(sink: string, now: number, limit: number): OutboxRecord[] {
    return this.#sql.due.all({ sink, now, limit });
  }

  delivered(sink: string, seq: number): number {
    return this.#db.transaction(() => {
      this.#sql.remove.run(sink, seq);
      return this.#sql.countDelivered.get(sink) ?? 0;
    })();
  }

  failed(sink: string, seq: number, nextAt: number | undefined, error: string, now: number): void {
    this.#db.transaction(() => {
      const state = nextAt === undefined ? 'dead' : 'waiting';
      this.#sql.fail.run({ sink, seq, state, next: nextAt ?? 0, error });
      this.#sql.sinkFails.run({ sink, now, error });
      this.#bound(sink);
    })();
  }

  hurry(sink: string, now: number): void {
    this.#sql.hurry.run(now, sink, now);
  }

  tellDropped(entry: EntryRecord, count: number, now: number): void {
    this.#db.transaction(() => {
      this.#sql.put.run({ ...entry, now });
      this.#sql.toldOfDropped.run(count, entry.sink);
    })();
  }

  gathered(sink: string, after: number, limit: number): OutboxRecord[] {
    return this.#sql.gathered.all(sink, after, limit);
  }

  digested(entry: EntryRecord, seq: number, now: number): void {
    this.#db.transaction(() => {
      this.#sql.removeGathered.run(entry.sink, seq);
      this.#sql.put.run({ ...entry, now });
    })();
  }

  sinks(): SinkRecord[] {
    return this.#sql.sinks.all();
  }

  setState(sink: string, state: string, author: string, reason: string): void {
    this.#sql.setState.run({ sink, state, author, reason });
  }

  dead(sink: string, limit: number): OutboxRecord[] {
    return this.#sql.dead.all(sink, limit);
  }

  revive(sink: string, now: number): number {
    return this.#sql.revive.run(now, sink).changes;
  }
}

function prepare(db: Sqlite.Database) {
  return {
    ...prepareOrders(db),
    ...prepareSinks(db),
    told: db.prepare<[string], ToldRecord>('SELECT subject, told FROM outbox_told WHERE subject = ?'),
    tell: db.prepare(
      `INSERT INTO outbox_told (subject, told, told_ms) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET told = excluded.told, told_ms = excluded.told_ms`,
    ),
    forgetTold: db.prepare(
      `DELETE FROM outbox_told WHERE told_ms < (SELECT told_ms FROM outbox_told ORDER BY told_ms DESC LIMIT 1 OFFSET ?)`,
    ),
    untold: db
      .prepare<[number, number], string>(
        `SELECT lead FROM incidents WHERE last_us > ? AND NOT EXISTS (SELECT 1 FROM outbox_told WHERE subject = id)
         ORDER BY last_us LIMIT ?`,
      )
      .pluck(),
  };
}

function prepareOrders(db: Sqlite.Database) {
  const columns = 'seq, body, attempts, last_error';
  return {
    put: db.prepare(
      `INSERT INTO outbox (sink, notice, key, type, severity, body, state, next_attempt_ms)
       VALUES (@sink, @notice, @key, @type, @severity, @body, @state, @now) ON CONFLICT DO NOTHING`,
    ),
    due: db.prepare<{ sink: string; now: number; limit: number }, OutboxRecord>(
      `SELECT ${columns} FROM outbox o
       WHERE sink = @sink AND state = 'waiting' AND next_attempt_ms <= @now AND NOT EXISTS (
         SELECT 1 FROM outbox p WHERE p.sink = @sink AND p.state = 'waiting' AND p.key = o.key AND p.seq < o.seq)
       ORDER BY severity DESC, seq LIMIT @limit`,
    ),
    remove: db.prepare('DELETE FROM outbox WHERE sink = ? AND seq = ?'),
    fail: db.prepare(
      `UPDATE outbox SET attempts = attempts + 1, state = @state, next_attempt_ms = @next, last_error = @error
       WHERE sink = @sink AND seq = @seq`,
    ),
    hurry: db.prepare(
      "UPDATE outbox SET next_attempt_ms = ? WHERE sink = ? AND state = 'waiting' AND next_attempt_ms > ?",
    ),
    waiting: db
      .prepare<[string], number>(
        "SELECT count(*) FROM outbox WHERE sink = ? AND state IN ('waiting', 'gathered')",
      )
      .pluck(),
    deadCount: db
      .prepare<[string], number>("SELECT count(*) FROM outbox WHERE sink = ? AND state = 'dead'")
      .pluck(),
    dropWaiting: db.prepare(
      `DELETE FROM outbox WHERE seq IN (
         SELECT seq FROM outbox WHERE sink = ? AND state IN ('waiting', 'gathered') AND type <> 'notices.dropped'
         ORDER BY severity, seq LIMIT ?)`,
    ),
    dropDead: db.prepare(
      `DELETE FROM outbox WHERE seq IN (SELECT seq FROM outbox WHERE sink = ? AND state = 'dead' ORDER BY seq LIMIT ?)`,
    ),
    gathered: db.prepare<[string, number, number], OutboxRecord>(
      `SELECT ${columns} FROM outbox WHERE sink = ? AND state = 'gathered' AND seq > ? ORDER BY seq LIMIT ?`,
    ),
    removeGathered: db.prepare("DELETE FROM outbox WHERE sink = ? AND state = 'gathered' AND seq <= ?"),
    dead: db.prepare<[string, number], OutboxRecord>(
      `SELECT ${columns} FROM outbox WHERE sink = ? AND state = 'dead' ORDER BY seq DESC LIMIT ?`,
    ),
    revive: db.prepare(
      "UPDATE outbox SET state = 'waiting', attempts = 0, next_attempt_ms = ? WHERE sink = ? AND state = 'dead'",
    ),
    forgetRows: db.prepare('DELETE FROM outbox WHERE sink NOT IN (SELECT value FROM json_each(?))'),
  };
}

function prepareSinks(db: Sqlite.Database) {
  const count = (state: string) =>
    `(SELECT count(*) FROM outbox o WHERE o.sink = s.sink AND o.state = '${state}') AS ${state}`;
  return {
    sink: db.prepare('INSERT INTO outbox_sinks (sink) VALUES (?) ON CONFLICT DO NOTHING'),
    forgetSinks: db.prepare('DELETE FROM outbox_sinks WHERE sink NOT IN (SELECT value FROM json_each(?))'),
    sinks: db.prepare<[], SinkRecord>(
      `SELECT s.*, ${count('waiting')}, ${count('gathered')}, ${count('dead')} FROM outbox_sinks s ORDER BY sink`,
    ),
    setState: db.prepare(
      'UPDATE outbox_sinks SET state = @state, author = @author, reason = @reason WHERE sink = @sink',
    ),
    countDelivered: db
      .prepare<[string], number>(
        `UPDATE outbox_sinks SET delivered = delivered + 1, failing_since_ms = 0, last_error = '' WHERE sink = ?
         RETURNING untold`,
      )
      .pluck(),
    sinkFails: db.prepare(
      `UPDATE outbox_sinks SET last_error = @error,
         failing_since_ms = CASE failing_since_ms WHEN 0 THEN @now ELSE failing_since_ms END WHERE sink = @sink`,
    ),
    drop: db.prepare(
      'UPDATE outbox_sinks SET dropped = dropped + @count, untold = untold + @count WHERE sink = @sink',
    ),
    toldOfDropped: db.prepare('UPDATE outbox_sinks SET untold = max(0, untold - ?) WHERE sink = ?'),
  };
}
