import type { WatchOutput } from './core/watch.ts';
import type { Outbox } from './outbox.ts';

/** The spool holds back as many before they are on the disk without a thought (8 MiB of the longest reports). */
const atATime = 32;

/**
 * Tells a collector anew what is the case, a few reports at a time: all at once they would not fit what the spool holds in
 * memory, and what happens meanwhile comes first.
 */
export class Retelling {
  readonly #outputs: () => Iterable<WatchOutput>;
  readonly #tell: (output: WatchOutput) => void;
  readonly #outbox: Pick<Outbox, 'flushed'>;
  #run = 0;

  constructor(
    outputs: () => Iterable<WatchOutput>,
    tell: (output: WatchOutput) => void,
    outbox: Pick<Outbox, 'flushed'>,
  ) {
    this.#outputs = outputs;
    this.#tell = tell;
    this.#outbox = outbox;
  }

  /** A later call takes the place of one that is under way: it begins with all of it. */
  async begin(): Promise<void> {
    this.#run += 1;
    const run = this.#run;
    let told = 0;
    for (const output of this.#outputs()) {
      if (run !== this.#run) return;
      this.#tell(output);
      told += 1;
      if (told % atATime === 0) await this.#outbox.flushed();
    }
  }
}
