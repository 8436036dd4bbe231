import { FingerprintError } from '../fingerprint/errors.ts';
import { printable } from '../fingerprint/printable.ts';
import type { VerifiedFingerprint } from '../fingerprint/verify.ts';
import type { VerifiedApproval } from '../fingerprint/verify-approval.ts';
import type { VerifiedOverlay } from '../fingerprint/verify-overlay.ts';
import type { Counters } from './core/counters.ts';
import { approvalLine, inForceLine, overlayLine } from './in-force.ts';
import type { Log } from './ports.ts';
import type { Shelves } from './shelves.ts';
import type { Signed } from './signed.ts';
import type { StateLine } from './state-line.ts';

export interface NoticesOptions {
  readonly counters: Counters;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/** What the desk tells: what holds from now on, what is over, and what was refused, which is counted and logged too. */
export class DeskNotices {
  readonly #options: NoticesOptions;

  constructor(options: NoticesOptions) {
    this.#options = options;
  }

  /** @param shelves on which it lies, with what is said about it */
  inForce(signed: Signed, shelves: Shelves): void {
    const { say } = this.#options;
    switch (signed.kind) {
      case 'base':
        this.judges(signed.verified, shelves);
        // What came before its fingerprint was told to be in force, and is not after all.
        for (const problem of shelves.overlays.misfits(signed.verified))
          this.refusedFor('an overlay', problem);
        return;
      case 'overlay':
        say(overlayLine('overlay-in-force', signed.verified));
        return;
      case 'approval':
        say(approvalLine('approval-in-force', signed.verified));
        return;
    }
  }

  judges(verified: VerifiedFingerprint, shelves: Shelves): void {
    this.#options.say(inForceLine(verified, shelves.effective(verified)));
  }

  ended(overlays: readonly VerifiedOverlay[], approvals: readonly VerifiedApproval[]): void {
    const { say } = this.#options;
    for (const overlay of overlays) say(overlayLine('overlay-ended', overlay));
    for (const approval of approvals) say(approvalLine('approval-ended', approval));
  }

  /** @throws what is no refusal */
  refusedFor(name: string, error: unknown): false {
    if (!(error instanceof FingerprintError)) throw error;
    const { code, field, message } = error;
    return this.refused(name, code, field === '' ? message : `${field} ${message}`);
  }

  /** @returns false, as every refusal */
  withoutPolicy(name: string): false {
    return this.refused(name, 'NO_TRUST', 'this node has no trust policy');
  }

  refused(name: string, code: string, message: string): false {
    const { counters, log, say } = this.#options;
    const line = {
      type: 'fingerprint-refused',
      name: printable(name),
      code,
      message: printable(message),
    } as const;
    counters.add(`fingerprints.refused.${code}`);
    log.warn({ name: line.name, code, reason: line.message }, 'fingerprint refused');
    say(line);
    return false;
  }
}
