import { severities } from '../../../fingerprint/incident.ts';
import {
  type DeadRow,
  noticeText,
  type Outbox,
  type OutboxEntry,
  type OutboxRow,
  parseNotice,
  parseTold,
  type SinkRow,
  type SinkState,
  sinkStates,
  type Told,
  toldText,
} from '../../ports/outbox.ts';
import { StoreError } from '../../ports.ts';
import type { EntryRecord, OutboxRecord, SinkRecord } from './outbox-table.ts';
import type { DatabaseThread } from './thread.ts';

/** The main thread's end of the outbox: domain objects on this side, rows on the other. */
export class SqliteOutbox implements Outbox {
  readonly #thread: Pick<DatabaseThread, 'call'>;

  constructor(thread: Pick<DatabaseThread, 'call'>) {
    this.#thread = thread;
  }

  open(sinks: readonly string[]): Promise<number> {
    return this.#thread.call('outboxOpen', sinks);
  }

  async told(subjects: readonly string[]): Promise<ReadonlyMap<string, Told>> {
    const rows = await this.#thread.call('outboxTold', subjects);
    return new Map(rows.map(({ subject, told }) => [subject, parseTold(told)]));
  }

  untold(activeAfter: number, limit: number): Promise<readonly string[]> {
    return this.#thread.call('outboxUntold', activeAfter, limit);
  }

  put(entries: readonly OutboxEntry[], told: ReadonlyMap<string, Told>, now: number): Promise<void> {
    const tellings = [...told].map(([subject, state]) => ({ subject, told: toldText(state) }));
    return this.#thread.call('outboxPut', entries.map(entryRecord), tellings, now);
  }

  async due(sink: string, now: number, limit: number): Promise<readonly OutboxRow[]> {
    return (await this.#thread.call('outboxDue', sink, now, limit)).map(outboxRow);
  }

  delivered(sink: string, seq: number): Promise<number> {
    return this.#thread.call('outboxDelivered', sink, seq);
  }

  failed(sink: string, seq: number, nextAt: number | undefined, error: string, now: number): Promise<void> {
    return this.#thread.call('outboxFailed', sink, seq, nextAt, error, now);
  }

  hurry(sink: string, now: number): Promise<void> {
    return this.#thread.call('outboxHurry', sink, now);
  }

  tellDropped(entry: OutboxEntry, count: number, now: number): Promise<void> {
    return this.#thread.call('outboxTellDropped', entryRecord(entry), count, now);
  }

  async gathered(sink: string, after: number, limit: number): Promise<readonly OutboxRow[]> {
    return (await this.#thread.call('outboxGathered', sink, after, limit)).map(outboxRow);
  }

  digested(entry: OutboxEntry, seq: number, now: number): Promise<void> {
    return this.#thread.call('outboxDigested', entryRecord(entry), seq, now);
  }

  async sinks(): Promise<readonly SinkRow[]> {
    return (await this.#thread.call('outboxSinks')).map(sinkRow);
  }

  setState(sink: string, state: SinkState, author: string, reason: string): Promise<void> {
    return this.#thread.call('outboxSetState', sink, state, author, reason);
  }

  async dead(sink: string, limit: number): Promise<readonly DeadRow[]> {
    const rows = await this.#thread.call('outboxDead', sink, limit);
    return rows.map((row) => ({ ...outboxRow(row), lastError: row.last_error }));
  }

  revive(sink: string, now: number): Promise<number> {
    return this.#thread.call('outboxRevive', sink, now);
  }
}

function entryRecord({ sink, notice, state }: OutboxEntry): EntryRecord {
  const { id, key, type } = notice;
  const severity = severities.indexOf(notice.severity);
  return { sink, notice: id, key, type, severity, body: noticeText(notice), state };
}

function outboxRow({ seq, body, attempts }: OutboxRecord): OutboxRow {
  return { seq, notice: parseNotice(body), attempts };
}

function sinkRow({ failing_since_ms, last_error, state: word, ...row }: SinkRecord): SinkRow {
  const state = sinkStates.find((s) => s === word);
  if (state === undefined) throw new StoreError('broken', `the sink ${row.sink} has no known state`);
  return { ...row, state, failingSince: failing_since_ms, lastError: last_error };
}
