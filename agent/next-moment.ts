import { parseTimestamp } from '../fingerprint/timestamp.ts';
import { findRule, type TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';

const dayMs = 24 * 60 * 60 * 1000;

/**
 * When something that was verified may come to be worth less, or more: ends of documents and of the times in which keys
 * count. @param now ms since the Unix epoch @returns Infinity: never
 */
export function nextMoment(policy: TrustPolicy, held: Iterable<VerifiedFingerprint>, now: number): number {
  const { expiresAt, keys, retired } = policy;
  const times = [expiresAt, ...[...(retired ?? new Map()).values()].map((r) => r.at)];
  for (const { notBefore, notAfter } of keys.values()) times.push(notBefore, notAfter);
  const moments = times.map(msOf);
  for (const { fingerprint } of held) {
    const days = findRule(policy, fingerprint.subject.name)?.maxAgeDays ?? Number.POSITIVE_INFINITY;
    moments.push(msOf(fingerprint.expiresAt), msOf(fingerprint.issuedAt) + days * dayMs);
  }
  return moments.reduce((next, at) => (at > now && at < next ? at : next), Number.POSITIVE_INFINITY);
}

function msOf(text: string | undefined): number {
  return text === undefined ? Number.POSITIVE_INFINITY : (parseTimestamp(text) ?? Number.POSITIVE_INFINITY);
}
