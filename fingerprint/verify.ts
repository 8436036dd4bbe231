import { type Authority, authorityOf } from './authority.ts';
import { sha256Hex } from './digest.ts';
import { type OpenEnvelope, open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { parseImageRef } from './image-ref.ts';
import { isLearnedStatement } from './provisional.ts';
import { signersOf } from './signatures.ts';
import { parseStatement, type Statement } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';
import { softFailures, type VerifyWarning } from './validity.ts';
import { type Mode, minMode } from './verdict.ts';

/** The highest version accepted per `VerifiedFingerprint.stream`, kept by the caller across restarts. */
export type StreamState = ReadonlyMap<string, SeenVersion>;

interface SeenVersion {
  readonly version: number;
  readonly digest: string;
}

export interface VerifyContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  /** `NAME@sha256:HEX` of what runs; without it the fingerprint is not bound to anything yet. */
  readonly image?: string;
  readonly seen?: StreamState;
}

interface Findings extends Authority {
  readonly fingerprint: Fingerprint;
  readonly digests: readonly string[];
  readonly digest: string;
  readonly stream: string;
  readonly warnings: readonly VerifyWarning[];
}

/** The class is not exported: outside this file there is no way to make one, nor (`#proof`) an object that passes for one. */
class Verified implements Findings {
  readonly #proof = true;
  readonly fingerprint: Fingerprint;
  /** Digests of every subject: any of them names the same image. */
  readonly digests: readonly string[];
  /** `sha256:HEX` of the payload. */
  readonly digest: string;
  /**
   * The stream its version counts in, qualified by the name it was signed for: whoever may sign for one image cannot
   * push the versions of another's stream up, nor take its place.
   */
  readonly stream: string;
  /** The keys the rule allows that signed this, at least one. */
  readonly signers: Authority['signers'];
  readonly rule: string;
  /** Learned and signed by a collector alone: no person has looked at it. */
  readonly provisional: boolean;
  /** The most that may be done about drift from this fingerprint. */
  readonly maxMode: Mode;
  readonly warnings: readonly VerifyWarning[];

  constructor(findings: Findings) {
    this.fingerprint = findings.fingerprint;
    this.digests = findings.digests;
    this.digest = findings.digest;
    this.stream = findings.stream;
    this.signers = findings.signers;
    this.rule = findings.rule;
    this.provisional = findings.provisional;
    this.maxMode = findings.maxMode;
    this.warnings = findings.warnings;
    Object.freeze(this);
  }

  static is(value: unknown): value is Verified {
    return typeof value === 'object' && value !== null && #proof in value && value.#proof;
  }
}

/** A fingerprint that passed every step. Only `verifyFingerprint` makes one, so found can never pass for verified. */
export type VerifiedFingerprint = Verified;

export function isVerified(value: unknown): value is VerifiedFingerprint {
  return Verified.is(value);
}

/**
 * All steps of verification in their order (docs/format.md): form, signature, content, rule, time, version, binding.
 * Nothing is read from the envelope after its payload type; the content is read from the very bytes that were signed.
 * @throws FingerprintError with the code of the first step that fails
 */
export function verifyFingerprint(
  bytes: Uint8Array,
  policy: TrustPolicy,
  context: VerifyContext,
): VerifiedFingerprint {
  const envelope = open(bytes, [statementPayloadType]);
  const digest = `sha256:${sha256Hex(envelope.payload)}`;
  const keyIds = keyIdsOf(envelope, policy);
  const statement = parseStatement(envelope.payload);
  const { fingerprint } = statement;
  const authority = authorityOf(policy, fingerprint, keyIds);
  const warnings = softFailures(fingerprint, policy, context.now);
  // Neither part holds a line break (Fields.text refuses control characters), so the join is unambiguous.
  const named = `${fingerprint.subject.name}\n${fingerprint.stream}`;
  // Counted apart: who signs for an image cannot push up the versions of what is learned of it.
  const stream = authority.provisional ? `provisional\n${named}` : named;
  assertNotRolledBack(fingerprint.version, digest, context.seen?.get(stream));
  assertBound(statement, context.image);
  const maxMode = warnings.length === 0 ? authority.maxMode : minMode(authority.maxMode, 'alert');
  return new Verified({
    ...authority,
    fingerprint,
    digests: statement.digests,
    digest,
    stream,
    maxMode,
    warnings,
  });
}

/** @throws NO_LEARNER for what a collector learned where nobody may learn, else as signersOf */
function keyIdsOf(envelope: OpenEnvelope, policy: TrustPolicy): string[] {
  const trusted = [...policy.keys.values()].map((t) => t.key);
  try {
    return signersOf(envelope, trusted).map((key) => key.keyId);
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code !== 'UNKNOWN_KEY') throw error;
    // What it says of itself is not believed, it only chooses the words of the refusal.
    if (policy.learnerKeys.length > 0 || !isLearnedStatement(envelope.payload)) throw error;
    const message =
      'was learned by a collector, and the trust policy names no learner; add one with --learner';
    throw new FingerprintError('NO_LEARNER', message, { field: 'signatures', cause: error });
  }
}

/** An older, looser version that was once signed must not come back. */
export function assertNotRolledBack(version: number, digest: string, last: SeenVersion | undefined): void {
  if (last === undefined || version > last.version) return;
  const field = 'predicate.version';
  if (version < last.version) {
    const message = `is ${version}, but version ${last.version} of this stream was accepted before`;
    throw new FingerprintError('ROLLBACK', message, { field });
  }
  if (digest !== last.digest) {
    const message = `is ${version} a second time with other content; ask the signer which one is theirs`;
    throw new FingerprintError('EQUIVOCATION', message, { field });
  }
}

/** Name and digest both: a signer trusted for one repository must not speak for the bytes of another. */
function assertBound(statement: Statement, image: string | undefined): void {
  if (image === undefined) return;
  const running = parseImageRef(image);
  const { name } = statement.fingerprint.subject;
  if (!statement.digests.includes(running.digest)) {
    throw new FingerprintError(
      'DIGEST_MISMATCH',
      `is not ${running.digest}: this was signed for another image`,
      {
        field: 'subject.digest',
      },
    );
  }
  if (running.name !== name) {
    throw new FingerprintError(
      'REPO_MISMATCH',
      'has the right digest under another name than the one that runs',
      {
        field: 'subject.name',
      },
    );
  }
}
