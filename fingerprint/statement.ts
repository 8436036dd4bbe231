import { canonicalBytes } from './canonical.ts';
import { FingerprintError } from './errors.ts';
import { Fields } from './fields.ts';
import type { Baseline, Fingerprint } from './fingerprint.ts';
import { isDigest, isSubjectName } from './image-ref.ts';
import { parseBaseline } from './parse-fingerprint.ts';
import { parseJson } from './strict-json.ts';
import type { Subject } from './workload.ts';

export const statementType = 'https://in-toto.io/Statement/v1';
export const predicateType = 'https://whorl.dev/attestation/fingerprint/v1';
/** The newest form of the predicate this code reads and the one it writes. */
const readerVersion = 1;
/** Features a reader must know before it may judge by a statement. None yet: the list is the way to add them safely. */
const knownFeatures: readonly string[] = [];
const producerName = 'whorl';
const maxDepth = 32;
/** An index, its manifests and their configurations for every platform there is. */
const maxSubjects = 64;

/** What signing adds to a baseline. Times as `2026-05-01T08:00:00Z`. */
export interface StatementOptions {
  /** The sequence that versions count in: one per repository and release line. */
  readonly stream: string;
  readonly version: number;
  readonly issuedAt: string;
  readonly expiresAt?: string;
  /** `sha256:HEX` of the payload this one replaces. */
  readonly supersedes?: string;
}

/** A statement that was read, with everything it is about. Whether it may be believed is not its business. */
export interface Statement {
  readonly fingerprint: Fingerprint;
  /** Digests of all subjects: an index and its manifests are one image. */
  readonly digests: readonly string[];
}

/** The payload to sign: canonical, so that the same approval is the same bytes anywhere. */
export function statementBytes(baseline: Baseline, options: StatementOptions): Uint8Array {
  const { stream, version, issuedAt, expiresAt, supersedes } = options;
  return canonicalBytes({
    _type: statementType,
    subject: [{ name: baseline.subject.name, digest: { sha256: hexOf(baseline.subject.digest) } }],
    predicateType,
    predicate: {
      spec: { minReader: readerVersion, critical: [] },
      kind: 'base',
      stream,
      version,
      issuedAt,
      ...(expiresAt === undefined ? {} : { expiresAt }),
      ...(supersedes === undefined ? {} : { supersedes: { sha256: hexOf(supersedes) } }),
      producer: { name: producerName },
      rules: baseline.rules,
      coverage: baseline.coverage,
      behaviour: baseline.behaviour,
      observation: baseline.observation,
    },
  });
}

/**
 * Steps 10 to 13 of verification, on the very bytes that were signed. Unknown members are ignored as in-toto asks,
 * except inside `behaviour`, where ignoring a constraint would widen what is allowed.
 */
export function parseStatement(payload: Uint8Array): Statement {
  const value = parsePayload(payload);
  const statement = new Fields(value, '', 'SCHEMA');
  expectText(statement, '_type', statementType, 'STATEMENT_TYPE');
  expectText(statement, 'predicateType', predicateType, 'PREDICATE_TYPE');
  const predicate = statement.object('predicate');
  assertReadable(predicate);
  assertCanonical(value, predicate, payload);
  const subjects = subjectsOf(statement);
  return { fingerprint: fingerprintOf(predicate, subjects[0]), digests: subjects.map((s) => s.digest) };
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
  if (fields.raw(name) !== wanted) throw new FingerprintError(code, `must be ${wanted}`, { field: name });
}

function assertReadable(predicate: Fields): void {
  const spec = predicate.object('spec');
  if (spec.integer('minReader', 1) > readerVersion) {
    throw new FingerprintError('READER_TOO_OLD', 'needs a newer whorl to be read; upgrade this one', {
      field: spec.at('minReader'),
    });
  }
  const unknown = spec.list('critical', 64).some((f) => typeof f !== 'string' || !knownFeatures.includes(f));
  if (unknown) {
    throw new FingerprintError('CRITICAL_UNKNOWN', 'names a feature this whorl does not know; upgrade it', {
      field: spec.at('critical'),
    });
  }
  // An overlay is not a whole fingerprint: judged alone it would make everything else drift.
  if (predicate.raw('kind') !== 'base') predicate.fail('kind', 'must be base');
}

