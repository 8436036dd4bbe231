import { sha256Hex } from './digest.ts';
import { signEd25519 } from './ed25519.ts';
import { open, pae, seal, statementPayloadType } from './envelope.ts';
import { FingerprintError } from './errors.ts';
import type { Baseline } from './fingerprint.ts';
import { isDigest, isSubjectName, parseImageRef } from './image-ref.ts';
import type { PrivateKey } from './keys.ts';
import { findSecrets } from './secrets.ts';
import { renderBundle } from './sigstore-bundle.ts';
import { parseStatement, type StatementOptions, statementBytes } from './statement.ts';

export interface SignOptions extends StatementOptions {
  /** The name to sign for, or NAME@sha256:HEX; the digest must be the learned one. */
  readonly image?: string;
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
  const subject = subjectFor(baseline, options.image);
  assertNoSecrets(baseline, options.allowSecrets ?? []);
  const payload = statementBytes({ ...baseline, subject }, options);
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

function subjectFor(baseline: Baseline, image: string | undefined): Baseline['subject'] {
  if (image === undefined) return baseline.subject;
  if (isSubjectName(image) && !isDigest(image)) return { name: image, digest: baseline.subject.digest };
  const wanted = parseImageRef(image);
  if (wanted.digest !== baseline.subject.digest) {
    throw new FingerprintError(
      'DIGEST_MISMATCH',
      `was learned from ${baseline.subject.digest}, not from ${wanted.digest}`,
      {
        field: 'subject.digest',
      },
    );
  }
  return wanted;
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
