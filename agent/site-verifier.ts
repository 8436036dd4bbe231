import { FingerprintError } from '../fingerprint/errors.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { type VerifiedFingerprint, verifyFingerprint } from '../fingerprint/verify.ts';
import type { Shelves } from './shelves.ts';
import { type Signed, signersOf, verifySigned, versionOf } from './signed.ts';
import type { SiteLog } from './site-log.ts';

/** Verification as this node does it: with what it remembers, and with what lies here already. */
export class SiteVerifier {
  readonly #log: SiteLog;
  readonly #now: () => number;

  /** @param now ms since the Unix epoch */
  constructor(log: SiteLog, now: () => number) {
    this.#log = log;
    this.#now = now;
  }

  /** @throws FingerprintError; STATE_IO: what was accepted before is lost, and nothing can be said */
  verify(bytes: Uint8Array, policy: TrustPolicy, { approvals, bases }: Shelves): Signed {
    this.#log.assertWhole();
    const { seen, recorded } = this.#log;
    return verifySigned(bytes, policy, {
      now: this.#now(),
      seen,
      recorded,
      replaces: (stream) => approvals.get(stream),
      fingerprintOf: (digest) => bases.find(digest)?.verified,
    });
  }

  /** What something newer has replaced: it was accepted here before that, or it is no earlier one. */
  verifyEarlier(bytes: Uint8Array, policy: TrustPolicy): VerifiedFingerprint {
    this.#log.assertWhole();
    const { recorded } = this.#log;
    const verified = verifyFingerprint(bytes, policy, { now: this.#now(), recorded });
    if (verified.signers.some((s) => recorded(verified.digest, s.keyId) !== undefined)) return verified;
    throw new FingerprintError('ROLLBACK', 'was never accepted here', { field: 'predicate.version' });
  }

  /** @throws FingerprintError STATE_IO */
  async remember(signed: Signed, shelves: Shelves): Promise<void> {
    const { stream, digest } = signed.verified;
    const provisional = signed.kind === 'base' && signed.verified.provisional;
    const accepted = { stream, version: versionOf(signed), digest, signers: signersOf(signed), provisional };
    await this.#log.accept(accepted, this.#now(), () => shelves.inForce());
  }
}
