import type Sqlite from 'better-sqlite3';
import type { AgentHello } from '../../ports.ts';
import type { ProvisionalRecord } from './reader.ts';

/** Small writes that are not ingest: each is a transaction of its own. */
export class Keeper {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  /** @returns the high water of this agent */
  openAgent(hello: AgentHello, now: number): number {
    return this.#db.transaction(() => {
      const before = this.#db
        .prepare<[string], string>('SELECT session FROM agents WHERE id = ?')
        .pluck()
        .get(hello.agent);
      // A new start of the agent tells again what runs; a copy that ended while it was away is told by nobody.
      if (before !== undefined && before !== hello.session) {
        this.#db.prepare("UPDATE instances SET state = 'exited' WHERE agent = ?").run(hello.agent);
      }
      this.#db
        .prepare(
          `INSERT INTO agents (id, node, cluster, session, version, source, coverage, first_seen_ms, last_seen_ms)
           VALUES (@agent, @node, @cluster, @session, @version, @source, @coverage, @now, @now)
           ON CONFLICT (id) DO UPDATE SET node = @node, cluster = @cluster, session = @session, version = @version,
             source = @source, coverage = @coverage, last_seen_ms = @now`,
        )
        .run({
          agent: hello.agent,
          node: hello.node,
          cluster: hello.cluster,
          session: hello.session,
          version: hello.version,
          source: hello.source,
          coverage: hello.coverage.join(','),
          now,
        });
      return (
        this.#db
          .prepare<[string], number>('SELECT stored FROM agents WHERE id = ?')
          .pluck()
          .get(hello.agent) ?? 0
      );
    })();
  }

  saveFingerprint(digest: string, envelope: Uint8Array, now: number): void {
    this.#db
      .prepare(
        'INSERT INTO fingerprints (digest, envelope, stored_at_ms) VALUES (?, ?, ?) ON CONFLICT DO NOTHING',
      )
      .run(digest, envelope, now);
  }

  saveProvisional(hash: string, row: ProvisionalRecord): void {
    this.#db
      .prepare(
        `INSERT INTO provisional (workload, version, phases, signed_at_ms, envelope)
         SELECT id, @version, @phases, @signed_at_ms, @envelope FROM workloads WHERE hash = @hash
         ON CONFLICT (workload) DO UPDATE SET version = excluded.version, phases = excluded.phases,
           signed_at_ms = excluded.signed_at_ms, envelope = excluded.envelope`,
      )
      .run({ hash, ...row });
  }

  saveSetting(name: string, value: string): void {
    this.#db
      .prepare(
        'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value',
      )
      .run(name, value);
  }
}
