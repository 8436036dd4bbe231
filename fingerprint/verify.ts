import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { parseImageRef } from './image-ref.ts';
import { signersOf } from './signatures.ts';
import { parseStatement, type Statement } from './statement.ts';
import { ruleFor, type TrustPolicy, type TrustRule } from './trust-policy.ts';
import { softFailures, type VerifyWarning } from './validity.ts';
import { type Mode, minMode } from './verdict.ts';

/** The highest version accepted per `VerifiedFingerprint.stream`, kept by the caller across restarts. */
type StreamState = ReadonlyMap<string, SeenVersion>;

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

interface Signer {
  readonly keyId: string;
  readonly owner: string;
}

interface Findings {
  readonly fingerprint: Fingerprint;
  readonly digests: readonly string[];
  readonly digest: string;
  readonly stream: string;
  readonly signers: readonly Signer[];
  readonly rule: string;
  readonly maxMode: Mode;
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
  readonly signers: readonly Signer[];
  readonly rule: string;
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
  const trusted = [...policy.keys.values()].map((t) => t.key);
  const keyIds = signersOf(envelope, trusted).map((key) => key.keyId);
  const statement = parseStatement(envelope.payload);
  const { fingerprint } = statement;
  const rule = ruleFor(policy, fingerprint.subject.name);
  const signers = allowedSigners(policy, rule, keyIds);
  const warnings = softFailures(fingerprint, policy, context.now);
  // Neither part holds a line break (Fields.text refuses control characters), so the join is unambiguous.
  const stream = `${fingerprint.subject.name}\n${fingerprint.stream}`;
  assertNotRolledBack(fingerprint.version, digest, context.seen?.get(stream));
  assertBound(statement, context.image);
  const maxMode = warnings.length === 0 ? rule.maxMode : minMode(rule.maxMode, 'alert');
  return new Verified({
    fingerprint,
    digests: statement.digests,
    digest,
    stream,
    signers,
    rule: rule.name,
    maxMode,
    warnings,
  });
}

/** A trusted key is trusted for its images only: one vendor's signature says nothing about another's software. */
function allowedSigners(policy: TrustPolicy, rule: TrustRule, keyIds: readonly string[]): Signer[] {
  const allowed = keyIds.filter((id) => rule.signers.includes(id));
  if (allowed.length === 0) {
    throw new FingerprintError('KEY_NOT_ALLOWED', 'is signed by a key that may not sign for this image', {
      field: 'signatures',
    });
  }
  return allowed.map((keyId) => ({ keyId, owner: policy.keys.get(keyId)?.owner ?? '' }));
}

/** An older, looser version that was once signed must not come back. */
function assertNotRolledBack(version: number, digest: string, last: SeenVersion | undefined): void {
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
