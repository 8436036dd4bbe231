import { printable } from '../fingerprint/printable.ts';
import type { Sink } from './core/notify-sinks.ts';
import { pauseAfter } from './core/retry-schedule.ts';
import type { Delivery, Notice, Notifier } from './ports/notifier.ts';
import type { Outbox, OutboxRow } from './ports/outbox.ts';
import type { Log } from './ports.ts';

/** Deliveries of one sink at a time: one receiver that hangs keeps three others of its stories going, and no other sink waits. */
const concurrency = 4;
/** Failures in a row, of different stories, after which it is the sink that is away and not one notice that is bad. */
const failuresOfSink = 3;
/** What cannot be written down would be sent again at once, and again. */
const restAfterStoreErrorMs = 60_000;

export interface CourierOptions {
  readonly sink: Sink<Notifier>;
  readonly outbox: Outbox;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly signal: AbortSignal;
  readonly log: Log;
  /** Something was delivered or failed: there may be more to do. */
  readonly wake: () => void;
  readonly gone: (sink: string, reason: string) => Promise<void>;
  /** Notices were dropped that the sink has not been told of. */
  readonly dropped: (sink: string, count: number) => Promise<void>;
}

/** Brings one sink what waits for it: one story in order, several stories side by side. */
export class SinkCourier {
  readonly #options: CourierOptions;
  readonly #underWay = new Map<string, Promise<void>>();
  readonly #failedKeys = new Set<string>();
  #restUntil = 0;

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  /** Starts what is due, as far as there is room. */
  async look(): Promise<void> {
    const { outbox, sink, now, signal } = this.#options;
    const room = concurrency - this.#underWay.size;
    if (room <= 0 || signal.aborted || now() < this.#restUntil) return;
    const rows = await outbox.due(sink.name, now(), concurrency + this.#underWay.size);
    for (const row of rows.filter(({ notice }) => !this.#underWay.has(notice.key)).slice(0, room))
      this.#start(row);
  }

  /** Resolves when nothing is under way. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #start(row: OutboxRow): void {
    const { key } = row.notice;
    const work = this.#bring(row)
      .catch((err: unknown) => this.#unwritten(err))
      .finally(() => {
        this.#underWay.delete(key);
        this.#options.wake();
      });
    this.#underWay.set(key, work);
  }

  async #bring(row: OutboxRow): Promise<void> {
    const { signal } = this.#options;
    const delivery = await this.#attempt(row.notice);
    // Cut off by the end of the collector: it counts as not tried, and goes again with the same id.
    if (signal.aborted && delivery.result !== 'delivered') return;
    switch (delivery.result) {
      case 'delivered':
        return this.#delivered(row);
      case 'retry':
      case 'refused':
        return this.#failed(row, delivery);
      case 'gone':
        return this.#options.gone(this.#options.sink.name, delivery.reason);
    }
  }

  async #attempt(notice: Notice): Promise<Delivery> {
    const { sink, signal } = this.#options;
    try {
      return await sink.notifier.deliver(notice, signal);
    } catch (error) {
      return { result: 'retry', reason: error instanceof Error ? error.message : 'the notifier failed' };
    }
  }

  async #delivered({ seq, notice }: OutboxRow): Promise<void> {
    const { outbox, sink, now, log } = this.#options;
    const dropped = await outbox.delivered(sink.name, seq);
    log.info({ sink: sink.name, notice: notice.id, type: notice.type }, 'notice delivered');
    const wasAway = this.#failedKeys.size >= failuresOfSink;
    this.#failedKeys.clear();
    // It answers again: nobody waits half a day for a pause that was meant for a receiver that is away.
    if (wasAway) await outbox.hurry(sink.name, now());
    if (dropped > 0) await this.#options.dropped(sink.name, dropped);
  }

  async #failed(
    { seq, notice, attempts }: OutboxRow,
    failure: Extract<Delivery, { result: 'retry' | 'refused' }>,
  ): Promise<void> {
    const { outbox, sink, now, random, log } = this.#options;
    if (this.#failedKeys.size < failuresOfSink) this.#failedKeys.add(notice.key);
    const pause = pauseAfter(attempts + 1, failure, random());
    const reason = printable(failure.reason);
    const nextAt = pause === undefined ? undefined : now() + pause;
    await outbox.failed(sink.name, seq, nextAt, reason, now());
    const about = { sink: sink.name, notice: notice.id, attempts: attempts + 1, reason };
    if (pause === undefined) log.error(about, 'notice given up');
    else log.warn({ ...about, againInMs: pause }, 'notice not delivered');
  }

  #unwritten(err: unknown): void {
    const { sink, now, log } = this.#options;
    this.#restUntil = now() + restAfterStoreErrorMs;
    log.error({ sink: sink.name, err }, 'what became of a notice could not be recorded; it may come twice');
  }
}
