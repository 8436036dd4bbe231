import { FingerprintError } from './errors.ts';
import { parseImageRef } from './image-ref.ts';
import type { Statement } from './statement.ts';
import type { Platform } from './statement-options.ts';
import type { TrustRule } from './trust-policy.ts';

/** What runs, as far as the caller knows. */
export interface Running {
  /** `NAME@sha256:HEX`; without it the fingerprint is not bound to anything yet. */
  readonly image?: string;
  readonly platform?: Platform;
}

/**
 * Name and digest both: a signer trusted for one repository must not speak for the bytes of another.
 * @throws DIGEST_MISMATCH, PLATFORM_MISMATCH, REPO_MISMATCH
 */
export function assertBound(
  { fingerprint, digests, platform }: Statement,
  { image, platform: on }: Running,
  rule: TrustRule | undefined,
): void {
  const running = image === undefined ? undefined : parseImageRef(image);
  if (running !== undefined && !digests.includes(running.digest)) {
    const message = `is not ${running.digest}: this was signed for another image`;
    throw new FingerprintError('DIGEST_MISMATCH', message, { field: 'subject.digest' });
  }
  assertPlatform(platform, on);
  if (running !== undefined && !runsAs(fingerprint.subject.name, running.name, rule)) {
    const message =
      'has the right digest under another name than the one that runs, which is no mirror of it';
    throw new FingerprintError('REPO_MISMATCH', message, { field: 'subject.name' });
  }
}

/** An index is one digest for all of its platforms, whose copies behave differently. */
function assertPlatform(signed: Platform | undefined, running: Platform | undefined): void {
  if (signed === undefined || running === undefined) return;
  if (signed.os === running.os && signed.architecture === running.architecture) return;
  const message = `is for ${signed.os}/${signed.architecture}, and ${running.os}/${running.architecture} runs`;
  throw new FingerprintError('PLATFORM_MISMATCH', message, { field: 'predicate.platform' });
}

/** Under its own name, or in a repository that the rule calls a mirror of it. */
export function runsAs(signed: string, running: string, rule: TrustRule | undefined): boolean {
  return running === signed || rule?.mirrors?.get(running) === signed;
}
