import { FingerprintError } from '../fingerprint/errors.ts';
import { foldPeaks, type TreeHead, verifyConsistency } from '../fingerprint/merkle.ts';
import type { AuditPublisher } from './audit-publisher.ts';
import type { AuditPeaks, AuditStore, CheckpointSigner } from './ports/audit.ts';
import type { DriftStore, Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** A checkpoint is due when this long was not signed what came, or this much came. */
const dueMs = 60_000;
const dueEntries = 1_000;
/** Entries the database's thread walks before it serves others again: a tenth of a second on a busy machine. */
const slice = 10_000;

/** Who holds the note that the collector keeps for itself. */
const database = 'the database';
/** Names of settings. */
const [lastNote, acceptedUpTo] = ['audit-checkpoint', 'audit-accepted'] as const;

export interface CheckpointsOptions {
  readonly store: AuditStore;
  readonly settings: Pick<DriftStore, 'setting' | 'saveSetting'>;
  readonly signer: CheckpointSigner;
  readonly publishers: readonly AuditPublisher[];
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly tell: (line: StateLine) => void;
}

/** A head and the note it was signed in; empty when none was ever signed. */
export interface SignedHead extends TreeHead {
  readonly note: string;
}

/** A checkpoint that was published, by whoever holds it. */
interface Held extends TreeHead {
  readonly by: string;
}

/**
 * Signs what the log has come to, and nothing that contradicts what was signed before: not once the log has been found to
 * be another than the one it was. Then it says so and signs no more until a person accepts the fork with a reason.
 */
export class AuditCheckpoints {
  readonly #options: CheckpointsOptions;
  /** undefined until the log was compared with what was published. */
  #isChecked = false;
  #mismatch: string | undefined;
  #mismatches = 0;
  #signed = 0;
  #last: SignedHead | undefined;
  #lastAt: number;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(options: CheckpointsOptions) {
    this.#options = options;
    this.#lastAt = options.now();
  }

  get state(): { signed: number; last: number; mismatches: number; mismatch: string | undefined } {
    const [last, mismatch] = [this.#last?.size ?? 0, this.#mismatch];
    return { signed: this.#signed, last, mismatches: this.#mismatches, mismatch };
  }

  /** Called every second. The first call compares the log with what was published; until it is through nothing is signed. */
  look(): Promise<void> {
    return this.#alone(async () => {
      if (!this.#isChecked) await this.#check();
      const now = this.#options.now();
      const isMinute = Math.abs(now - this.#lastAt) >= dueMs;
      const grown = (await this.#options.store.size()) - (this.#last?.size ?? 0);
      if (grown >= dueEntries || (grown > 0 && isMinute)) await this.#sign();
      if (!isMinute) return;
      this.#lastAt = now;
      for (const publisher of this.#options.publishers) publisher.retry();
    });
  }

  /** The log as it is now, signed if it may be; else with the last note there is, which then is of another size. */
  current(): Promise<SignedHead> {
    return this.#alone(async () => {
      if (!this.#isChecked) await this.#check();
      await this.#sign();
      const size = await this.#options.store.size();
      if (this.#last?.size === size && this.#mismatch === undefined) return this.#last;
      const note = (await this.#options.settings.setting(lastNote)) ?? '';
      return { size, root: await this.#options.store.root(size), note };
    });
  }

  /** The last note that was signed, also by an earlier run; undefined when none ever was. */
  signed(): Promise<string | undefined> {
    return this.#options.settings.setting(lastNote);
  }

  /** The last checkpoint before the collector ends. A log that was never compared is compared at the next start. */
  close(): Promise<void> {
    return this.#alone(async () => {
      if (this.#isChecked) await this.#sign();
      for (const publisher of this.#options.publishers) await publisher.settled();
    });
  }

  /**
   * From here on the log counts as it is. What was published before stays published and does not fit: that is the trace.
   * @param record puts it on record: what did not fit, who accepted it, and why
   * @returns false when there is nothing to accept
   */
  acceptFork(record: (mismatch: string) => Promise<number>): Promise<boolean> {
    return this.#alone(async () => {
      if (!this.#isChecked) await this.#check();
      if (this.#mismatch === undefined) return false;
      const { store, settings } = this.#options;
      await store.rebuild();
      const seq = await record(this.#mismatch);
      await settings.saveSetting(acceptedUpTo, String(seq));
      this.#mismatch = undefined;
      this.#last = undefined;
      await this.#sign();
      return true;
    });
  }

  /** One after the other: two checkpoints of one size would be two notes. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#busy.then(work);
    this.#busy = result.catch(() => undefined);
    return result;
  }

  async #sign(): Promise<void> {
    const { store, settings, signer, publishers, now } = this.#options;
    if (this.#mismatch !== undefined) return;
    const size = await store.size();
    if (size === (this.#last?.size ?? 0)) return;
    const head = { size, root: await store.root(size) };
    // The last line of defence: a key that signs two histories makes every checkpoint worthless.
    if (this.#last !== undefined) {
      const proof = size < this.#last.size ? [] : await store.consistency(this.#last.size, size);
      if (!verifyConsistency(this.#last, head, proof)) {
        this.#found(`the log no longer begins with the ${this.#last.size} entries that were signed last`);
        return;
      }
    }
    const note = signer.sign(head);
    await settings.saveSetting(lastNote, note);
    this.#last = { ...head, note };
    this.#lastAt = now();
    this.#signed += 1;
    for (const publisher of publishers) publisher.offer(note);
  }

  async #check(): Promise<void> {
    const { settings, publishers } = this.#options;
    const stored = await settings.setting(lastNote);
    const held = await this.#held(stored);
    if (held !== undefined) await this.#compare(held);
    this.#isChecked = true;
    const last = held?.find(({ by }) => by === database);
    if (stored === undefined || last === undefined || this.#mismatch !== undefined) return;
    this.#last = { size: last.size, root: last.root, note: stored };
    // What a sink lacks was signed just before an end, or while the sink did not take it.
    for (const publisher of publishers) if ((await publisher.last()) !== stored) publisher.offer(stored);
  }

  /** Everything that was published, smallest first; undefined when some of it is not ours. */
  async #held(stored: string | undefined): Promise<Held[] | undefined> {
    const { signer, publishers } = this.#options;
    const notes: (readonly [by: string, note: string])[] = stored === undefined ? [] : [[database, stored]];
    for (const publisher of publishers) {
      const note = await publisher.last();
      if (note !== undefined) notes.push([publisher.state.sink, note]);
    }
    try {
      return notes.map(([by, note]) => ({ by, ...signer.verify(note) })).sort((a, b) => a.size - b.size);
    } catch (error) {
      if (!(error instanceof FingerprintError)) throw error;
      this.#found(
        `a checkpoint that was published ${error.message} (${error.code}): by another key, or changed`,
      );
      return undefined;
    }
  }

  /** Builds the tree from the leaves and looks at each size that was published whether it has the root of then. */
  async #compare(held: readonly Held[]): Promise<void> {
    const { store, settings } = this.#options;
    const [size, accepted] = [await store.size(), Number((await settings.setting(acceptedUpTo)) ?? 0)];
    let at: AuditPeaks = { size: 0, peaks: [] };
    for (const { by, ...head } of [...held, { by: '', size, root: undefined }]) {
      if (head.size > size) {
        this.#found(
          `${by} holds a checkpoint over ${head.size} entries and the log has ${size}: entries are gone, or an older database was put in its place`,
        );
        return;
      }
      const reached = await this.#walk(at, head.size, accepted);
      if (reached === undefined) return;
      at = reached;
      const root = foldPeaks(at.peaks);
      if (head.root !== undefined && Buffer.compare(root, head.root) !== 0) {
        this.#found(
          `${by} holds a checkpoint over ${head.size} entries with another root: one of them was changed`,
        );
        return;
      }
    }
    if (Buffer.compare(foldPeaks(at.peaks), await store.root(size)) !== 0)
      this.#found('the stored nodes of the tree are not those of its entries');
  }

  async #walk(from: AuditPeaks, to: number, accepted: number): Promise<AuditPeaks | undefined> {
    let at = from;
    while (at.size < to) {
      const step = await this.#options.store.check(at, Math.min(to, at.size + slice), accepted);
      if (step.damaged !== undefined) {
        this.#found(`entry ${step.damaged} is gone or is not what was put on record`);
        return undefined;
      }
      at = step;
    }
    return at;
  }

  #found(what: string): void {
    const sentence = `the audit log is not what it was: ${what}. No checkpoint is signed until a person accepts it with a reason (whorl audit accept-fork)`;
    this.#mismatch = what;
    this.#mismatches += 1;
    this.#options.log.error({ code: 'audit-mismatch', what }, 'the audit log is not what it was');
    this.#options.tell({ type: 'audit-mismatch', sentence });
  }
}
