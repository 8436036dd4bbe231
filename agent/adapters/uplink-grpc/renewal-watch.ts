import type { Identity, NodeCertificate } from '../../ports/uplink.ts';

/** The longest a timer can wait; longer than any certificate lasts. */
const longestMs = 2 ** 31 - 1;
/** Between two looks where the time has come and nothing newer is there. */
const shortestMs = 1_000;

/** Looks for a renewed certificate when its time comes, while a stream goes on with the one before. */
export class RenewalWatch {
  readonly #identity: Identity | undefined;
  readonly #shown: NodeCertificate | undefined;
  readonly #onRenewed: () => void;
  #timer: NodeJS.Timeout | undefined;
  #ended = false;
  renewed = false;

  /** @param onRenewed called once, when there is another certificate to show */
  constructor(identity: Identity | undefined, shown: NodeCertificate | undefined, onRenewed: () => void) {
    this.#identity = identity;
    this.#shown = shown;
    this.#onRenewed = onRenewed;
    if (shown !== undefined) this.#lookAt(shown.renewAt);
  }

  end(): void {
    this.#ended = true;
    clearTimeout(this.#timer);
  }

  #lookAt(time: number): void {
    const wait = Math.min(longestMs, Math.max(shortestMs, time - Date.now()));
    this.#timer = setTimeout(() => void this.#look(), wait);
  }

  async #look(): Promise<void> {
    const now = await this.#identity?.current().catch(() => undefined);
    if (this.#ended) return;
    // What went wrong is told when it matters: at the next connection.
    if (now === undefined || typeof now === 'string') return this.#lookAt(Date.now() + 60_000);
    if (this.#shown?.certificate.equals(now.certificate) === true) return this.#lookAt(now.renewAt);
    this.renewed = true;
    this.#onRenewed();
  }
}
