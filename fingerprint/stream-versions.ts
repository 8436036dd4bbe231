import { FingerprintError } from './errors.ts';
import type { Statement } from './statement.ts';
import type { TrustPolicy } from './trust-policy.ts';

/** The highest version accepted per `VerifiedFingerprint.stream`, kept by the caller across restarts. */
export type StreamState = ReadonlyMap<string, SeenVersion>;

interface SeenVersion {
  readonly version: number;
  readonly digest: string;
}

const field = 'predicate.version';

/** An older, looser version that was once signed must not come back. @throws ROLLBACK, EQUIVOCATION */
export function assertNotRolledBack(version: number, digest: string, last: SeenVersion | undefined): void {
  if (last === undefined || version > last.version) return;
  if (version < last.version) {
    const message = `is ${version}, but version ${last.version} of this stream was accepted before`;
    throw new FingerprintError('ROLLBACK', message, { field });
  }
  if (digest !== last.digest) {
    const message = `is ${version} a second time with other content; ask the signer which one is theirs`;
    throw new FingerprintError('EQUIVOCATION', message, { field });
  }
}

/**
 * What the policy says no version may be below, for nodes too that have seen none yet. A stream with a platform is named
 * with it (`STREAM#linux/amd64`) or without, for all of its platforms. @throws BELOW_MINIMUM
 */
export function assertNotBelow({ fingerprint, platform }: Statement, policy: TrustPolicy): void {
  const { stream, version } = fingerprint;
  const minVersions = policy.revoked?.minVersions;
  const named = platform === undefined ? stream : `${stream}#${platform.os}/${platform.architecture}`;
  const least = Math.max(minVersions?.get(stream) ?? 0, minVersions?.get(named) ?? 0);
  if (version >= least) return;
  const message = `is ${version}; the trust policy asks for version ${least} of this stream or a later one`;
  throw new FingerprintError('BELOW_MINIMUM', message, { field });
}
