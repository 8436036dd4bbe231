import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { auditKey } from '../../collector/adapters/keys/audit-key.ts';
import { SqliteStore } from '../../collector/adapters/store-sqlite.ts';
import { Audit } from '../../collector/audit.ts';
import type { AuditNote, CheckpointSink } from '../../collector/ports/audit.ts';
import type { StateLine } from '../../collector/state-line.ts';
import { leafHash } from '../../fingerprint/merkle.ts';

/** A sink that keeps what it is given, or refuses. */
class KeptSink implements CheckpointSink {
  readonly name = 'file:/kept';
  readonly notes: string[] = [];
  refuses = false;

  async publish(note: string): Promise<void> {
    if (this.refuses) throw new Error('no');
    this.notes.push(note);
  }

  async last(): Promise<string | undefined> {
    return this.notes.at(-1);
  }
}

export const aNote = (n: number, more: Partial<AuditNote> = {}): AuditNote => ({
  type: 'disposition',
  author: 'local:root',
  about: `incident-${n}`,
  reason: 'it was us',
  detail: { n },
  ...more,
});

/** A collector's audit log in a directory of its own, to be stopped, written to behind its back, and started again. */
export class AuditWorld {
  readonly dir = mkdtempSync(join(tmpdir(), 'whorl-audit-'));
  readonly file = join(this.dir, 'whorl.db');
  readonly publicKeyFile = join(this.dir, 'audit.pub');
  readonly told: StateLine[] = [];
  readonly sink = new KeptSink();
  now = Date.UTC(2026, 4, 1, 8);
  #store: SqliteStore | undefined;
  #audit: Audit | undefined;

  get store(): SqliteStore {
    return this.#store ?? raise();
  }

  get audit(): Audit {
    return this.#audit ?? raise();
  }

  async start(sinks: readonly CheckpointSink[] = [this.sink]): Promise<Audit> {
    this.#store = await SqliteStore.open(this.file);
    const { signer } = auditKey(this.dir, 'whorl.dev/collector/0f');
    const log = { info() {}, warn() {}, error() {} };
    this.#audit = new Audit({
      store: this.#store.audit,
      settings: this.#store,
      signer,
      sinks,
      now: () => this.now,
      log,
      tell: (line) => void this.told.push(line),
    });
    return this.#audit;
  }

  /** Ends it as a collector ends. */
  async stop(): Promise<void> {
    await this.#audit?.close();
    await this.#store?.close();
    [this.#audit, this.#store] = [undefined, undefined];
  }

  async record(count: number): Promise<void> {
    for (let i = 0; i < count; i += 1) await this.audit.record(aNote(i));
  }

  /** What somebody does who can write the file. */
  behindItsBack(work: (db: Sqlite.Database) => void): void {
    const db = new Sqlite(this.file);
    try {
      work(db);
    } finally {
      db.close();
    }
  }

  async export(since?: number): Promise<string> {
    const lines: string[] = [];
    for await (const line of this.audit.export(since)) lines.push(line);
    return `${lines.join('\n')}\n`;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.dir, { recursive: true });
  }
}

/** Changes what an entry says and makes its leaf and every node anew: a history that holds together, and is another one. */
export function rewrite(db: Sqlite.Database, seq: number, from: string, to: string): void {
  const body = db.prepare<[number], string>('SELECT body FROM audit WHERE seq = ?').pluck().get(seq) ?? '';
  const changed = body.replace(from, to);
  db.prepare('UPDATE audit SET body = ?, leaf = ? WHERE seq = ?').run(
    changed,
    leafHash(Buffer.from(changed)),
    seq,
  );
  // A missing node is made up from what is below it, so it is enough that the old ones are gone.
  db.exec('DELETE FROM audit_nodes');
}

function raise(): never {
  throw new Error('it does not run');
}
