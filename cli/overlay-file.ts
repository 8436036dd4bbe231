import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import { type VerifiedOverlay, verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { about, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

/** Verified overlays of one fingerprint. @throws CliError with exit code 3 when one is not, or belongs to another */
export async function readOverlays(
  io: Io,
  paths: readonly string[],
  policy: TrustPolicy,
  base: VerifiedFingerprint,
): Promise<readonly VerifiedOverlay[]> {
  const overlays: VerifiedOverlay[] = [];
  for (const path of paths) {
    const bytes = await io.readFile(path, { maxBytes });
    const verify = (): VerifiedOverlay => verifyOverlay(bytes, policy, { now: io.now(), base });
    overlays.push(about(fileName(path), verify, exitCodes.trust));
  }
  return overlays;
}
