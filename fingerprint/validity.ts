import { FingerprintError } from './errors.ts';
import type { Fingerprint } from './fingerprint.ts';
import { formatTimestamp, parseTimestamp } from './timestamp.ts';
import type { TrustPolicy, TrustRule } from './trust-policy.ts';

/** Clocks of signers and nodes differ; beyond five minutes one of them is wrong. */
const clockSkewMs = 5 * 60 * 1000;
const dayMs = 24 * 60 * 60 * 1000;

/** What does not refuse a fingerprint but holds its mode at `alert`. */
export interface VerifyWarning {
  readonly code: 'EXPIRED' | 'TOO_OLD' | 'POLICY_EXPIRED' | 'EVENTS_LOST' | 'NOT_APPROVED';
  readonly message: string;
}

/**
 * What ran out or is incomplete goes on being judged, loudly: silence would be the attacker's gain.
 * @throws NOT_YET_VALID for what claims to be signed in the future
 */
export function softFailures(
  fingerprint: Fingerprint,
  policy: Pick<TrustPolicy, 'expiresAt'>,
  rule: Pick<TrustRule, 'maxAgeDays'> | undefined,
  now: number,
): VerifyWarning[] {
  assertBegun(fingerprint.issuedAt, now);
  const warnings: VerifyWarning[] = [];
  if (isOver(fingerprint.expiresAt, now)) {
    warnings.push({
      code: 'EXPIRED',
      message: `expired at ${fingerprint.expiresAt}; nothing is stopped by it any more`,
    });
  }
  const days = rule?.maxAgeDays;
  if (days !== undefined && timeOf(fingerprint.issuedAt) + days * dayMs <= now) {
    const message = `was signed on ${fingerprint.issuedAt}, more than ${days} days ago; ask for a newer one`;
    warnings.push({ code: 'TOO_OLD', message });
  }
  if (isOver(policy.expiresAt, now)) {
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

/** @throws NOT_YET_VALID */
export function assertBegun(issuedAt: string, now: number): void {
  if (timeOf(issuedAt) <= now + clockSkewMs) return;
  throw new FingerprintError(
    'NOT_YET_VALID',
    `is ${issuedAt}, later than now (${formatTimestamp(now)}); is a clock wrong?`,
    { field: 'predicate.issuedAt' },
  );
}

/** Whether what ends at `expiresAt` has ended. Nothing that has no end ends. */
export function isOver(expiresAt: string | undefined, now: number): boolean {
  return expiresAt !== undefined && timeOf(expiresAt) <= now;
}

/** ms since the Unix epoch; only for texts that Fields.timestamp accepted. */
function timeOf(text: string): number {
  return parseTimestamp(text) ?? Number.POSITIVE_INFINITY;
}
