import type Sqlite from 'better-sqlite3';
import { auditEntryText } from '../../../fingerprint/audit-entry.ts';
import {
  completedBy,
  consistencyProof,
  hashLength,
  inclusionProof,
  leafHash,
  type NodeReader,
  nodeHash,
  rootOf,
  subtrees,
} from '../../../fingerprint/merkle.ts';
import { MerkleFrontier } from '../../../fingerprint/merkle-frontier.ts';
import type { AuditCheck, AuditFilter, AuditPeaks, AuditRecord } from '../../ports/audit.ts';
import { StoreError } from '../../ports.ts';

export interface AuditTableRow {
  readonly seq: number;
  readonly time_ms: number;
  readonly type: string;
  readonly author: string;
  readonly about: string | null;
  readonly body: string | null;
  readonly leaf: Uint8Array;
}

/** Stands where an entry is gone: no bytes are known that have this hash. */
const goneLeaf = new Uint8Array(hashLength);
/** Rows of one answer: a page of a screen, or a piece of an export. */
const maxRows = 1000;

/** The audit log's tables, in the database's thread. */
export class AuditTable {
  readonly #db: Sqlite.Database;
  readonly #sql: ReturnType<typeof prepare>;
  /** Of what is in the tables, also by a transaction that is still open: `forget` when it fails. */
  #frontier: MerkleFrontier | undefined;

  constructor(db: Sqlite.Database) {
    this.#db = db;
    this.#sql = prepare(db);
  }

  /** Within the transaction of what it is about. @returns the entry's place */
  add(record: AuditRecord): number {
    this.#frontier ??= this.#load();
    const seq = this.#frontier.size;
    const body = auditEntryText(record, seq);
    const leaf = leafHash(Buffer.from(body));
    this.#sql.insert.run(seq, record.time, record.type, record.author, record.about ?? null, body, leaf);
    this.#addLeaf(this.#frontier, leaf);
    return seq;
  }

  /** A transaction was rolled back: what the tables hold is read anew. */
  forget(): void {
    this.#frontier = undefined;
  }

  size(): number {
    this.#frontier ??= this.#load();
    return this.#frontier.size;
  }

  root(size: number): Uint8Array {
    return rootOf(this.#within(size), this.#node);
  }

  peaks(size: number): Uint8Array[] {
    return subtrees(0, this.#within(size)).map(({ level, index }) => this.#node(level, index));
  }

  inclusion(seq: number, size: number): Uint8Array[] {
    return inclusionProof(this.#within(seq), this.#within(size), this.#node);
  }

  consistency(from: number, to: number): Uint8Array[] {
    return consistencyProof(this.#within(from), this.#within(to), this.#node);
  }

  entries({ since, until, type, author, about, from, below, limit }: AuditFilter): AuditTableRow[] {
    const { entries, newest } = this.#sql;
    return (below === undefined ? entries : newest).all({
      from: from ?? 0,
      below: below ?? Number.MAX_SAFE_INTEGER,
      since: since ?? null,
      until: until ?? null,
      type: type ?? null,
      author: author ?? null,
      about: about ?? null,
      limit: Math.min(limit, maxRows),
    });
  }

  check(start: AuditPeaks, to: number, accepted: number): AuditCheck {
    const frontier = new MerkleFrontier(start.size, start.peaks);
    for (const { seq, body, leaf } of this.#sql.leaves.iterate(start.size, to)) {
      fill(frontier, Math.min(seq, accepted));
      const isSound =
        leaf.length === hashLength &&
        (body === null || seq < accepted || Buffer.compare(leafHash(Buffer.from(body)), leaf) === 0);
      if (seq !== frontier.size || !isSound) break;
      frontier.add(leaf);
    }
    fill(frontier, Math.min(to, accepted));
    const { size, peaks } = frontier;
    return size < to ? { size, peaks, damaged: size } : { size, peaks };
  }

  rebuild(): void {
    this.#db.transaction(() => {
      this.#sql.clear.run();
      const frontier = new MerkleFrontier();
      for (const { seq, leaf } of this.#sql.leaves.all(0, Number.MAX_SAFE_INTEGER)) {
        while (frontier.size < seq) this.#addLeaf(frontier, goneLeaf);
        this.#addLeaf(frontier, leaf);
      }
    })();
    this.forget();
  }

  /** The record of it says how many; `detail` comes without. */
  erase(before: number, record: AuditRecord): { seq: number; erased: number } {
    try {
      return this.#db.transaction(() => {
        const erased = this.#sql.erase.run(before).changes;
        const detail = JSON.stringify({ before, erased });
        return { seq: this.add({ ...record, detail }), erased };
      })();
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  #addLeaf(frontier: MerkleFrontier, leaf: Uint8Array): void {
    const places = completedBy(frontier.size);
    const hashes = frontier.add(leaf);
    for (const [i, { level, index }] of places.entries()) {
      const hash = hashes[i];
      if (hash !== undefined) this.#sql.node.run(level, index, hash);
    }
  }

  #load(): MerkleFrontier {
    const size = this.#sql.size.get() ?? 0;
    return new MerkleFrontier(
      size,
      subtrees(0, size).map(({ level, index }) => this.#node(level, index)),
    );
  }

  /**
   * What somebody removed is made up for, not thrown over: an order must not fail because of a hole in the log. The roots
   * that come of it are not those that were signed, and that is what tells.
   */
  readonly #node: NodeReader = (level, index) => {
    const hash = level === 0 ? this.#sql.leaf.get(index) : this.#sql.hash.get(level, index);
    if (hash?.length === hashLength) return hash;
    if (level === 0) return goneLeaf;
    return nodeHash(this.#node(level - 1, index * 2), this.#node(level - 1, index * 2 + 1));
  };

  #within(count: number): number {
    if (Number.isSafeInteger(count) && count >= 0 && count <= this.size()) return count;
    throw new StoreError('broken', `the audit log has ${this.size()} entries, not ${count}`);
  }
}

