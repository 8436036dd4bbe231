import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../fingerprint/printable.ts';
import { makeNotice, type News } from './core/news.ts';
import { noticesOf } from './core/notices-of.ts';
import type { Sink } from './core/notify-sinks.ts';
import { isWanted } from './core/sink-filter.ts';
import { NoticeDesk } from './notice-desk.ts';
import type { AuditLog } from './ports/audit.ts';
import type { Notice, Notifier } from './ports/notifier.ts';
import type { DeadRow, NotifyStatus, Outbox, SinkState } from './ports/outbox.ts';
import type { DriftStore, Log } from './ports.ts';
import { SinkCourier } from './sink-courier.ts';
import type { StateLine } from './state-line.ts';

/** How long a pause that has passed, or a minute that is over, may go unnoticed. */
const lookMs = 1_000;
const sinceSetting = 'notify-since';
const maxDeadShown = 100;

export interface NotificationsOptions {
  readonly sinks: readonly Sink<Notifier>[];
  readonly outbox: Outbox;
  readonly store: Pick<DriftStore, 'occurrences' | 'setting' | 'saveSetting'>;
  readonly audit: AuditLog;
  /** ms since the Unix epoch. */
  readonly now: () => number;
  /** From 0 to 1. */
  readonly random: () => number;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** Tells people: hears every change of state, keeps what is news until each sink has taken it, and says how that goes. */
export class Notifications {
  readonly #options: NotificationsOptions;
  readonly #desk: NoticeDesk;
  readonly #couriers: ReadonlyMap<string, SinkCourier>;
  readonly #states = new Map<string, SinkState>();
  #since: number | undefined;
  #isFailing = false;
  #wake: () => void = () => undefined;

  constructor(options: NotificationsOptions) {
    this.#options = options;
    this.#desk = new NoticeDesk({ ...options, occurrences: (filter) => options.store.occurrences(filter) });
    const common = {
      ...options,
      wake: () => this.#wake(),
      gone: (sink: string, reason: string) => this.#gone(sink, reason),
      dropped: (sink: string, count: number) => this.#tellDropped(sink, count),
    };
    this.#couriers = new Map(options.sinks.map((sink) => [sink.name, new SinkCourier({ ...common, sink })]));
  }

  readonly hear = (line: StateLine): void => {
    this.#desk.hear(line);
    if (line.type === 'store' && line.state === 'failing') void this.#tellAtOnce(line);
    this.#wake();
  };

  /** Until the signal aborts. */
  async run(): Promise<void> {
    const { signal } = this.#options;
    while (!signal.aborted) {
      const woken = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      await this.step();
      const pause = new AbortController();
      const until = AbortSignal.any([signal, pause.signal]);
      await Promise.race([woken, sleep(lookMs, undefined, { signal: until }).catch(() => undefined)]);
      pause.abort();
    }
  }

