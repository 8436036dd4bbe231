import type { SiteApproval, SiteApprovalContent } from './approval.ts';
import { canonicalBytes } from './canonical.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Overlay, OverlayContent } from './overlay.ts';
import { hexOf } from './statement-digest.ts';
import type { StatementOptions } from './statement-options.ts';
import { parseJson } from './strict-json.ts';
import { parseTimestamp } from './timestamp.ts';
import { isOver } from './validity.ts';

/** The document that is in force, and what it is called. */
export interface Current<T> {
  readonly content: T;
  /** `sha256:HEX` of its payload. */
  readonly digest: string;
}

export interface Reverted<T> {
  readonly content: T;
  readonly options: StatementOptions;
}

/**
 * Versions only ever grow, so what is taken back is taken back by a newer version: of the same stream, with the content of
 * an older one.
 * @param older without it nothing is said any more
 * @throws SUBJECT where the older one is about something else
 */
export function revertOverlay(
  current: Current<Overlay>,
  older: Overlay | undefined,
  said: { readonly reason: string; readonly issuedAt: string },
): Reverted<OverlayContent> {
  const { content } = current;
  if (older !== undefined)
    assertSame(content.base === older.base, 'belongs to another fingerprint', 'predicate.base');
  const { subject, base, scope } = older ?? content;
  const { add, remove } = older ?? {};
  return {
    content: {
      subject,
      base,
      ...(scope === undefined ? {} : { scope }),
      bindings: older?.bindings ?? { sites: new Map(), volumes: new Map() },
      ...(add === undefined ? {} : { add }),
      ...(remove === undefined ? {} : { remove }),
      reason: said.reason,
    },
    options: next(current, older, said.issuedAt),
  };
}

/** The same for a decision: without an older one nothing is approved any more. */
export function revertApproval(
  current: Current<SiteApproval>,
  older: SiteApproval | undefined,
  said: { readonly reason: string; readonly issuedAt: string },
): Reverted<SiteApprovalContent> {
  return {
    content: { items: older?.items ?? [], reason: said.reason },
    options: next(current, older, said.issuedAt),
  };
}

/**
 * The payload of a fingerprint that says again what an older one said; there is always an older one, because without any
 * nothing would be judged. Everything else stays as it was signed: also the other digests the image goes by.
 */
export function revertedFingerprint(
  current: Current<Fingerprint>,
  older: { readonly payload: Uint8Array; readonly fingerprint: Fingerprint },
  { issuedAt }: { readonly issuedAt: string },
): { readonly payload: Uint8Array; readonly options: StatementOptions } {
  const { subject } = older.fingerprint;
  assertSame(current.content.subject.name === subject.name, 'is about another image', 'subject.name');
  const options = next(current, older.fingerprint, issuedAt);
  const { version, expiresAt } = options;
  const statement = new Fields(parseJson(older.payload), '', 'SCHEMA');
  const predicate = statement.object('predicate');
  const changed = {
    ...membersOf(predicate),
    version,
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    supersedes: { sha256: hexOf(current.digest) },
  };
  return { payload: canonicalBytes({ ...membersOf(statement), predicate: changed }), options };
}

function membersOf(fields: Fields): Record<string, unknown> {
  return Object.fromEntries(fields.names().map((name) => [name, fields.raw(name)]));
}

/** @throws SUBJECT for another stream, EXPIRED for what would be over before it begins */
function next(
  { content, digest }: Current<StatementOptions>,
  older: StatementOptions | undefined,
  issuedAt: string,
): StatementOptions {
  assertSame(
    older === undefined || older.stream === content.stream,
    'is of another stream',
    'predicate.stream',
  );
  const expiresAt = older?.expiresAt;
  if (isOver(expiresAt, parseTimestamp(issuedAt) ?? 0))
    throw new FingerprintError('EXPIRED', `was ${expiresAt}: what it said has ended by itself`, {
      field: 'predicate.expiresAt',
    });
  return {
    stream: content.stream,
    version: content.version + 1,
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    supersedes: digest,
  };
}

function assertSame(isSame: boolean, message: string, field: string): void {
  if (!isSame) throw new FingerprintError('SUBJECT', message, { field });
}
