import type { FingerprintError } from '../fingerprint/errors.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';

/** Overlays that were verified here, one per stream. Each waits for its fingerprint, whichever of the two came first. */
export class OverlayShelf {
  readonly #byStream = new Map<string, VerifiedOverlay>();

  has(stream: string, digest: string): boolean {
    return this.#byStream.get(stream)?.digest === digest;
  }

  put(overlay: VerifiedOverlay): void {
    this.#byStream.set(overlay.stream, overlay);
  }

  all(): readonly VerifiedOverlay[] {
    return [...this.#byStream.values()];
  }

  /** What is added to a fingerprint somewhere. */
  of(base: VerifiedFingerprint): readonly VerifiedOverlay[] {
    return this.all().filter((o) => o.belongsTo(base));
  }

  /** Why what is about a fingerprint does not belong to it all the same. */
  misfits(base: VerifiedFingerprint): readonly FingerprintError[] {
    const about = this.all().filter(({ overlay }) => overlay.base === base.digest);
    return about.flatMap((overlay) => overlay.problemWith(base) ?? []);
  }

  /** Takes away what has run out. @param now ms since the Unix epoch. @returns what it was */
  lapse(now: number): readonly VerifiedOverlay[] {
    const over = this.all().filter((o) => o.isOver(now));
    for (const { stream } of over) this.#byStream.delete(stream);
    return over;
  }
}
