import type { ApprovedFingerprint } from '../fingerprint/approval.ts';
import type { VerifiedApproval } from '../fingerprint/verify-approval.ts';

/** Approvals that were verified here, one per stream. Each waits for its fingerprints, whichever of them came first. */
export class ApprovalShelf {
  readonly #byStream = new Map<string, VerifiedApproval>();

  has(stream: string, digest: string): boolean {
    return this.#byStream.get(stream)?.digest === digest;
  }

  get(stream: string): VerifiedApproval | undefined {
    return this.#byStream.get(stream);
  }

  put(approval: VerifiedApproval): void {
    this.#byStream.set(approval.stream, approval);
  }

  all(): readonly VerifiedApproval[] {
    return [...this.#byStream.values()];
  }

  /** What is said about an image under its name, always in the same order. */
  of(name: string): readonly VerifiedApproval[] {
    return this.all()
      .filter(({ approval }) => approval.items.some((item) => item.image.name === name))
      .sort((a, b) => (a.stream < b.stream ? -1 : 1));
  }

  /** Whether a decision names this payload: then what it decided about is worth keeping. */
  names(fingerprint: string): boolean {
    const isIt = (item: ApprovedFingerprint): boolean => item.fingerprint === fingerprint;
    return this.all().some(({ approval }) => approval.items.some(isIt));
  }

  /** Takes away what has run out. @param now ms since the Unix epoch. @returns what it was */
  lapse(now: number): readonly VerifiedApproval[] {
    const over = this.all().filter((a) => a.isOver(now));
    for (const { stream } of over) this.#byStream.delete(stream);
    return over;
  }
}
