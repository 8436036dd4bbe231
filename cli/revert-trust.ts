import { open, statementPayloadType } from '../fingerprint/envelope.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { PublicKey } from '../fingerprint/keys.ts';
import { signersOf } from '../fingerprint/signatures.ts';
import type { StatementKind } from '../fingerprint/statement-frame.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import { verifyApproval } from '../fingerprint/verify-approval.ts';
import { verifyOverlay } from '../fingerprint/verify-overlay.ts';
import { CliError, exitCodes } from './exit.ts';

/** A signed document as it was read. */
export interface SignedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export type RevertedKind = StatementKind | 'approval';

/** The steps of verification of what this envelope holds. @throws FingerprintError */
export function verifyAs(kind: RevertedKind, bytes: Uint8Array, policy: TrustPolicy, now: number): void {
  switch (kind) {
    case 'base':
      verifyFingerprint(bytes, policy, { now });
      return;
    case 'overlay':
      verifyOverlay(bytes, policy, { now });
      return;
    case 'approval':
      verifyApproval(bytes, policy, { now });
      return;
  }
}

/**
 * Without a policy a person can answer for what they signed themselves, and for nothing else.
 * @throws CliError with exit code 3 when another key signed it, or nobody did
 */
export function assertSignedWith(key: PublicKey, { name, bytes }: SignedFile): void {
  try {
    signersOf(open(bytes, [statementPayloadType]), [key]);
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    throw new CliError(
      exitCodes.trust,
      `${name} is not signed with the key given here (${error.code})`,
      'name the trust policy that says whose word counts: --trust POLICY',
      { cause: error },
    );
  }
}
