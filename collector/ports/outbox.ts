import type { Notice } from '../core/notice.ts';
import type { Told } from '../core/told.ts';

export { noticeText, parseNotice } from '../core/notice-json.ts';
export { parseTold, type Told, toldText } from '../core/told.ts';

/** A notice on its way to one sink. `gathered`: it is told as one of many. */
export interface OutboxEntry {
  readonly sink: string;
  readonly notice: Notice;
  readonly state: 'waiting' | 'gathered';
}

export interface OutboxRow {
  /** Grows; what was put in later is told later, about the same thing. */
  readonly seq: number;
  readonly notice: Notice;
  /** That failed. */
  readonly attempts: number;
}

export interface DeadRow extends OutboxRow {
  readonly lastError: string;
}

export const sinkStates = ['running', 'paused', 'gone'] as const;
/** `gone`: the receiver answered 410. Both others wait for a person. */
export type SinkState = (typeof sinkStates)[number];

export interface SinkRow {
  readonly sink: string;
  readonly state: SinkState;
  /** Who paused or resumed it and why; empty when nobody did. */
  readonly author: string;
  readonly reason: string;
  readonly delivered: number;
  /** Given up because too many waited, and dead ones that were. */
  readonly dropped: number;
  readonly waiting: number;
  readonly gathered: number;
  readonly dead: number;
  /** ms since the Unix epoch; 0: it does not fail. */
  readonly failingSince: number;
  readonly lastError: string;
}

/** Of all sinks, for people. */
export interface NotifyStatus {
  readonly sinks: readonly (SinkRow & { readonly type: string })[];
  /** Changes that wait to be written to the outbox, and those given up because too many waited. */
  readonly unwritten: number;
  readonly lost: number;
}

/**
 * What is to be told and what was. Each write is durable when it resolves, and each is all or nothing: what is put in
 * and that it counts as told are one commit, so a crash neither forgets a notice nor makes a second one of it.
 */
export interface Outbox {
  /** Makes rows for these sinks; what waits for sinks that are no longer configured is deleted. @returns how much that was */
  open(sinks: readonly string[]): Promise<number>;
  told(subjects: readonly string[]): Promise<ReadonlyMap<string, Told>>;
  /** Incidents that were active after this (µs since the Unix epoch) and of which nothing was ever told; their ids. */
  untold(activeAfter: number, limit: number): Promise<readonly string[]>;
  /** A notice that is in already is not put in again. */
  put(entries: readonly OutboxEntry[], told: ReadonlyMap<string, Told>, now: number): Promise<void>;
  /**
   * What is due now, gravest first; of each key only the first that waits, so that one story is told in order and no
   * other waits for it.
   */
  due(sink: string, now: number, limit: number): Promise<readonly OutboxRow[]>;
  /** @returns how many were dropped that the sink has not been told of */
  delivered(sink: string, seq: number): Promise<number>;
  /** @param nextAt ms since the Unix epoch; undefined: it is dead until a person has it sent again */
  failed(sink: string, seq: number, nextAt: number | undefined, error: string, now: number): Promise<void>;
  /** The sink works again: what waits for a later attempt is due. */
  hurry(sink: string, now: number): Promise<void>;
  /** Puts in the notice that so many were dropped, and that the sink is told of them. */
  tellDropped(entry: OutboxEntry, count: number, now: number): Promise<void>;
  /** In the order they were put in. */
  gathered(sink: string, after: number, limit: number): Promise<readonly OutboxRow[]>;
  /** The one notice takes the place of what was gathered up to `seq`. */
  digested(entry: OutboxEntry, seq: number, now: number): Promise<void>;
  sinks(): Promise<readonly SinkRow[]>;
  setState(sink: string, state: SinkState, author: string, reason: string): Promise<void>;
  dead(sink: string, limit: number): Promise<readonly DeadRow[]>;
  /** Dead ones are due again, from the first attempt on. @returns how many */
  revive(sink: string, now: number): Promise<number>;
}
