import { sha256Hex } from './digest.ts';
import { signEd25519 } from './ed25519.ts';
import { open, pae, seal, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Baseline } from './fingerprint.ts';
import { isDigest, isSubjectName, parseImageRef, unpushedDigest } from './image-ref.ts';
import type { PrivateKey } from './keys.ts';
import { findSecrets } from './secrets.ts';
import { renderBundle } from './sigstore-bundle.ts';
import { parseStatement, type StatementOptions, statementBytes } from './statement.ts';
import type { ImagePart } from './statement-subjects.ts';

export interface SignOptions extends StatementOptions {
  /** The name to sign for, or NAME@sha256:HEX; the digest must be the learned one. */
  readonly image?: string;
  /**
   * Every digest the image goes by, as its registry tells. One of them must be the learned one, unless it was recorded
   * before the image was pushed.
   */
  readonly subjects?: readonly ImagePart[];
  /** Findings of the secret scanner a person looked at and allowed, by id. */
  readonly allowSecrets?: readonly string[];
}

export interface SignedFingerprint {
  /** DSSE, with the key's id. */
  readonly envelope: Uint8Array;
  /** The same signature as a Sigstore bundle v0.3. */
  readonly bundle: Uint8Array;
  /** `sha256:HEX` of the payload: the identity of the fingerprint, however it is wrapped. */
  readonly digest: string;
}

/**
 * Signs a baseline; the same input gives the same bytes. Never signs what `verify` would refuse to read.
 * @throws SECRET_FOUND, DIGEST_MISMATCH, SUBJECT, SCHEMA, TOO_LARGE
 */
export function signFingerprint(
  baseline: Baseline,
  options: SignOptions,
  key: PrivateKey,
): SignedFingerprint {
  const subject = subjectFor(baseline, options);
  assertNoSecrets(baseline, options.allowSecrets ?? []);
  const payload = statementBytes({ ...baseline, subject }, options, options.subjects);
  parseStatement(payload);
  const envelope = seal(statementPayloadType, payload, [key]);
  open(envelope, [statementPayloadType]);
  const signature = signEd25519(key.seed, pae(statementPayloadType, payload));
  return {
    envelope,
    bundle: renderBundle({ payloadType: statementPayloadType, payload, signature }, key.publicKey),
    digest: `sha256:${sha256Hex(payload)}`,
  };
}

function subjectFor({ subject }: Baseline, { image, subjects }: SignOptions): Baseline['subject'] {
  const wanted = wantedSubject(subject, image);
  if (subjects !== undefined) assertSameImage(subject.digest, subjects);
  else if (subject.digest === unpushedDigest) {
    throw new FingerprintError(
      'SUBJECT',
      'was recorded before the image had a digest; push it, then sign with --image NAME:TAG',
      {
        field: 'subject.digest',
      },
    );
  } else if (wanted.digest !== subject.digest) throw otherImage(subject.digest, wanted.digest);
  return wanted;
}

function wantedSubject(learned: Baseline['subject'], image: string | undefined): Baseline['subject'] {
  if (image === undefined) return learned;
  if (isSubjectName(image) && !isDigest(image)) return { name: image, digest: learned.digest };
  return parseImageRef(image);
}

/** What was learned of one image must not be signed for whatever a tag points to by now. */
function assertSameImage(learned: string, subjects: readonly ImagePart[]): void {
  if (learned === unpushedDigest || subjects.some((s) => s.digest === learned)) return;
  throw otherImage(
    learned,
    subjects
      .map((s) => s.digest)
      .slice(0, 3)
      .join(', '),
  );
}

function otherImage(learned: string, wanted: string): FingerprintError {
  return new FingerprintError('DIGEST_MISMATCH', `was learned from ${learned}, not from ${wanted}`, {
    field: 'subject.digest',
  });
}

/** What is signed is published: a secret in an argument or a path would be, too. */
export function assertNoSecrets(document: unknown, allowed: readonly string[]): void {
  const found = findSecrets(document).filter((s) => !allowed.includes(s.id));
  const [first] = found;
  if (first === undefined) return;
  const ids = [...new Set(found.map((s) => s.id))].slice(0, 8).join(', ');
  throw new FingerprintError(
    'SECRET_FOUND',
    `looks like a secret (${found.length} found: ${ids}); learn again without it, or allow it by its id`,
    { field: first.field },
  );
}
