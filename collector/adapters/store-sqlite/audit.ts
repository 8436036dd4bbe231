import type {
  AuditCheck,
  AuditFilter,
  AuditPeaks,
  AuditRecord,
  AuditRow,
  AuditStore,
} from '../../ports/audit.ts';
import { StoreError } from '../../ports.ts';
import type { AuditTable, AuditTableRow } from './audit-table.ts';
import type { GroupCommit } from './group-commit.ts';
import type { DatabaseThread } from './thread.ts';

/** What the database's thread can be asked about the audit log. */
export function auditApi(table: AuditTable) {
  return {
    auditSize: () => table.size(),
    auditRoot: (size: number) => table.root(size),
    auditPeaks: (size: number) => table.peaks(size),
    auditEntries: (filter: AuditFilter) => table.entries(filter),
    auditInclusion: (seq: number, size: number) => table.inclusion(seq, size),
    auditConsistency: (from: number, to: number) => table.consistency(from, to),
    auditCheck: (from: AuditPeaks, to: number, accepted: number) => table.check(from, to, accepted),
    auditRebuild: () => table.rebuild(),
    auditErase: (before: number, record: AuditRecord) => table.erase(before, record),
  };
}

/** The main thread's end of the audit log. Appends share the commits of ingest; reads see all earlier ones. */
export class SqliteAudit implements AuditStore {
  readonly #thread: DatabaseThread;
  readonly #commits: GroupCommit;

  constructor(thread: DatabaseThread, commits: GroupCommit) {
    this.#thread = thread;
    this.#commits = commits;
  }

  async append(records: readonly AuditRecord[]): Promise<readonly number[]> {
    const seqs = await this.#commits.add({ kind: 'audit', records }, records[0]?.time ?? 0);
    if (Array.isArray(seqs)) return seqs;
    throw new StoreError('broken', 'the database took audit entries for something else');
  }

  size(): Promise<number> {
    return this.#thread.call('auditSize');
  }

  root(size: number): Promise<Uint8Array> {
    return this.#thread.call('auditRoot', size);
  }

  peaks(size: number): Promise<readonly Uint8Array[]> {
    return this.#thread.call('auditPeaks', size);
  }

  async entries(filter: AuditFilter): Promise<readonly AuditRow[]> {
    return (await this.#thread.call('auditEntries', filter)).map(auditRow);
  }

  inclusion(seq: number, size: number): Promise<readonly Uint8Array[]> {
    return this.#thread.call('auditInclusion', seq, size);
  }

  consistency(from: number, to: number): Promise<readonly Uint8Array[]> {
    return this.#thread.call('auditConsistency', from, to);
  }

  check(from: AuditPeaks, to: number, accepted: number): Promise<AuditCheck> {
    return this.#thread.call('auditCheck', from, to, accepted);
  }

  rebuild(): Promise<void> {
    return this.#thread.call('auditRebuild');
  }

  erase(before: number, record: AuditRecord): Promise<{ readonly seq: number; readonly erased: number }> {
    return this.#thread.call('auditErase', before, record);
  }
}

function auditRow({ seq, time_ms, type, author, about, body, leaf }: AuditTableRow): AuditRow {
  return {
    seq,
    time: time_ms,
    type,
    author,
    ...(about === null ? {} : { about }),
    leaf,
    ...(body === null ? {} : { body }),
  };
}