function fill(frontier: MerkleFrontier, size: number): void {
  while (frontier.size < size) frontier.add(goneLeaf);
}

function prepare(db: Sqlite.Database) {
  return {
    insert: db.prepare<[number, number, string, string, string | null, string, Uint8Array]>(
      'INSERT INTO audit (seq, time_ms, type, author, about, body, leaf) VALUES (?, ?, ?, ?, ?, ?, ?)',
    ),
    node: db.prepare<[number, number, Uint8Array]>(
      'INSERT OR REPLACE INTO audit_nodes (level, idx, hash) VALUES (?, ?, ?)',
    ),
    size: db.prepare<[], number>('SELECT coalesce(max(seq) + 1, 0) FROM audit').pluck(),
    leaf: db.prepare<[number], Uint8Array>('SELECT leaf FROM audit WHERE seq = ?').pluck(),
    hash: db
      .prepare<[number, number], Uint8Array>('SELECT hash FROM audit_nodes WHERE level = ? AND idx = ?')
      .pluck(),
    leaves: db.prepare<[number, number], Pick<AuditTableRow, 'seq' | 'body' | 'leaf'>>(
      'SELECT seq, body, leaf FROM audit WHERE seq >= ? AND seq < ? ORDER BY seq',
    ),
    entries: prepareEntries(db, 'ASC'),
    newest: prepareEntries(db, 'DESC'),
    erase: db.prepare<[number]>(
      "UPDATE audit SET body = NULL, author = '', about = NULL WHERE time_ms < ? AND body IS NOT NULL",
    ),
    clear: db.prepare('DELETE FROM audit_nodes'),
  };
}

function prepareEntries(db: Sqlite.Database, order: 'ASC' | 'DESC') {
  return db.prepare<[Readonly<Record<string, number | string | null>>], AuditTableRow>(
    `SELECT * FROM audit
     WHERE seq >= max(@from, CASE WHEN @since IS NULL THEN 0
         ELSE coalesce((SELECT min(seq) FROM audit WHERE time_ms >= @since), 9007199254740991) END)
       AND seq < @below
       AND (@until IS NULL OR time_ms < @until) AND (@type IS NULL OR type = @type)
       AND (@author IS NULL OR author = @author) AND (@about IS NULL OR about = @about)
     ORDER BY seq ${order} LIMIT @limit`,
  );
}
