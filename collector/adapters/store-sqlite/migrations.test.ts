import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDatabase } from './database.ts';
import { keepCopy } from './kept-copy.ts';

let dir: string;
let file: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'whorl-migrations-'));
  file = join(dir, 'whorl.db');
});
afterEach(() => rmSync(dir, { recursive: true }));

/** A file as a release of that schema left it, with an agent, a gap and a decision. */
function of(schema: 1 | 2): void {
  const db = new Sqlite(file);
  db.exec(readFileSync(`test/fixtures/store/schema-v${schema}.sql`, 'utf8'));
  db.pragma(`user_version = ${schema}`);
  db.exec(`
    INSERT INTO agents VALUES ('a1', 'node-1', 'local', 's1', '0.1.0', 'sensor', 'exec', 41, 2, 1, 10, 20);
    INSERT INTO gaps VALUES ('a1', 40, 1, 2, 3, 'ring-full', NULL);
    INSERT INTO decisions (incident, time_ms, action, reason) VALUES ('i', 5, 'none', 'mode');
    INSERT INTO settings VALUES ('collector-id', 'c1');
  `);
  db.close();
}

/** Everything of a file's schema, and each column with its type, default and place in the key; their order may differ. */
const schemaOf = (db: Sqlite.Database) => ({
  objects: db
    .prepare("SELECT type, name FROM sqlite_master WHERE name NOT LIKE 'sqlite%' ORDER BY name")
    .all(),
  columns: db
    .prepare(
      `SELECT m.name AS object, c.name, c.type, c."notnull", c.dflt_value, c.pk FROM sqlite_master m
       JOIN pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY m.name, c.name`,
    )
    .all(),
});

describe('a database of an earlier release', () => {
  it.each([1, 2] as const)(
    'of schema %i is brought up with all it holds, and a copy of it is kept',
    (schema) => {
      of(schema);
      const db = openDatabase(file);
      expect(db.pragma('user_version', { simple: true })).toBe(3);
      const fresh = openDatabase(join(dir, 'fresh.db'));
      expect(schemaOf(db)).toEqual(schemaOf(fresh));
      fresh.close();
      for (const [table, rows] of Object.entries({ agents: 1, gaps: 1, decisions: 1, settings: 1 }))
        expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBe(rows);
      expect(db.prepare('SELECT stored, missing, refused FROM agents').get()).toEqual({
        stored: 41,
        missing: 2,
        refused: 1,
      });
      db.close();

      const copy = new Sqlite(`${file}.schema-${schema}.bak`, { readonly: true });
      expect(copy.pragma('user_version', { simple: true })).toBe(schema);
      expect(copy.prepare('SELECT stored FROM agents').pluck().get()).toBe(41);
      copy.close();
      expect(statSync(`${file}.schema-${schema}.bak`).mode & 0o777).toBe(0o600);
    },
  );

  it('is copied once: one that is up to date is opened as it is', () => {
    openDatabase(file).close();
    openDatabase(file).close();
    expect(existsSync(`${file}.schema-3.bak`)).toBe(false);
  });

  it('is left as it is when the disk has no room for the copy', () => {
    of(2);
    const full = Object.assign(new Error('no space'), { code: 'SQLITE_FULL' });
    const db = new Sqlite(file);
    const refusing = new Proxy(db, {
      get: (target, name) =>
        name === 'prepare'
          ? () => ({
              run: () => {
                throw full;
              },
            })
          : Reflect.get(target, name),
    });
    expect(() => keepCopy(refusing, file, 2)).toThrow(
      /schema 2 .* the disk has no room; free as much as .*nothing was changed/,
    );
    expect(existsSync(`${file}.schema-2.bak.new`)).toBe(false);
    expect(db.pragma('user_version', { simple: true })).toBe(2);
    db.close();
  });
});
