import { type ErrorCode, FingerprintError } from '../fingerprint/errors.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import { verifyFingerprint } from '../fingerprint/verify.ts';
import type { SignedDocument } from './signed-document.ts';

/** Which fingerprints the collector's policy of now refuses. Each was verified when it was added: only another policy does. */
export class Refusals {
  /** By digest of the payload. */
  #codes: ReadonlyMap<string, ErrorCode> = new Map();
  /** The policy under which those were found. */
  #policy: TrustPolicy | undefined;

  get isNone(): boolean {
    return this.#codes.size === 0;
  }

  of(digest: string): ErrorCode | undefined {
    return this.#codes.get(digest);
  }

  /** @param now ms since the Unix epoch */
  under(policy: TrustPolicy | undefined, documents: Iterable<SignedDocument>, now: number): void {
    if (policy === undefined || policy === this.#policy) return;
    this.#policy = policy;
    const bases = [...documents].filter((d) => d.kind === 'base');
    this.#codes = new Map(
      bases.flatMap(({ digest, envelope }) => {
        const code = refusalBy(policy, envelope, now);
        return code === undefined ? [] : [[digest, code] as const];
      }),
    );
  }
}

/** Whether these hold is for each node to say: it depends on when it accepted the fingerprint. */
const eachNodesOwn: readonly ErrorCode[] = [
  'KEY_RETIRED',
  'KEY_EXPIRED',
  'KEY_NOT_YET_VALID',
  'NO_TRUSTED_SIGNATURE',
  'NOT_YET_VALID',
];

function refusalBy(trust: TrustPolicy, envelope: Uint8Array, now: number): ErrorCode | undefined {
  try {
    verifyFingerprint(envelope, trust, { now });
    return undefined;
  } catch (error) {
    if (!(error instanceof FingerprintError)) throw error;
    return eachNodesOwn.includes(error.code) ? undefined : error.code;
  }
}
