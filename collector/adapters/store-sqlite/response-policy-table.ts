import type Sqlite from 'better-sqlite3';

export interface PolicyRecord {
  readonly version: number;
  readonly document: string;
  readonly author: string;
  readonly reason: string;
  readonly set_at_ms: number;
}

/** The table of response policies, in the database's thread. */
export class ResponsePolicyTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  /** @returns whether it was added; a version that is there is left as it is */
  add(record: PolicyRecord): boolean {
    const added = this.#db
      .prepare(
        `INSERT INTO response_policies (version, document, author, reason, set_at_ms)
         VALUES (@version, @document, @author, @reason, @set_at_ms) ON CONFLICT DO NOTHING`,
      )
      .run(record);
    return added.changes === 1;
  }

  version(version: number): PolicyRecord | undefined {
    return this.#db
      .prepare<[number], PolicyRecord>('SELECT * FROM response_policies WHERE version = ?')
      .get(version);
  }

  history(before: number, limit: number): PolicyRecord[] {
    return this.#db
      .prepare<[number, number], PolicyRecord>(
        'SELECT * FROM response_policies WHERE version < ? ORDER BY version DESC LIMIT ?',
      )
      .all(before, limit);
  }
}
