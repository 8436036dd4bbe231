import { acceptedKeys, type KeyContext } from './accepted-keys.ts';
import { type Authority, authorityOf } from './authority.ts';
import { compactDocument, ownText } from './compact.ts';
import { sha256Hex } from './digest.ts';
import { type OpenEnvelope, open, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { assertBound, type Running, runsAs } from './image-binding.ts';
import { isLearnedStatement } from './provisional.ts';
import { parseStatement, type Statement } from './statement.ts';
import type { Platform } from './statement-options.ts';
import { assertNotBelow, assertNotRolledBack, type StreamState } from './stream-versions.ts';
import type { KeySet, TrustPolicy, TrustRule } from './trust-policy.ts';
import { softFailures, type VerifyWarning } from './validity.ts';
import { type Mode, minMode } from './verdict.ts';

export interface VerifyContext extends Running {
  /** ms since the Unix epoch. */
  readonly now: number;
  readonly seen?: StreamState;
  /** When this site first accepted the payload of that digest, from its own log; see `acceptedKeys`. */
  readonly recorded?: KeyContext['recorded'];
}

interface Findings extends Authority {
  readonly fingerprint: Fingerprint;
  readonly digests: readonly string[];
  readonly digest: string;
  readonly stream: string;
  readonly platform: Platform | undefined;
  readonly warnings: readonly VerifyWarning[];
}

/** The class is not exported: outside this file there is no way to make one, nor (`#proof`) an object that passes for one. */
class Verified {
  readonly #proof = true;
  readonly #rule: TrustRule | undefined;
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
  /** The keys the rule allows that signed this, as many as it asks for at least. */
  readonly signers: Authority['signers'];
  /** Name of the rule that allows them; empty where the learner's role does. */
  readonly rule: string;
  /** Learned and signed by a collector alone: no person has looked at it. */
  readonly provisional: boolean;
  /** The most that may be done about drift from this fingerprint; freeze and kill need an approval besides. */
  readonly maxMode: Mode;
  /** What its signer may not grant alone: entries of these classes grant nothing until the site approves them. */
  readonly ceiling: Authority['ceiling'];
  /** Who approves for this site; undefined: nobody can. */
  readonly approve: KeySet | undefined;
  /** It judges only what runs on it; undefined: whatever the digests say. */
  readonly platform: Platform | undefined;
  readonly warnings: readonly VerifyWarning[];

  constructor(findings: Findings) {
    this.fingerprint = compactDocument(findings.fingerprint);
    this.digests = ownText(findings.digests);
    this.digest = findings.digest;
    this.stream = findings.stream;
    this.signers = findings.signers;
    this.#rule = findings.rule;
    this.rule = findings.rule?.name ?? '';
    this.provisional = findings.provisional;
    this.maxMode = findings.maxMode;
    this.ceiling = findings.ceiling;
    this.approve = findings.approve;
    this.platform = findings.platform && ownText(findings.platform);
    this.warnings = findings.warnings;
    Object.freeze(this);
  }

  /** Whether it is about what runs under this name: its own, or that of a mirror of it. */
  runsAs(name: string): boolean {
    return runsAs(this.fingerprint.subject.name, name, this.#rule);
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
  const keyIds = keyIdsOf(envelope, policy, { ...context, digest });
  const statement = parseStatement(envelope.payload);
  const { fingerprint } = statement;
  const authority = authorityOf(policy, fingerprint, keyIds);
  const warnings = softFailures(fingerprint, policy, authority.rule, context.now);
  const stream = streamOf(statement, authority.provisional);
  assertNotBelow(statement, policy);
  assertNotRolledBack(fingerprint.version, digest, context.seen?.get(stream));
  assertBound(statement, context, authority.rule);
  const maxMode = warnings.length === 0 ? authority.maxMode : minMode(authority.maxMode, 'alert');
  return new Verified({
    ...authority,
    fingerprint,
    digests: statement.digests,
    platform: statement.platform,
    digest,
    stream,
    maxMode,
    warnings,
  });
}

/**
 * The sequence that its versions count in. No part holds a line break (Fields.text refuses control characters), and what
 * is signed for one platform has two parts more than what is not, so no two sequences are called the same.
 */
function streamOf({ fingerprint, platform }: Statement, isProvisional: boolean): string {
  const { subject, stream } = fingerprint;
  const parts = [
    subject.name,
    stream,
    ...(platform === undefined ? [] : [platform.os, platform.architecture]),
  ];
  // Counted apart: who signs for an image cannot push up the versions of what is learned of it.
  return [...(isProvisional ? ['provisional'] : []), ...parts].join('\n');
}

/** @throws NO_LEARNER for what a collector learned where nobody may learn, else as acceptedKeys */
function keyIdsOf(envelope: OpenEnvelope, policy: TrustPolicy, context: KeyContext): readonly string[] {
  try {
    return acceptedKeys(envelope, policy, context);
  } catch (error) {
    if (!(error instanceof FingerprintError) || error.code !== 'UNKNOWN_KEY') throw error;
    // What it says of itself is not believed, it only chooses the words of the refusal.
    if (policy.learnerKeys.length > 0 || !isLearnedStatement(envelope.payload)) throw error;
    const message =
      'was learned by a collector, and the trust policy names no learner; add one with --learner';
    throw new FingerprintError('NO_LEARNER', message, { field: 'signatures', cause: error });
  }
}
