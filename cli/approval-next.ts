import type { SiteApproval } from '../fingerprint/approval.ts';
import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import { parseApproval } from '../fingerprint/parse-approval.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyApproval } from '../fingerprint/verify-approval.ts';
import { CliError, exitCodes } from './exit.ts';
import type { Io } from './io.ts';
import { fileName } from './read-file.ts';
import { assertSaidByUs } from './said-by-us.ts';

const maxBytes = 32 << 20;

/**
 * One more than the approval that this one is written over, where that stands in the same stream. Counted on only when the
 * policy believes it: whoever wrote the last version there is into the file would leave the stream no next one.
 * @throws CliError where --out holds something else: what was signed before must not be lost by a typing mistake
 */
export async function nextApprovalVersion(
  io: Io,
  out: string,
  stream: string,
  policy: TrustPolicy,
): Promise<string> {
  const bytes = await io.readFile(out, { maxBytes }).catch((error: unknown) => {
    if (error instanceof CliError) return undefined;
    throw error;
  });
  if (bytes === undefined) return '1';
  const name = fileName(out);
  const earlier = approvalIn(bytes);
  if (earlier === undefined)
    throw new CliError(exitCodes.usage, `${name} exists and holds no approval`, 'name another --out');
  if (earlier.stream !== stream) return '1';
  const verify = (): unknown => verifyApproval(bytes, policy, { now: io.now() });
  assertSaidByUs(name, verify, 'name another --out, or the version: --approval-version');
  io.err(`${name} holds version ${earlier.version}; this is the next one`);
  return String(earlier.version + 1);
}

function approvalIn(bytes: Uint8Array): SiteApproval | undefined {
  try {
    return parseApproval(open(bytes, [statementPayloadType]).payload);
  } catch (error) {
    if (error instanceof FingerprintError) return undefined;
    throw error;
  }
}
