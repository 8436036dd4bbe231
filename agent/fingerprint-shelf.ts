import { inScope, specificity } from '../fingerprint/scope.ts';
import type { Platform } from '../fingerprint/statement-options.ts';
import { modes } from '../fingerprint/verdict.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { Workload } from '../fingerprint/workload.ts';
import type { Ready } from './in-force.ts';

export interface Held {
  readonly verified: VerifiedFingerprint;
  /** What it comes to with what the site signed, by what that is. */
  readonly ready: Map<string, Ready>;
  /** The same before everything was verified anew: what comes to the same again stays the same object. */
  before: readonly Ready[];
  /** When it last judged or came, counted in questions. */
  used: number;
}

export interface ShelfLimits {
  readonly learned: number;
  readonly earlier: number;
}

/**
 * Learned: as many workloads as are watched at once; each new digest has one of its own, and none is ever replaced by
 * another's. Earlier: as many images as a full node runs, each in the middle of its roll-out.
 */
const defaultLimits: ShelfLimits = { learned: 1_024, earlier: 128 };

/**
 * Fingerprints that were verified here: the newest of each stream, and of what they replaced whatever still says
 * something that the newer one does not: copies of the digest before go on running, and a decision about it goes on.
 */
export class FingerprintShelf {
  readonly #platform: Platform;
  readonly limits: ShelfLimits;
  readonly #byStream = new Map<string, Held>();
  /** By payload digest. */
  readonly #earlier = new Map<string, Held>();
  #questions = 0;

  /** @param platform of this node: what is for another one says nothing here */
  constructor(platform: Platform, limits: Partial<ShelfLimits> = {}) {
    this.#platform = platform;
    this.limits = { ...defaultLimits, ...limits };
  }

  newest(stream: string): VerifiedFingerprint | undefined {
    return this.#byStream.get(stream)?.verified;
  }

  /** Whatever judges here, or could. */
  *all(): Generator<Held> {
    yield* this.#byStream.values();
    yield* this.#earlier.values();
  }

  /** By the digest of its payload. */
  find(digest: string): Held | undefined {
    const newest = [...this.#byStream.values()].find(({ verified }) => verified.digest === digest);
    return newest ?? this.#earlier.get(digest);
  }

  put(verified: VerifiedFingerprint): void {
    this.#byStream.set(verified.stream, this.#held(verified));
  }

  /** @returns what has to go for it. */
  putEarlier(verified: VerifiedFingerprint): VerifiedFingerprint | undefined {
    this.#earlier.set(verified.digest, this.#held(verified));
    if (this.#earlier.size <= this.limits.earlier) return undefined;
    const idle = idlest([...this.#earlier.values()]);
    this.#earlier.delete(idle.digest);
    return idle;
  }

  /** Learned ones beyond the limit: the one that has not judged for longest. Its workload is gone, or it is sent again. */
  surplus(): VerifiedFingerprint | undefined {
    const learned = [...this.#byStream.values()].filter(({ verified }) => verified.provisional);
    return learned.length <= this.limits.learned ? undefined : idlest(learned);
  }

  drop(stream: string): void {
    this.#byStream.delete(stream);
  }

  /**
   * What judges a workload: of its name, its digest and its owner; of several streams the one that is most for it.
   * @param isApproved whether a person of this site decided about that very one
   */
  judging(workload: Workload, isApproved: IsApproved): Held | undefined {
    let best: Held | undefined;
    for (const held of this.#about(workload))
      if (best === undefined || goesBefore(held.verified, best.verified, isApproved)) best = held;
    if (best === undefined) return undefined;
    this.#questions += 1;
    best.used = this.#questions;
    return best;
  }

  #held(verified: VerifiedFingerprint): Held {
    return { verified, ready: new Map(), before: [], used: this.#questions };
  }

  *#about(workload: Workload): Generator<Held> {
    for (const held of this.#byStream.values()) if (this.#isAbout(held.verified, workload)) yield held;
    const { digest } = workload.subject;
    for (const held of this.#earlier.values()) {
      // What was replaced for this very image is over.
      const isReplaced = this.newest(held.verified.stream)?.digests.includes(digest) === true;
      if (!isReplaced && this.#isAbout(held.verified, workload)) yield held;
    }
  }

  #isAbout(verified: VerifiedFingerprint, workload: Workload): boolean {
    const { digests, fingerprint } = verified;
    const { name, digest } = workload.subject;
    const { os, architecture } = verified.platform ?? this.#platform;
    if (os !== this.#platform.os || architecture !== this.#platform.architecture) return false;
    return digests.includes(digest) && verified.runsAs(name) && inScope(fingerprint.scope, workload);
  }

  /** Whether it was ever asked to judge anything here. */
  hasJudged(stream: string): boolean {
    const held = this.#byStream.get(stream);
    return held !== undefined && held.ready.size + held.before.length > 0;
  }
}

type IsApproved = (verified: VerifiedFingerprint) => boolean;

/**
 * What a person signed goes before what nobody has looked at, what this site decided about before what it did not, what is
 * for this owner alone before the rest. Never the one that came first: then whoever hands them out would choose.
 */
function goesBefore(a: VerifiedFingerprint, b: VerifiedFingerprint, isApproved: IsApproved): boolean {
  if (a.provisional !== b.provisional) return b.provisional;
  const [approvedA, approvedB] = [isApproved(a), isApproved(b)];
  if (approvedA !== approvedB) return approvedA;
  const [forA, forB] = [specificity(a.fingerprint.scope), specificity(b.fingerprint.scope)];
  if (forA !== forB) return forA > forB;
  const [modeA, modeB] = [modes.indexOf(a.maxMode), modes.indexOf(b.maxMode)];
  return modeA === modeB ? a.stream < b.stream : modeA > modeB;
}

function idlest(held: readonly Held[]): VerifiedFingerprint {
  return held.reduce((idle, other) => (other.used < idle.used ? other : idle)).verified;
}
