import type { Recorded } from '../fingerprint/accepted-keys.ts';
import { FingerprintError } from '../fingerprint/errors.ts';
import type { StreamState } from '../fingerprint/stream-versions.ts';
import type { StateStore } from './ports/kept.ts';

/**
 * As many as envelopes are kept (fingerprints-dir.ts), of one signer each. What is forgotten counts as never accepted, which is the stricter:
 * it matters for what a key signed that has been retired since.
 */
const defaultLimit = 4_096;

/** One payload in its sequence. */
interface Accepted {
  readonly stream: string;
  readonly version: number;
  readonly digest: string;
  /** Ids of the keys on whose word it was accepted. */
  readonly signers: readonly string[];
  /** Signed by a collector alone. */
  readonly provisional: boolean;
}

/**
 * What this node must remember so that nothing old comes back: the highest version of each stream, and when each payload
 * was first accepted here. Saved before what it allows takes effect.
 */
export class SiteLog {
  readonly #store: StateStore;
  readonly #seen = new Map<string, { readonly version: number; readonly digest: string }>();
  /** By payload and key. */
  readonly #accepted = new Map<string, number>();
  /** Apart, so that however much a collector signs, nothing that a person signed is forgotten for it. */
  readonly #learned = new Map<string, number>();
  readonly #limit: number;
  #aliveAt = 0;
  #isUnsaved = false;
  #damage: FingerprintError | undefined;

  constructor(store: StateStore, limit = defaultLimit) {
    this.#store = store;
    this.#limit = limit;
  }

  /** µs since the epoch when an agent last watched here; 0 when never, or when that was lost. */
  get aliveAt(): number {
    return this.#aliveAt;
  }

  get seen(): StreamState {
    return this.#seen;
  }

  /**
   * A collector's word is no person's, and one person's not another's: else whoever holds a retired key could sign again
   * what somebody else had signed before.
   */
  readonly recorded: Recorded = (digest, keyId) => {
    const entry = entryOf(digest, keyId);
    return this.#accepted.get(entry) ?? this.#learned.get(entry);
  };

  /** @returns what is wrong with it; then nothing is accepted, and nothing is written over what a person may save. */
  async open(): Promise<FingerprintError | undefined> {
    try {
      const { aliveAt, streams, accepted = {}, learned = {} } = await this.#store.load();
      this.#aliveAt = aliveAt;
      for (const [stream, last] of Object.entries(streams)) this.#seen.set(stream, last);
      for (const [digest, at] of Object.entries(accepted)) this.#accepted.set(digest, at);
      for (const [digest, at] of Object.entries(learned)) this.#learned.set(digest, at);
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
   * @param inForce the payloads of all that holds here: of what has to be forgotten, they go last
   * @throws FingerprintError STATE_IO
   */
  async accept(
    { stream, version, digest, signers, provisional }: Accepted,
    now: number,
    inForce: () => ReadonlySet<string>,
  ): Promise<void> {
    const table = provisional ? this.#learned : this.#accepted;
    const fresh = signers.map((keyId) => entryOf(digest, keyId)).filter((entry) => !table.has(entry));
    const isKnown = this.#seen.get(stream)?.digest === digest && fresh.length === 0;
    if (isKnown && !this.#isUnsaved) return;
    this.#isUnsaved = true;
    this.#seen.set(stream, { version, digest });
    for (const entry of fresh) {
      if (this.#accepted.size + this.#learned.size >= this.#limit) this.#makeRoom(inForce());
      table.set(entry, now);
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

  #makeRoom(inForce: ReadonlySet<string>): void {
    const table = this.#learned.size > 0 ? this.#learned : this.#accepted;
    const [oldest] = table.keys();
    const idle = [...table.keys()].find((entry) => !inForce.has(digestIn(entry))) ?? oldest;
    if (idle !== undefined) table.delete(idle);
  }

  async #save(): Promise<void> {
    try {
      await this.#store.save({
        streams: Object.fromEntries(this.#seen),
        accepted: Object.fromEntries(this.#accepted),
        learned: Object.fromEntries(this.#learned),
        aliveAt: this.#aliveAt,
      });
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new FingerprintError('STATE_IO', `what was accepted cannot be saved: ${why}`, { cause });
    }
  }
}

/** Neither a digest nor the id of a key holds a `#`. */
function entryOf(digest: string, keyId: string): string {
  return `${digest}#${keyId}`;
}

function digestIn(entry: string): string {
  return entry.slice(0, entry.indexOf('#'));
}
