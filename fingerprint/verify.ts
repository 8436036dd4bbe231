import { sha256Hex } from './digest.ts';
import { open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { parseImageRef } from './image-ref.ts';
import { signersOf } from './signatures.ts';
import { parseStatement, type Statement } from './statement.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';
import { ruleFor, type TrustPolicy, type TrustRule } from './trust-policy.ts';
import { type Mode, minMode } from './verdict.ts';

/** Clocks of signers and nodes differ; beyond five minutes one of them is wrong. */
const clockSkewMs = 5 * 60 * 1000;

/** What does not refuse a fingerprint but holds its mode at `alert`. */
export interface VerifyWarning {
  readonly code: 'EXPIRED' | 'POLICY_EXPIRED' | 'EVENTS_LOST';
  readonly message: string;
}

/** The highest version this node has accepted per stream, kept by the caller across restarts. */
export type StreamState = ReadonlyMap<string, { readonly version: number; readonly digest: string }>;

export interface VerifyContext {
  /** ms since the Unix epoch. */
  readonly now: number;
  /** `NAME@sha256:HEX` of what runs; without it the fingerprint is not bound to anything yet. */
  readonly image?: string;
  readonly seen?: StreamState;
}

export interface Signer {
  readonly keyId: string;
  readonly owner: string;
}

interface Findings {
  readonly fingerprint: Fingerprint;
  readonly digests: readonly string[];
  readonly digest: string;
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
  assertNotRolledBack(fingerprint, digest, context.seen);
  assertBound(statement, context.image);
  const maxMode = warnings.length === 0 ? rule.maxMode : minMode(rule.maxMode, 'alert');
  return new Verified({
    fingerprint,
    digests: statement.digests,
    digest,
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

/** What ran out or is incomplete goes on being judged, loudly: silence would be the attacker's gain. */
function softFailures(fingerprint: Fingerprint, policy: TrustPolicy, now: number): VerifyWarning[] {
  if (timeOf(fingerprint.issuedAt) > now + clockSkewMs) {
    throw new FingerprintError(
      'NOT_YET_VALID',
      `is ${fingerprint.issuedAt}, later than now (${formatTimestamp(now)}); is a clock wrong?`,
      { field: 'predicate.issuedAt' },
    );
  }
  const warnings: VerifyWarning[] = [];
  if (fingerprint.expiresAt !== undefined && timeOf(fingerprint.expiresAt) <= now) {
    warnings.push({
      code: 'EXPIRED',
      message: `expired at ${fingerprint.expiresAt}; nothing is stopped by it any more`,
    });
  }
  if (policy.expiresAt !== undefined && timeOf(policy.expiresAt) <= now) {
    warnings.push({
      code: 'POLICY_EXPIRED',
      message: `the trust policy expired at ${policy.expiresAt}; renew it`,
    });
  }
  if (fingerprint.observation.lost > 0) {
    const message = `${fingerprint.observation.lost} events were lost while it was learned; it may lack normal behaviour`;
    warnings.push({ code: 'EVENTS_LOST', message });
  }
  return warnings;
}

/** An older, looser version that was once signed must not come back. */
function assertNotRolledBack(fingerprint: Fingerprint, digest: string, seen: StreamState | undefined): void {
  const last = seen?.get(fingerprint.stream);
  if (last === undefined || fingerprint.version > last.version) return;
  const field = 'predicate.version';
  if (fingerprint.version < last.version) {
    const message = `is ${fingerprint.version}, but version ${last.version} of this stream was accepted before`;
    throw new FingerprintError('ROLLBACK', message, { field });
  }
  if (digest !== last.digest) {
    const message = `is ${fingerprint.version} a second time with other content; ask the signer which one is theirs`;
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

/** ms since the Unix epoch; only for texts that Fields.timestamp accepted. */
function timeOf(text: string): number {
  return parseTimestamp(text) ?? Number.POSITIVE_INFINITY;
}
