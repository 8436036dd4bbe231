import { StoreError } from '../../ports.ts';
import type { Answer, Write } from './writer.ts';

interface Pending {
  readonly write: Write;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/** Rows in one commit: above 4 096 a commit gets no cheaper (reference: performance §2e), only slower to answer. */
const maxCommitRows = 4096;

/**
 * While one commit is under way, what arrives gathers for the next: a lone report waits for nobody, and under load one
 * sync of the disk serves thousands of rows. What may gather is bounded by the callers: each stream has a few batches
 * under way, then it is paused.
 */
export class GroupCommit {
  readonly #commitAll: (writes: readonly Write[], now: number) => Promise<readonly Answer[]>;
  readonly #mayRetry: (error: StoreError) => Promise<boolean>;
  #pending: Pending[] = [];
  #running: Promise<void> | undefined;
  #now = 0;

  constructor(
    commitAll: (writes: readonly Write[], now: number) => Promise<readonly Answer[]>,
    mayRetry: (error: StoreError) => Promise<boolean>,
  ) {
    this.#commitAll = commitAll;
    this.#mayRetry = mayRetry;
  }

  add(write: Write, now: number): Promise<Answer> {
    this.#now = now;
    return new Promise((resolve, reject) => {
      this.#pending.push({ write, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** Resolves when everything that was added has been answered. */
  async settled(): Promise<void> {
    await this.#running;
  }

  async #run(): Promise<void> {
    // One turn of the loop: what is readable on other sockets right now shares this commit.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) await this.#commit(this.#takeBatch());
    this.#running = undefined;
  }

  #takeBatch(): Pending[] {
    let rows = 0;
    const end = this.#pending.findIndex(({ write }) => {
      rows += rowsOf(write);
      return rows > maxCommitRows;
    });
    return this.#pending.splice(0, end === -1 ? this.#pending.length : Math.max(1, end));
  }

  async #commit(batch: readonly Pending[]): Promise<void> {
    const writes = batch.map((p) => p.write);
    for (;;) {
      try {
        const answers = await this.#commitAll(writes, this.#now);
        settle(batch, answers);
        return;
      } catch (error) {
        if (error instanceof StoreError && (await this.#mayRetry(error))) continue;
        this.#fail(batch, error);
        return;
      }
    }
  }

  /** What waits behind a failed delivery of the same agent fails too: stored, it would be acknowledged over the hole. */
  #fail(batch: readonly Pending[], error: unknown): void {
    const agents = new Set(batch.map((p) => agentOf(p.write)));
    const behind = this.#pending.filter((p) => agents.has(agentOf(p.write)));
    this.#pending = this.#pending.filter((p) => !behind.includes(p));
    for (const { reject } of [...batch, ...behind]) reject(error);
  }
}

function settle(batch: readonly Pending[], answers: readonly Answer[]): void {
  for (const [i, { resolve, reject }] of batch.entries()) {
    const answer = answers[i];
    if (answer === undefined) reject(new StoreError('broken', 'the database did not answer'));
    else resolve(answer);
  }
}

function agentOf(write: Write): string | undefined {
  return write.kind === 'delivery' ? write.delivery.agent : undefined;
}

function rowsOf(write: Write): number {
  switch (write.kind) {
    case 'delivery':
    case 'unfolded':
      return write.delivery.rows.length;
    case 'audit':
      return write.records.length;
    case 'decision':
      return 1;
  }
}
