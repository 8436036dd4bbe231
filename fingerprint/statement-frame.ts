import { canonicalBytes } from './canonical.ts';
import { type CriticalFeature, criticalFeatures } from './critical-features.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import { hexOf } from './statement-digest.ts';
import { optionsOf, type StatementOptions } from './statement-options.ts';
import { type ImagePart, subjectsFor, subjectsOf } from './statement-subjects.ts';
import { parseJson } from './strict-json.ts';
import type { Subject } from './workload.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
/** What `cosign attest` up to version 2 writes around a predicate; the two differ in nothing that is read here. */
export const olderStatementType = 'https://in-toto.io/Statement/v0.1';
export const predicateType = 'https://whorl.dev/attestation/fingerprint/v1';
export const approvalPredicateType = 'https://whorl.dev/attestation/approval/v1';
/** The newest form of the predicate this code reads and the one it writes. */
const readerVersion = 1;
/** Who wrote the bytes: this signer, in canonical form, or a tool of others around a predicate that we exported. */
const producerName = 'whorl';
export const exportedProducer = 'whorl-predicate';
const maxDepth = 32;

/** A whole fingerprint, or what a site adds to one: never the one for the other. */
const statementKinds = ['base', 'overlay'] as const;
export type StatementKind = (typeof statementKinds)[number];

/** What every statement has, whatever it says. */
export interface Frame {
  readonly kind: StatementKind;
  readonly predicate: Fields;
  /** Of the first subject; all have its name. */
  readonly subject: Subject;
  /** Digests of all subjects: an index and its manifests are one image. */
  readonly digests: readonly string[];
  readonly options: StatementOptions;
}

/**
 * The payload to sign: canonical, so that the same approval is the same bytes anywhere.
 * @param parts all digests of the image; without them the subject's own alone
 */
export function frameBytes(
  kind: StatementKind,
  subject: Subject,
  options: StatementOptions,
  content: object,
  critical: readonly CriticalFeature[] = [],
  parts: readonly ImagePart[] = [],
): Uint8Array {
  const { name, digest } = subject;
  const subjects =
    parts.length === 0 ? [{ name, digest: { sha256: hexOf(digest) } }] : subjectsFor(name, parts);
  return predicateBytes(predicateType, subjects, options, { kind, ...content }, critical);
}

/** The same for a statement that says something else than a fingerprint does. */
export function predicateBytes(
  type: string,
  subjects: readonly object[],
  options: StatementOptions,
  content: object,
  critical: readonly CriticalFeature[],
): Uint8Array {
  const predicate = predicateOf(options, content, critical, producerName);
  return canonicalBytes({ _type: statementType, subject: subjects, predicateType: type, predicate });
}

/** What a statement says of its subject, whoever writes the statement around it. */
export function predicateOf(
  options: StatementOptions,
  content: object,
  critical: readonly CriticalFeature[],
  producer: typeof producerName | typeof exportedProducer,
): object {
  const { stream, version, issuedAt, expiresAt, supersedes, platform } = options;
  const features = platform === undefined ? critical : [...critical, 'platform'].toSorted();
  return {
    spec: { minReader: readerVersion, critical: features },
    stream,
    version,
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(supersedes === undefined ? {} : { supersedes: { sha256: hexOf(supersedes) } }),
    ...(platform === undefined ? {} : { platform }),
    producer: { name: producer },
    ...content,
  };
}

/** Steps 10 to 13 of verification as far as they are the same for every kind, on the very bytes that were signed. */
export function readFrame(payload: Uint8Array): Frame {
  const { statement, predicate } = readPredicate(payload, predicateType);
  const kind = predicate.oneOf('kind', statementKinds);
  const subjects = subjectsOf(statement);
  const options = optionsOf(predicate);
  return { kind, predicate, subject: subjects[0], digests: subjects.map((s) => s.digest), options };
}

/** Steps 10 to 12, which are the same for every statement of ours, whatever it is about. */
export function readPredicate(
  payload: Uint8Array,
  type: string,
): { readonly statement: Fields; readonly predicate: Fields } {
  const value = parsePayload(payload);
  const statement = new Fields(value, '', 'SCHEMA');
  const older = statement.raw('_type') === olderStatementType && !isOurs(statement.object('predicate'));
  expectText(statement, '_type', older ? olderStatementType : statementType, 'STATEMENT_TYPE');
  expectText(statement, 'predicateType', type, 'PREDICATE_TYPE');
  const predicate = statement.object('predicate');
  assertReadable(predicate);
  assertCanonical(value, predicate, payload);
  return { statement, predicate };
}

function parsePayload(payload: Uint8Array): unknown {
  try {
    return parseJson(payload, { depth: maxDepth });
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code === 'TOO_LARGE') throw error;
    throw new FingerprintError('PAYLOAD_SYNTAX', error.message, { field: 'payload', cause: error });
  }
}

function expectText(
  fields: Fields,
  name: string,
  wanted: string,
  code: 'STATEMENT_TYPE' | 'PREDICATE_TYPE',
): void {
  const found = fields.raw(name);
  if (found === wanted) return;
  const [is, not] = [predicateWords.get(found), predicateWords.get(wanted)];
  const what = is === undefined || not === undefined ? `must be ${wanted}` : `is ${is}, not ${not}`;
  throw new FingerprintError(code, what, { field: name });
}

const predicateWords: ReadonlyMap<unknown, string> = new Map([
  [predicateType, 'a fingerprint or overlay'],
  [approvalPredicateType, 'an approval'],
]);

function assertReadable(predicate: Fields): void {
  const spec = predicate.object('spec');
  if (spec.integer('minReader', 1) > readerVersion) {
    throw new FingerprintError('READER_TOO_OLD', 'needs a newer whorl to be read; upgrade this one', {
      field: spec.at('minReader'),
    });
  }
  const unknown = spec.list('critical', 64).some((f) => !criticalFeatures.some((known) => known === f));
  if (unknown) {
    throw new FingerprintError('CRITICAL_UNKNOWN', 'names a feature this whorl does not know; upgrade it', {
      field: spec.at('critical'),
    });
  }
}

/** What our own signer wrote must be in its own form; what cosign wrote need not (Go escapes `<`). */
function assertCanonical(value: unknown, predicate: Fields, payload: Uint8Array): void {
  if (isOurs(predicate) && Buffer.compare(canonicalBytes(value), payload) !== 0) {
    throw new FingerprintError('NOT_CANONICAL', 'says whorl wrote it but is not in the form whorl writes', {
      field: 'payload',
    });
  }
}

function isOurs(predicate: Fields): boolean {
  return predicate.has('producer') && predicate.object('producer').raw('name') === producerName;
}

/** The images a statement says it is about, also where the rest of it cannot be read: it may need a newer reader. */
export function subjectsIn(payload: Uint8Array): readonly [Subject, ...Subject[]] {
  return subjectsOf(new Fields(parsePayload(payload), '', 'SCHEMA'));
}
