import type Sqlite from 'better-sqlite3';

/** Rows of one transaction: ingest waits behind it no longer than for a large commit of its own. */
const rowsAtATime = 1_000;

/** Takes away what is older than the site keeps it. What people did stays in the audit log. */
export class Retirer {
  readonly #db: Sqlite.Database;

  constructor(db: Sqlite.Database) {
    this.#db = db;
  }

  /** @returns occurrences that went; fewer than asked for at a time when nothing is left */
  retire(activeBeforeUs: number): { readonly occurrences: number; readonly isDone: boolean } {
    return this.#db.transaction(() => {
      const old = this.#db
        .prepare<[number, number], { id: string; incident: string }>(
          'SELECT id, incident FROM occurrences WHERE last_us < ? ORDER BY last_us LIMIT ?',
        )
        .all(activeBeforeUs, rowsAtATime);
      for (const { id } of old) this.#takeAway(id);
      for (const incident of new Set(old.map((o) => o.incident))) this.#tidy(incident);
      return { occurrences: old.length, isDone: old.length < rowsAtATime };
    })();
  }

  #takeAway(id: string): void {
    for (const sql of [
      'DELETE FROM receipts WHERE incident = ?',
      'DELETE FROM orders WHERE incident = ?',
      'DELETE FROM decisions WHERE incident = ?',
      'DELETE FROM occurrences WHERE id = ?',
    ])
      this.#db.prepare<[string]>(sql).run(id);
  }

  /** An incident goes with the last of its occurrences; until then one that is left is shown for it. */
  #tidy(incident: string): void {
    const left = this.#db
      .prepare<[string], string>(
        'SELECT id FROM occurrences WHERE incident = ? ORDER BY severity DESC, last_us LIMIT 1',
      )
      .pluck()
      .get(incident);
    if (left !== undefined) {
      this.#db
        .prepare(
          'UPDATE incidents SET lead = ? WHERE id = ? AND lead NOT IN (SELECT id FROM occurrences WHERE incident = ?)',
        )
        .run(left, incident, incident);
      return;
    }
    for (const table of ['incident_keys', 'reviews'])
      this.#db.prepare<[string]>(`DELETE FROM ${table} WHERE incident = ?`).run(incident);
    this.#db.prepare<[string]>('DELETE FROM incidents WHERE id = ?').run(incident);
  }
}
