import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type VerifiedApproval, verifyApproval } from '../fingerprint/verify-approval.ts';
import { about, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';

/** Above the limit of an envelope, so that one which is too large is refused with its code and not just unread. */
const maxBytes = 32 << 20;

/** Verified approvals. @throws CliError with exit code 3 when one is not */
export async function readApprovals(
  io: Io,
  paths: readonly string[],
  policy: TrustPolicy,
): Promise<readonly VerifiedApproval[]> {
  const approvals: VerifiedApproval[] = [];
  for (const path of paths) {
    const bytes = await io.readFile(path, { maxBytes });
    const verify = (): VerifiedApproval => verifyApproval(bytes, policy, { now: io.now() });
    approvals.push(about(fileName(path), verify, exitCodes.trust));
  }
  return approvals;
}
