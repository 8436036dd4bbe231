import { setImmediate as nextTurn } from 'node:timers/promises';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { TrustPolicy } from '../fingerprint/trust-policy.ts';
import type { DeskNotices } from './desk-notices.ts';
import { earlierName, type FingerprintSource } from './ports/kept.ts';
import type { Shelves } from './shelves.ts';
import type { SiteVerifier } from './site-verifier.ts';

/** Verifies what is kept, each by what came before it, and tells what does not hold. */
export class TakeUp {
  readonly #source: FingerprintSource;
  readonly #verifier: SiteVerifier;
  readonly #notices: DeskNotices;

  constructor(source: FingerprintSource, verifier: SiteVerifier, notices: DeskNotices) {
    this.#source = source;
    this.#verifier = verifier;
    this.#notices = notices;
  }

  /**
   * Onto empty shelves of that policy. What does not hold any more is refused, counted and left where it lies.
   * @param before what has held until now
   */
  async under(policy: TrustPolicy, shelves: Shelves, before: Shelves): Promise<void> {
    for await (const { name, bytes } of this.#source.envelopes()) {
      try {
        await this.#put(name, bytes, policy, shelves, before);
      } catch (error) {
        this.#notices.refusedFor(name, error);
        if (error instanceof FingerprintError) shelves.refused.put(name, bytes, error.code);
      }
      // Some thousand of them take seconds, and what the source tells meanwhile must be read.
      await nextTurn();
    }
    shelves.follow(before);
  }

  /** Without a policy nothing holds, and nothing that people signed for may be learned either. */
  async underNone(shelves: Shelves): Promise<void> {
    for await (const { name, bytes } of this.#source.envelopes()) {
      this.#notices.withoutPolicy(name);
      shelves.refused.put(name, bytes, 'NO_TRUST');
    }
  }

  async #put(
    name: string,
    bytes: Uint8Array,
    policy: TrustPolicy,
    shelves: Shelves,
    before: Shelves,
  ): Promise<void> {
    if (name.startsWith(earlierName)) {
      shelves.bases.putEarlier(this.#verifier.verifyEarlier(bytes, policy));
      return;
    }
    const signed = this.#verifier.verify(bytes, policy, shelves);
    // What a person laid here by hand is accepted now.
    await this.#verifier.remember(signed, before);
    shelves.put(signed);
  }
}