/** What our own signer wrote must be in its own form; what cosign wrote need not (Go escapes `<`). */
function assertCanonical(value: unknown, predicate: Fields, payload: Uint8Array): void {
  const ours = predicate.has('producer') && predicate.object('producer').raw('name') === producerName;
  if (ours && Buffer.compare(canonicalBytes(value), payload) !== 0) {
    throw new FingerprintError('NOT_CANONICAL', 'says whorl wrote it but is not in the form whorl writes', {
      field: 'payload',
    });
  }
}

function subjectsOf(statement: Fields): readonly [Subject, ...Subject[]] {
  const list = statement.raw('subject');
  if (!Array.isArray(list) || list.length > maxSubjects)
    throw subjectError(`must be a list of at most ${maxSubjects}`);
  const [first, ...rest] = list.map((entry: unknown, i) =>
    subjectOf(new Fields(entry, `subject[${i}]`, 'SUBJECT')),
  );
  if (first === undefined) throw subjectError('names no image');
  if (rest.some((s) => s.name !== first.name)) throw subjectError('must have the same name in every entry');
  return [first, ...rest];
}

function subjectOf(fields: Fields): Subject {
  const name = fields.text('name');
  const digest = `sha256:${fields.object('digest').text('sha256')}`;
  if (!isSubjectName(name)) return fields.fail('name', 'must be an image repository or a service name');
  if (!isDigest(digest)) return fields.fail('digest', 'must hold sha256 with 64 lower-case hex digits');
  return { name, digest };
}

function subjectError(message: string): FingerprintError {
  return new FingerprintError('SUBJECT', message, { field: 'subject' });
}

function fingerprintOf(predicate: Fields, subject: Subject): Fingerprint {
  const { rules, coverage, behaviour, observation } = baselineOf(predicate, subject);
  const issuedAt = predicate.timestamp('issuedAt');
  const expiresAt = predicate.optionalTimestamp('expiresAt');
  // Texts of one fixed form in UTC: they sort as the times they stand for.
  if (expiresAt !== undefined && expiresAt <= issuedAt)
    predicate.fail('expiresAt', 'must be later than issuedAt');
  const supersedes = supersededBy(predicate);
  return {
    subject,
    rules,
    coverage,
    behaviour,
    observation,
    stream: predicate.text('stream'),
    version: predicate.integer('version', 1),
    issuedAt,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    ...(supersedes === undefined ? {} : { supersedes }),
  };
}

/** The part a baseline and a statement share goes through the one parser of baselines. */
function baselineOf(predicate: Fields, subject: Subject): Baseline {
  const [rules, coverage, behaviour, observation] = ['rules', 'coverage', 'behaviour', 'observation'].map(
    (name) => predicate.raw(name),
  );
  try {
    return parseBaseline({ format: 'whorl-baseline/v1', subject, rules, coverage, behaviour, observation });
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new FingerprintError(error.code, error.message, { field: predicate.at(error.field), cause: error });
  }
}

function supersededBy(predicate: Fields): string | undefined {
  if (!predicate.has('supersedes')) return undefined;
  const fields = predicate.object('supersedes');
  const digest = `sha256:${fields.text('sha256')}`;
  return isDigest(digest) ? digest : fields.fail('sha256', 'must be 64 lower-case hex digits');
}

/** @throws SUBJECT */
function hexOf(digest: string): string {
  if (isDigest(digest)) return digest.slice('sha256:'.length);
  throw new FingerprintError('SUBJECT', 'a digest is written sha256: and 64 lower-case hex digits');
}
