import type Sqlite from 'better-sqlite3';

export interface TokenRecord {
  readonly id: string;
  readonly hash: string;
  readonly name: string;
  readonly role: string;
  readonly scope: string;
  readonly created_at_ms: number;
  readonly created_by: string;
  readonly reason: string;
  readonly expires_at_ms: number;
  readonly last_used_ms: number;
  readonly revoked_at_ms: number;
}

/** Ended tokens are kept this long beside the live ones, so that a list tells who had access; then the oldest goes. */
const maxEnded = 1000;

/** API tokens and the bootstrap token, in the database's thread. */
export class AccessTable {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  token(id: string): TokenRecord | undefined {
    return this.#db.prepare<[string], TokenRecord>('SELECT * FROM api_tokens WHERE id = ?').get(id);
  }

  tokens(): TokenRecord[] {
    const sql = 'SELECT * FROM api_tokens ORDER BY created_at_ms DESC, id';
    return this.#db.prepare<[], TokenRecord>(sql).all();
  }

  add(record: TokenRecord, most: number): 'added' | 'too-many' | 'name-taken' {
    return this.#db.transaction(() => {
      const live = this.#db
        .prepare<[number], string>(
          'SELECT name FROM api_tokens WHERE revoked_at_ms = 0 AND expires_at_ms > ?',
        )
        .pluck()
        .all(record.created_at_ms);
      if (live.length >= most) return 'too-many';
      if (live.includes(record.name)) return 'name-taken';
      this.#insert(record);
      return 'added';
    })();
  }

  #insert(record: TokenRecord): void {
    this.#db
      .prepare(
        `INSERT INTO api_tokens VALUES (@id, @hash, @name, @role, @scope, @created_at_ms, @created_by, @reason,
           @expires_at_ms, @last_used_ms, @revoked_at_ms)`,
      )
      .run(record);
    this.#db
      .prepare(
        `DELETE FROM api_tokens WHERE id IN (
           SELECT id FROM api_tokens WHERE revoked_at_ms > 0 OR expires_at_ms <= ?
           ORDER BY created_at_ms DESC LIMIT -1 OFFSET ${maxEnded})`,
      )
      .run(record.created_at_ms);
  }

  revoke(id: string, now: number): boolean {
    const sql = 'UPDATE api_tokens SET revoked_at_ms = ? WHERE id = ? AND revoked_at_ms = 0';
    return this.#db.prepare(sql).run(now, id).changes === 1;
  }

  used(id: string, day: number): void {
    this.#db.prepare('UPDATE api_tokens SET last_used_ms = ? WHERE id = ?').run(day, id);
  }

  bootstrap(): string | undefined {
    return this.#db.prepare<[], string>('SELECT hash FROM bootstrap_token').pluck().get();
  }

  saveBootstrap(hash: string): void {
    this.#db.prepare('INSERT OR REPLACE INTO bootstrap_token VALUES (1, ?)').run(hash);
  }

  exchange(hash: string, record: TokenRecord): boolean {
    return this.#db.transaction(() => {
      if (this.#db.prepare('DELETE FROM bootstrap_token WHERE hash = ?').run(hash).changes === 0)
        return false;
      this.#insert(record);
      return true;
    })();
  }
}
