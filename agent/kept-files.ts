import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { FingerprintSource } from './ports/kept.ts';
import type { Shelves } from './shelves.ts';
import { earlierFile, keptName, type Signed } from './signed.ts';

/** What is on the disk of all that was accepted: the newest of each stream, and of what it replaces what is still needed. */
export class KeptFiles {
  readonly #source: FingerprintSource;

  constructor(source: FingerprintSource) {
    this.#source = source;
  }

  /** @param shelves on which still lies what it replaces */
  async keep(signed: Signed, bytes: Uint8Array, shelves: Shelves): Promise<void> {
    if (signed.kind === 'base') {
      await this.#keepEarlier(signed.verified, shelves);
      await this.#keepRefused(signed.verified, keptName(signed), shelves);
    }
    await this.#source.keep(keptName(signed), bytes);
  }

  async forget(verified: VerifiedFingerprint): Promise<void> {
    await this.#source.forget(keptName({ kind: 'base', verified }));
  }

  /** What a newer version replaces goes on for copies of the digest before, and for what was decided about it. */
  async #keepEarlier({ stream, digest }: VerifiedFingerprint, { bases, approvals }: Shelves): Promise<void> {
    const before = bases.newest(stream);
    if (before === undefined || before.digest === digest || before.provisional) return;
    if (!approvals.names(before.digest) && !bases.hasJudged(stream)) return;
    await this.#source.copy(keptName({ kind: 'base', verified: before }), earlierFile(before.digest));
    const surplus = bases.putEarlier(before);
    if (surplus !== undefined) await this.#source.forget(earlierFile(surplus.digest));
  }

  /** A release that was taken back may run on beside the next one: its copies are learned no more than before. */
  async #keepRefused(verified: VerifiedFingerprint, file: string, { refused }: Shelves): Promise<void> {
    const needed = refused.neededBeside(verified, file);
    if (needed === undefined) {
      refused.drop(file);
      return;
    }
    const to = earlierFile(needed.fingerprint);
    await this.#source.copy(file, to);
    const surplus = refused.move(file, to);
    if (surplus !== undefined) await this.#source.forget(surplus);
  }

  /** A person who takes a refused fingerprint off the node has decided that its workloads are learned anew. */
  async dropTakenAway({ refused }: Shelves): Promise<boolean> {
    const { length } = refused.files;
    for (const file of refused.files) if (!(await this.#source.has(file))) refused.drop(file);
    return refused.files.length < length;
  }
}