  /** One round: what was heard is put into the outbox, what is due goes out. */
  async step(): Promise<void> {
    try {
      this.#since ??= await this.#start();
      await this.#desk.write();
      if (this.#desk.isBehind) await this.#desk.catchUp(this.#since);
      await this.#desk.digest();
      for (const [sink, courier] of this.#couriers)
        if (this.#states.get(sink) === 'running') await courier.look();
      this.#isFailing = false;
    } catch (err) {
      // Nothing is lost: what was heard is kept and tried again with the next look. Said once.
      if (!this.#isFailing) this.#options.log.error({ err }, 'notices could not be kept');
      this.#isFailing = true;
    }
  }

  /** Resolves when no delivery is under way. */
  async settled(): Promise<void> {
    for (const courier of this.#couriers.values()) await courier.settled();
  }

  /** Puts what was heard to the end into the outbox; call it when nothing more will be told and before the store closes. */
  async close(): Promise<void> {
    await this.settled();
    await this.#desk
      .write(true)
      .catch((err: unknown) => this.#options.log.error({ err }, 'the last notices could not be kept'));
  }

  async #start(): Promise<number> {
    const { outbox, sinks, store, now, log } = this.#options;
    const forgotten = await outbox.open(sinks.map(({ name }) => name));
    if (forgotten > 0) log.warn({ forgotten }, 'notices waited for sinks that are no longer configured');
    for (const { sink, state } of await outbox.sinks()) this.#states.set(sink, state);
    const kept = Number(await store.setting(sinceSetting)) || 0;
    const since = kept > 0 && sinks.length > 0 ? kept : now();
    // Whoever names the first sink is told from then on, not of all that ever was.
    if (since !== kept) await store.saveSetting(sinceSetting, sinks.length > 0 ? String(since) : '0');
    if (sinks.length > 0) await this.#desk.catchUp(since);
    return since;
  }

  /** That nothing can be written cannot wait until it was written; what comes of the outbox later has the same id. */
  async #tellAtOnce(line: Extract<StateLine, { type: 'store' }>): Promise<void> {
    const { outbox, sinks, now, signal, log } = this.#options;
    const at = now();
    try {
      const told = (await outbox.told(['store'])).get('store');
      const { notices } = noticesOf(told, { of: 'store', state: line.state, sentence: line.sentence }, at);
      for (const notice of notices)
        await Promise.all(
          sinks
            .filter((sink) => this.#states.get(sink.name) === 'running' && isWanted(sink.filter, notice))
            .map((sink) => sink.notifier.deliver(notice, signal)),
        );
    } catch (err) {
      log.warn({ err }, 'that the store fails is told when it works again');
    }
  }

  async status(): Promise<NotifyStatus> {
    const types = new Map(this.#options.sinks.map(({ name, type }) => [name, type]));
    const rows = await this.#options.outbox.sinks();
    return {
      sinks: rows.map((row) => ({ ...row, type: types.get(row.sink) ?? '' })),
      unwritten: this.#desk.pending,
      lost: this.#desk.lost,
    };
  }

  /** @returns the id of the notice; undefined when no sink has this name */
  async test(sink: string, author: string): Promise<string | undefined> {
    if (!this.#couriers.has(sink)) return undefined;
    await this.#options.audit.record({ type: 'sink-tested', author, about: sink, detail: {} });
    const who = printable(author, 128);
    const title = `a test of ${sink}, asked for by ${who}: if you can read this, you will be told`;
    const data = { author: who };
    return this.#tell([sink], `test/${sink}`, {
      type: 'whorl.test',
      severity: 'low',
      title,
      link: '/notify',
      data,
    });
  }

  /** Nothing is sent until it is resumed; what is news meanwhile waits. @returns whether there is such a sink */
  pause(sink: string, author: string, reason: string): Promise<boolean> {
    return this.#set('sink-paused', sink, 'paused', author, reason);
  }

  /** Also after the receiver answered that it wants nothing any more. @returns whether there is such a sink */
  async resume(sink: string, author: string, reason: string): Promise<boolean> {
    const isThere = await this.#set('sink-resumed', sink, 'running', author, reason);
    if (isThere) await this.#options.outbox.hurry(sink, this.#options.now());
    this.#wake();
    return isThere;
  }

  async #set(
    type: 'sink-paused' | 'sink-resumed',
    sink: string,
    state: SinkState,
    author: string,
    reason: string,
  ): Promise<boolean> {
    if (!this.#couriers.has(sink)) return false;
    await this.#options.audit.record({ type, author, about: sink, reason, detail: {} });
    await this.#options.outbox.setState(sink, state, author, reason);
    this.#states.set(sink, state);
    return true;
  }

  /** Given up notices, newest first. @returns undefined when no sink has this name */
  async dead(sink: string): Promise<readonly DeadRow[] | undefined> {
    return this.#couriers.has(sink) ? this.#options.outbox.dead(sink, maxDeadShown) : undefined;
  }

  /** Sends again what was given up. @returns how many; undefined when no sink has this name */
  async retryDead(sink: string, author: string): Promise<number | undefined> {
    if (!this.#couriers.has(sink)) return undefined;
    await this.#options.audit.record({ type: 'sink-retried', author, about: sink, detail: {} });
    const count = await this.#options.outbox.revive(sink, this.#options.now());
    this.#wake();
    return count;
  }

  async #gone(sink: string, reason: string): Promise<void> {
    const { outbox, sinks, log } = this.#options;
    this.#states.set(sink, 'gone');
    await outbox.setState(sink, 'gone', '', reason);
    log.error(
      { sink, reason },
      'the receiver wants no notices any more; nothing is sent until a person resumes it',
    );
    const others = sinks.map(({ name }) => name).filter((name) => name !== sink);
    await this.#tell(others, `sink/${sink}`, {
      type: 'sink.gone',
      severity: 'high',
      title: `${sink} is told nothing any more: ${reason}`,
      link: '/notify',
      data: { sink, reason },
    });
  }

  async #tellDropped(sink: string, count: number): Promise<void> {
    const { outbox, now } = this.#options;
    const title = `${count} notices for ${sink} were dropped, because too many waited: the incidents are on record`;
    const news = {
      type: 'notices.dropped',
      severity: 'high',
      title,
      link: '/incidents',
      data: { count },
    } as const;
    const notice = makeNotice(news, `dropped/${sink}`, now(), count);
    await outbox.tellDropped({ sink, notice, state: 'waiting' }, count, now());
  }

  async #tell(sinks: readonly string[], key: string, news: News): Promise<string> {
    const { outbox, now, random } = this.#options;
    // Two in one millisecond are two all the same.
    const notice: Notice = makeNotice(news, key, now(), Math.floor(random() * 2 ** 32));
    await outbox.put(
      sinks.map((sink) => ({ sink, notice, state: 'waiting' })),
      new Map(),
      now(),
    );
    this.#wake();
    return notice.id;
  }
}
