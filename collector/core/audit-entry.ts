import { auditDetail, type UnplacedEntry } from '../../fingerprint/audit-entry.ts';

/** Everything that is put on record for good: what people did, what was done to processes, what the log itself went through. */
export const auditTypes = [
  'order',
  'receipt',
  'held-order-released',
  'held-order-cancelled',
  'manual-order',
  'disposition',
  'undo',
  'policy-changed',
  'document-added',
  'token-made',
  'bootstrap-used',
  'token-revoked',
  'login',
  'agent-enrolled',
  'agent-revoked',
  'agent-restored',
  'cluster-added',
  'cluster-removed',
  'join-token-made',
  'lease-granted',
  'disarmed',
  'rearmed',
  'backup',
  'restored',
  'body-erased',
  'collector-started',
  'sink-changed',
  'sink-tested',
  'sink-paused',
  'sink-resumed',
  'sink-retried',
  'fork-accepted',
] as const;
export type AuditType = (typeof auditTypes)[number];

/** What somebody wants on record. */
export interface AuditNote {
  readonly type: AuditType;
  /** Who did it: `collector`, `agent:NODE`, a token's name, `local:USER`. */
  readonly author: string;
  /** The id of what it is about: an incident, an agent, a document. */
  readonly about?: string;
  readonly reason?: string;
  readonly detail: object;
}

/** A note that can be stored whatever it holds: bounded, well-formed, its detail as canonical JSON. */
export interface AuditRecord extends UnplacedEntry {
  readonly type: AuditType;
}

const [maxName, maxReason] = [1024, 4096];

/** @throws NOT_CANONICAL when the detail is nothing that JSON can hold: a mistake of the caller, told before any commit */
export function auditRecord({ type, author, about, reason, detail }: AuditNote, time: number): AuditRecord {
  return {
    type,
    time,
    author: bounded(author, maxName),
    ...(about === undefined ? {} : { about: bounded(about, maxName) }),
    ...(reason === undefined ? {} : { reason: bounded(reason, maxReason) }),
    detail: auditDetail(detail),
  };
}

/** Half of a pair has no UTF-8, and one bad character must not keep the entry, or its whole commit, from being stored. */
function bounded(text: string, max: number): string {
  return text.slice(0, max).toWellFormed();
}
