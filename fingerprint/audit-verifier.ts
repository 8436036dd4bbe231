import type { ExportHeader, ExportLine } from './audit-export.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TreeHead } from './merkle.ts';
import { MerkleFrontier } from './merkle-frontier.ts';

/** What is wrong with a log. `seq` is the first entry that it can be pinned to; absent: of the log as a whole. */
export interface AuditFlaw {
  readonly code: 'entry' | 'sequence' | 'size' | 'root' | 'checkpoint' | 'origin' | 'future' | 'early';
  readonly sentence: string;
  readonly seq?: number;
}

/** Enough to begin looking; a file of which every line was changed must not fill memory. */
const maxFlaws = 100;

/** A checkpoint with its signature checked, and where it comes from, for sentences. */
export interface GivenCheckpoint extends Checkpoint {
  readonly from: string;
}

/**
 * Follows an export entry by entry, in memory that does not grow with it: the tree is built anew from the leaves, and at
 * the size of each checkpoint its root must be the one that was signed then. That says more than a consistency proof
 * between them: they are the beginnings of these very entries.
 */
export class AuditVerifier {
  readonly #header: ExportHeader;
  readonly #frontier: MerkleFrontier;
  readonly #checkpoints: readonly GivenCheckpoint[];
  readonly #flaws: AuditFlaw[] = [];
  /** The smallest checkpoint that the tree has not come to. */
  #next = 0;
  #agreed: GivenCheckpoint | undefined;

  constructor(header: ExportHeader, checkpoints: readonly GivenCheckpoint[]) {
    this.#header = header;
    this.#frontier = new MerkleFrontier(header.first, header.peaks);
    this.#checkpoints = checkpoints.toSorted((a, b) => a.size - b.size);
    for (const given of checkpoints) this.#look(given);
    this.#compare();
  }

  /** @returns whether it is the next one; when not, nothing after it can be judged */
  add({ seq, leaf, isSound }: ExportLine): boolean {
    if (seq !== this.#frontier.size) {
      const sentence = `entry ${seq} stands where entry ${this.#frontier.size} belongs: one was removed, added or moved`;
      this.#flaws.push({ code: 'sequence', sentence, seq: this.#frontier.size });
      return false;
    }
    if (!isSound) this.#changed(seq);
    // By its leaf: so what is wrong with one entry does not hide whether the rest stands as it was signed.
    this.#frontier.add(leaf);
    this.#compare();
    return true;
  }

  /** When all lines were added. An empty list: every entry is as it was when it was signed. */
  end(): {
    readonly flaws: readonly AuditFlaw[];
    readonly head: TreeHead;
    readonly agreed?: GivenCheckpoint;
  } {
    const { size, root } = this.#frontier;
    if (!this.#flaws.some((f) => f.code === 'sequence')) this.#end(size, root);
    const agreed = this.#agreed === undefined ? {} : { agreed: this.#agreed };
    return { flaws: this.#flaws, head: { size, root }, ...agreed };
  }

  #end(size: number, root: Uint8Array): void {
    if (size !== this.#header.size) {
      const sentence = `it ends before entry ${size}, and says that it has ${this.#header.size}: the rest was cut off`;
      this.#flaws.push({ code: 'size', sentence, seq: size });
    } else if (!isSame(root, this.#header.root)) {
      const sentence = 'its entries do not give the root that it names: an entry was changed';
      this.#flaws.push({ code: 'root', sentence });
    }
  }

  #changed(seq: number): void {
    if (this.#flaws.length >= maxFlaws) return;
    const sentence = `entry ${seq} is not what was put on record: it was changed, and its leaf was not`;
    this.#flaws.push({ code: 'entry', sentence, seq });
  }

  /** What can be said of a checkpoint before the first entry. */
  #look({ origin, size, from }: GivenCheckpoint): void {
    if (origin !== this.#header.origin) {
      const sentence = `${from} is of another log than this export`;
      this.#flaws.push({ code: 'origin', sentence });
    } else if (size > this.#header.size) {
      const sentence = `${from} was signed over ${size} entries, and the export has ${this.#header.size}: entries are gone, or it is older than the checkpoint`;
      this.#flaws.push({ code: 'future', sentence, seq: this.#header.size });
    } else if (size < this.#header.first) {
      const sentence = `${from} is over ${size} entries, and the export begins with entry ${this.#header.first}: export it from the beginning to compare them`;
      this.#flaws.push({ code: 'early', sentence });
    }
  }

  #compare(): void {
    const { size, root } = this.#frontier;
    // Sorted, and each looked at once: a year of checkpoints must not be walked at every entry.
    for (let next = this.#checkpoints[this.#next]; next !== undefined; next = this.#checkpoints[this.#next]) {
      if (next.size > size) return;
      this.#next += 1;
      if (next.size < size || next.origin !== this.#header.origin) continue;
      if (isSame(next.root, root)) this.#agreed = next;
      else if (!this.#flaws.some((f) => f.code === 'checkpoint')) this.#disagree(next);
    }
  }

  #disagree({ size, from }: GivenCheckpoint): void {
    const since = this.#agreed?.size ?? this.#header.first;
    const which = since === size - 1 ? `entry ${since}` : `one of the entries ${since} to ${size - 1}`;
    const sentence = `${from} was signed over ${size} entries with another root: ${which} was changed, added or removed since`;
    this.#flaws.push({ code: 'checkpoint', sentence, seq: since });
  }
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}
