import type { CheckpointSink } from './ports/audit.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/**
 * Brings checkpoints to one sink, one at a time. Of those that wait only the latest is kept: it says everything that the
 * earlier ones said. What fails is told once, counted, and tried again with the next checkpoint or minute.
 */
export class AuditPublisher {
  readonly #sink: CheckpointSink;
  readonly #log: Log;
  readonly #tell: (line: StateLine) => void;
  #waiting: string | undefined;
  #working: Promise<void> | undefined;
  #isFailing = false;
  #failures = 0;

  constructor(sink: CheckpointSink, log: Log, tell: (line: StateLine) => void) {
    this.#sink = sink;
    this.#log = log;
    this.#tell = tell;
  }

  get state(): { readonly sink: string; readonly failures: number; readonly failing: boolean } {
    return { sink: this.#sink.name, failures: this.#failures, failing: this.#isFailing };
  }

  offer(note: string): void {
    this.#waiting = note;
    this.retry();
  }

  retry(): void {
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
    });
  }

  async settled(): Promise<void> {
    await this.#working;
  }

  /** @returns the last note it holds; undefined also when it cannot be asked, which is told */
  async last(): Promise<string | undefined> {
    try {
      return await this.#sink.last();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  async #work(): Promise<void> {
    for (let note = this.#waiting; note !== undefined; note = this.#waiting) {
      try {
        await this.#sink.publish(note);
      } catch (error) {
        this.#failed(error);
        return;
      }
      // A newer one may have come meanwhile.
      if (this.#waiting === note) this.#waiting = undefined;
      this.#works();
    }
  }

  #failed(error: unknown): void {
    this.#failures += 1;
    if (this.#isFailing) return;
    this.#isFailing = true;
    const { name } = this.#sink;
    const why = error instanceof Error ? error.message : String(error);
    this.#log.error({ sink: name, why }, 'audit checkpoint was not taken');
    this.#tell({ type: 'audit-sink', sink: name, state: 'failing', sentence: why });
  }

  #works(): void {
    if (!this.#isFailing) return;
    this.#isFailing = false;
    const { name } = this.#sink;
    this.#log.info({ sink: name }, 'audit checkpoints are taken again');
    this.#tell({
      type: 'audit-sink',
      sink: name,
      state: 'recovered',
      sentence: 'checkpoints are taken again',
    });
  }
}
