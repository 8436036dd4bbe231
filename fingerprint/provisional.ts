import { FingerprintError } from './errors.ts';
import type { Baseline } from './fingerprint.ts';
import type { PrivateKey } from './keys.ts';
import { type SignedFingerprint, signFingerprint } from './sign.ts';
import { parseStatement } from './statement.ts';

/** Begins the stream of what a collector learned; the hash of the workload follows. */
export const learnedStream = 'learned/';

/** A baseline that says whose copies it was learned from. */
export type ScopedBaseline = Baseline & Required<Pick<Baseline, 'scope'>>;

export interface ProvisionalOptions {
  /** sha256 of the workload key, hex. */
  readonly workload: string;
  readonly version: number;
  /** `2026-05-01T08:00:00Z`. */
  readonly issuedAt: string;
}

/**
 * A ready baseline as a fingerprint that alerts on its own (DESIGN §5, provisional). It is about one scope: what one
 * tenant's copies do says nothing about another's.
 * @throws SECRET_FOUND, SCHEMA, TOO_LARGE
 */
export function signProvisional(
  baseline: ScopedBaseline,
  { workload, version, issuedAt }: ProvisionalOptions,
  learner: PrivateKey,
): SignedFingerprint {
  return signFingerprint(baseline, { stream: `${learnedStream}${workload}`, version, issuedAt }, learner);
}

/** Whether a payload says of itself that a collector learned it. Nobody has checked that yet. */
export function isLearnedStatement(payload: Uint8Array): boolean {
  try {
    return parseStatement(payload).fingerprint.stream.startsWith(learnedStream);
  } catch (error) {
    if (error instanceof FingerprintError) return false;
    throw error;
  }
}
