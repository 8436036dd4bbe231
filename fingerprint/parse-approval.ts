import type { ApprovalScope, ApprovedFingerprint, SiteApproval, SiteApprovalContent } from './approval.ts';
import { canonicalBytes } from './canonical.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { isSubjectName } from './image-ref.ts';
import { compareText } from './program.ts';
import { digestIn, hexOf } from './statement-digest.ts';
import { approvalPredicateType, predicateBytes, readPredicate } from './statement-frame.ts';
import { optionsOf, type StatementOptions } from './statement-options.ts';
import { modes } from './verdict.ts';
import type { Subject } from './workload.ts';

/** As many workloads as one agent watches; a person who signs more at once has read none of them. */
const maxItems = 1024;
/** Overlays of one fingerprint are a handful: one per scope. */
const maxOverlays = 64;
/** Names in one list of a scope; a longer one is a list of a whole fleet, for which the scope is left out. */
const maxNames = 256;

/** The payload to sign: the same decision is the same bytes, in whatever order it was put together. */
export function approvalBytes({ items, reason }: SiteApprovalContent, options: StatementOptions): Uint8Array {
  const sorted = items.map(itemDocument).sort((a, b) => compareText(textOf(a), textOf(b)));
  return predicateBytes(approvalPredicateType, subjectsOf(items), options, { reason, items: sorted }, []);
}

/** Every image and every fingerprint it is about, as in-toto names what a statement is about. */
function subjectsOf(items: readonly ApprovedFingerprint[]): object[] {
  const subjects = items.flatMap(({ image, fingerprint }) => [
    { name: image.name, digest: { sha256: hexOf(image.digest) }, annotations: { role: 'image' } },
    { name: image.name, digest: { sha256: hexOf(fingerprint) }, annotations: { role: 'fingerprint' } },
  ]);
  return [...new Map(subjects.map((s) => [textOf(s), s]))]
    .sort(([a], [b]) => compareText(a, b))
    .map(([, s]) => s);
}

function itemDocument({ image, fingerprint, overlays, mode, scope, carry }: ApprovedFingerprint): object {
  return {
    image: { name: image.name, digest: { sha256: hexOf(image.digest) } },
    fingerprint: { sha256: hexOf(fingerprint) },
    ...(overlays === undefined
      ? {}
      : { overlays: sorted(overlays).map((digest) => ({ sha256: hexOf(digest) })) }),
    mode,
    ...(scope === undefined ? {} : { scope: scopeDocument(scope) }),
    carry,
  };
}

function scopeDocument(scope: ApprovalScope): object {
  return Object.fromEntries(Object.entries(scope).map(([name, names]) => [name, sorted(names)]));
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].sort(compareText);
}

function textOf(value: object): string {
  return new TextDecoder().decode(canonicalBytes(value));
}

/**
 * Steps 10 to 13 of verification for an approval. Strict inside `items`: a member nobody knows may be meant to limit
 * what is approved.
 * @throws SCHEMA, SUBJECT, besides the codes of every statement
 */
export function parseApproval(payload: Uint8Array): SiteApproval {
  const { statement, predicate } = readPredicate(payload, approvalPredicateType);
  const reason = predicate.text('reason');
  const items = predicate
    .list('items', maxItems)
    .map((item, i) => itemOf(new Fields(item, `${predicate.at('items')}[${i}]`, 'SCHEMA')));
  assertDistinct(items, predicate);
  assertSubjects(statement, items);
  return { items, reason, ...optionsOf(predicate) };
}

function itemOf(fields: Fields): ApprovedFingerprint {
  fields.only('image', 'fingerprint', 'overlays', 'mode', 'scope', 'carry');
  return {
    image: imageOf(fields.object('image')),
    fingerprint: onlyDigest(fields.object('fingerprint')),
    ...(fields.has('overlays') ? { overlays: overlaysOf(fields) } : {}),
    mode: fields.oneOf('mode', modes),
    ...(fields.has('scope') ? { scope: scopeOf(fields.object('scope')) } : {}),
    carry: fields.oneOf('carry', ['repository', 'digest'] as const),
  };
}

function imageOf(fields: Fields): Subject {
  fields.only('name', 'digest');
  const name = fields.text('name');
  if (!isSubjectName(name)) return fields.fail('name', 'must be an image repository or a service name');
  return { name, digest: onlyDigest(fields.object('digest')) };
}

function onlyDigest(fields: Fields): string {
  fields.only('sha256');
  return digestIn(fields);
}

function overlaysOf(fields: Fields): string[] {
  const path = fields.at('overlays');
  return fields
    .list('overlays', maxOverlays)
    .map((entry, i) => onlyDigest(new Fields(entry, `${path}[${i}]`, 'SCHEMA')));
}

const dimensions = ['clusters', 'namespaces', 'owners'] as const;

function scopeOf(fields: Fields): ApprovalScope {
  fields.only(...dimensions);
  const scope = Object.fromEntries(
    dimensions.filter((name) => fields.has(name)).map((name) => [name, namesOf(fields, name)]),
  );
  // Left empty it could be read as everywhere or as nowhere, which is too far apart.
  if (Object.keys(scope).length > 0) return scope;
  throw new FingerprintError('SCHEMA', 'names nothing; leave it out to mean everywhere', {
    field: fields.path,
  });
}

function namesOf(fields: Fields, name: string): string[] {
  const list = fields.list(name, maxNames);
  if (list.length === 0) fields.fail(name, 'is empty; leave it out to mean everywhere');
  return list.map((entry, i) =>
    new Fields({ [`${name}[${i}]`]: entry }, fields.path, 'SCHEMA').text(`${name}[${i}]`),
  );
}

/** Said twice for the same copies, it would not be clear which mode was meant. */
function assertDistinct(items: readonly ApprovedFingerprint[], predicate: Fields): void {
  const seen = new Set<string>();
  for (const { fingerprint, scope } of items) {
    const key = `${fingerprint}\n${scope === undefined ? '' : textOf(scopeDocument(scope))}`;
    if (seen.has(key)) predicate.fail('items', 'decide twice about one fingerprint in the same scope');
    seen.add(key);
  }
}

/** What other tools read the approval to be about must be what it is about. */
function assertSubjects(statement: Fields, items: readonly ApprovedFingerprint[]): void {
  const given = statement.raw('subject');
  const isSame = Array.isArray(given) && textOf(given) === textOf(subjectsOf(items));
  if (isSame) return;
  throw new FingerprintError('SUBJECT', 'does not list exactly the images and fingerprints of `items`', {
    field: 'subject',
  });
}
