import { FingerprintError } from '../fingerprint/errors.ts';
import type { StreamState } from '../fingerprint/stream-versions.ts';
import type { StateStore } from './ports.ts';

/**
 * As many as envelopes are kept (fingerprints-dir.ts). What is forgotten counts as never accepted, which is the stricter:
 * it matters for what a key signed that has been retired since.
 */
const maxAccepted = 4_096;

/**
 * What this node must remember so that nothing old comes back: the highest version of each stream, and when each payload
 * was first accepted here. Saved before what it allows takes effect.
 */
export class SiteLog {
  readonly #store: StateStore;
  readonly #seen = new Map<string, { readonly version: number; readonly digest: string }>();
  readonly #accepted = new Map<string, number>();
  #aliveAt = 0;
  #isUnsaved = false;
  #damage: FingerprintError | undefined;

  constructor(store: StateStore) {
    this.#store = store;
  }

  /** µs since the epoch when an agent last watched here; 0 when never, or when that was lost. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  get seen(): StreamState {
    return this.#seen;
  }

  /** ms since the epoch when this site first accepted a payload. */
  readonly recorded = (digest: string): number | undefined => this.#accepted.get(digest);

  /** @returns what is wrong with it; then nothing is accepted, and nothing is written over what a person may save. */
  async open(): Promise<FingerprintError | undefined> {
    try {
      const { aliveAt, streams, accepted = {} } = await this.#store.load();
      this.#aliveAt = aliveAt;
      for (const [stream, last] of Object.entries(streams)) this.#seen.set(stream, last);
      for (const [digest, at] of Object.entries(accepted)) this.#accepted.set(digest, at);
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      this.#damage = error;
    }
    return this.#damage;
  }

  /** @throws FingerprintError STATE_IO */
  assertWhole(): void {
    if (this.#damage !== undefined) throw this.#damage;
  }

  /**
   * @param now ms since the epoch
   * @param isHeld whether something with this payload is in force here: of what has to be forgotten, that goes last
   * @throws FingerprintError STATE_IO
   */
  async accept(
    stream: string,
    of: { readonly version: number; readonly digest: string },
    now: number,
    isHeld: (digest: string) => boolean,
  ): Promise<void> {
    const isKnown = this.#seen.get(stream)?.digest === of.digest && this.#accepted.has(of.digest);
    if (isKnown && !this.#isUnsaved) return;
    this.#isUnsaved = true;
    this.#seen.set(stream, of);
    if (!this.#accepted.has(of.digest)) {
      this.#makeRoom(isHeld);
      this.#accepted.set(of.digest, now);
    }
    await this.#save();
    this.#isUnsaved = false;
  }

  forget(stream: string): void {
    this.#seen.delete(stream);
  }

  async alive(at: number): Promise<void> {
    this.#aliveAt = at;
    if (this.#damage === undefined) await this.#save();
  }

  #makeRoom(isHeld: (digest: string) => boolean): void {
    if (this.#accepted.size < maxAccepted) return;
    const [oldest] = this.#accepted.keys();
    const idle = [...this.#accepted.keys()].find((digest) => !isHeld(digest)) ?? oldest;
    if (idle !== undefined) this.#accepted.delete(idle);
  }

  async #save(): Promise<void> {
    try {
      await this.#store.save({
        streams: Object.fromEntries(this.#seen),
        accepted: Object.fromEntries(this.#accepted),
        aliveAt: this.#aliveAt,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FingerprintError('STATE_IO', `what was accepted cannot be saved: ${why}`, { cause });
    }
  }
}
