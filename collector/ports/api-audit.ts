import type { AuditFilter, AuditRow, AuditState } from './audit.ts';
import type { By } from './response-policy.ts';

export { type AuditFilter, type AuditRow, type AuditState, auditTypes } from './audit.ts';

/** The audit log as the API serves it. */
export interface AuditService {
  state(): Promise<AuditState>;
  entries(filter: AuditFilter): Promise<readonly AuditRow[]>;
  /** JSON lines without their ends; the first is the header. @param since ms since the Unix epoch */
  export(since?: number): AsyncIterable<string>;
  /** Canonical JSON; undefined when no checkpoint covers such an entry. */
  prove(seq: number): Promise<string | undefined>;
  /** The last checkpoint that was signed, as a signed note; undefined before the first. */
  checkpoint(): Promise<string | undefined>;
  /** @returns false when the log is what it was */
  acceptFork(by: By): Promise<boolean>;
}
