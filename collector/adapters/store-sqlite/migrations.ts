import { createHash } from 'node:crypto';
import type Sqlite from 'better-sqlite3';
import { tablesOfSchema3 } from './schema.ts';
import { workloadsTo3 } from './schema-3/brakes.ts';
import { firstIncidents, occurrencesTo3 } from './schema-3/incidents.ts';
import { decisionsTo3 } from './schema-3/response-policies.ts';

/** Step i brings a file from schema i + 1 to i + 2. A step is never changed once a release has written its result. */
export const migrations: readonly ((db: Sqlite.Database) => void)[] = [
  /** Workloads are told apart by their entrypoint, too, and what was shown by the phase of life it was shown in. */
  (db) => {
    db.exec(`
      ALTER TABLE workloads ADD COLUMN entry TEXT NOT NULL DEFAULT '';
      -- Nothing told starts apart then: all that is known is that it was seen.
      ALTER TABLE instances RENAME COLUMN seen TO seen_steady;
      ALTER TABLE instances ADD COLUMN seen_start BLOB NOT NULL DEFAULT x'';
      ALTER TABLE novelties ADD COLUMN node TEXT NOT NULL DEFAULT '';
      ALTER TABLE novelties ADD COLUMN phase TEXT NOT NULL DEFAULT 'steady';
      CREATE TABLE schedules (
        workload INTEGER NOT NULL REFERENCES workloads (id),
        timing   TEXT NOT NULL,
        command  TEXT NOT NULL,
        PRIMARY KEY (workload, timing, command)
      ) STRICT, WITHOUT ROWID;
      CREATE TABLE provisional (
        workload     INTEGER PRIMARY KEY REFERENCES workloads (id),
        version      INTEGER NOT NULL,
        phases       TEXT NOT NULL,
        signed_at_ms INTEGER NOT NULL,
        envelope     BLOB NOT NULL
      ) STRICT;
    `);
    addEntryToKeys(db);
  },
  /** Occurrences are rolled up into incidents; agents have certificates, people tokens; what is done is audited. */
  (db) => {
    // The order matters: `incidents` is the old name of the occurrences, and the first incidents are made of those.
    db.exec(occurrencesTo3 + workloadsTo3 + decisionsTo3);
    db.exec(tablesOfSchema3);
    db.exec(firstIncidents);
  },
];

/** A workload's key has one line more, between role and name; without the new hash nothing that was learned is found. */
function addEntryToKeys(db: Sqlite.Database): void {
  const rename = db.prepare<[string, number]>('UPDATE workloads SET hash = ? WHERE id = ?');
  const rows = db.prepare<[], Record<string, string | number>>('SELECT * FROM workloads').all();
  for (const w of rows) {
    const key = [w.cluster, w.namespace, w.owner, w.container, w.role, '', w.name, w.digest].join('\n');
    rename.run(createHash('sha256').update(key).digest('hex'), Number(w.id));
  }
  const move = db.prepare<[string, string]>('UPDATE orders SET workload = ? WHERE id = ?');
  for (const { id, workload } of db
    .prepare<[], { id: string; workload: string }>('SELECT id, workload FROM orders')
    .all())
    move.run(workload.split('\n').toSpliced(5, 0, '').join('\n'), id);
}
