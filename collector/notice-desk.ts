import { type Change, changeName, subjectOf } from './core/change.ts';
import { Digest, Flood } from './core/digest.ts';
import { LossWindow } from './core/loss-window.ts';
import { noticesOf } from './core/notices-of.ts';
import type { Sink } from './core/notify-sinks.ts';
import { isWanted } from './core/sink-filter.ts';
import type { Notice, Notifier } from './ports/notifier.ts';
import type { Outbox, OutboxEntry, Told } from './ports/outbox.ts';
import type { DriftStore, Log, OccurrenceRow } from './ports.ts';
import { RowNames } from './row-names.ts';
import { changeOf } from './state-changes.ts';
import type { StateLine } from './state-line.ts';

/** Changes that wait to be written down. Of incidents nothing is lost beyond it: they are read from the store again. */
const maxPending = 10_000;
/** Changes that are judged and written in one commit. */
const batch = 200;
/** Incidents that are compared after a restart with what was told of them: those that were active last. */
const maxCompared = 1_000;
const page = 200;

export interface NoticeDeskOptions {
  readonly sinks: readonly Sink<Notifier>[];
  readonly outbox: Outbox;
  readonly occurrences: DriftStore['occurrences'];
  /** ms since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
}

interface Pending {
  readonly change: Change;
  readonly at: number;
}

/** From changes of state to notices in the outbox: what is news, to whom, and one by one or as one of many. */
export class NoticeDesk {
  readonly #options: NoticeDeskOptions;
  readonly #pending = new Map<string, Pending>();
  readonly #names = new RowNames();
  readonly #losses = new LossWindow();
  readonly #floods: ReadonlyMap<string, Flood>;
  #isBehind = false;
  #lost = 0;

  constructor(options: NoticeDeskOptions) {
    this.#options = options;
    this.#floods = new Map(options.sinks.map(({ name }) => [name, new Flood()]));
  }

  /** Changes of the system that nobody will be told of, because too many waited to be written down. */
  get lost(): number {
    return this.#lost;
  }

  get pending(): number {
    return this.#pending.size;
  }

  hear(line: StateLine): void {
    if (line.type === 'incident') this.#names.remember(line.incident.id, line.row);
    const told = changeOf(line);
    if (told === undefined) return;
    const change = this.#names.named(told);
    const now = this.#options.now();
    const heard = change.of === 'loss' ? this.#losses.add(change, now) : change;
    if (heard !== undefined) this.#add(heard, now);
  }

  #add(change: Change, at: number): void {
    const name = changeName(change);
    if (this.#pending.size < maxPending || this.#pending.has(name)) this.#pending.set(name, { change, at });
    else if (isOfIncident(change)) this.#isBehind = true;
    else this.#lost += 1;
  }

  /** Everything that was heard is in the outbox when it resolves. What it could not write it keeps. */
  async write(isLast = false): Promise<void> {
    const { now } = this.#options;
    for (const loss of this.#losses.due(isLast ? Number.POSITIVE_INFINITY : now())) this.#add(loss, now());
    while (this.#pending.size > 0) {
      const taken = [...this.#pending].slice(0, batch);
      await this.#tell(taken.map(([, pending]) => pending));
      // What was replaced meanwhile waits for the next round.
      for (const [name, pending] of taken)
        if (this.#pending.get(name) === pending) this.#pending.delete(name);
    }
  }

  /**
   * What was stored and not written here, because the collector was killed in between or too much waited.
   * @param since ms since the Unix epoch: what was over by then is old news
   */
  async catchUp(since: number): Promise<void> {
    const { outbox, occurrences, now } = this.#options;
    const activeAfter = since * 1000;
    this.#isBehind = false;
    for (;;) {
      const ids = await outbox.untold(activeAfter, page);
      for (const id of ids) await this.#tellRows(await occurrences({ id, limit: 1 }), now());
      if (ids.length < page) break;
    }
    await this.#tellRows(await occurrences({ activeAfter, limit: maxCompared }), now());
  }

  get isBehind(): boolean {
    return this.#isBehind && this.#pending.size === 0;
  }

  async #tellRows(rows: readonly OccurrenceRow[], at: number): Promise<void> {
    for (const row of rows) {
      this.#names.remember(row.incident.id, row.row);
      await this.#tell(changesOf(row).map((change) => ({ change: this.#names.named(change), at })));
    }
  }

  async #tell(changes: readonly Pending[]): Promise<void> {
    const { outbox, now } = this.#options;
    const told = new Map(await outbox.told([...new Set(changes.map(({ change }) => subjectOf(change)))]));
    const before = new Map(told);
    const notices: Notice[] = [];
    for (const { change, at } of changes)
      for (const whole of await this.#withIncident(change, told)) notices.push(...judge(whole, at, told));
    // An incident that only goes on costs no commit.
    const changed = new Map([...told].filter(([subject, state]) => before.get(subject) !== state));
    if (changed.size > 0) await outbox.put(this.#addressed(notices), changed, now());
  }

  /** What follows an incident comes after the incident itself, whoever was faster. */
  async #withIncident(change: Change, told: ReadonlyMap<string, Told>): Promise<readonly Change[]> {
    const subject = subjectOf(change);
    const isKnown = change.of === 'incident' || !isOfIncident(change) || told.get(subject)?.incident;
    if (isKnown) return [change];
    const rows = await this.#options.occurrences({ id: subject, limit: 1 });
    return [
      ...rows.map(({ incident, row }) => ({ of: 'incident', incident: { ...incident, id: row } }) as const),
      change,
    ];
  }

  #addressed(notices: readonly Notice[]): OutboxEntry[] {
    const now = this.#options.now();
    return notices.flatMap((notice) =>
      this.#options.sinks
        .filter(({ filter }) => isWanted(filter, notice))
        .map(({ name }) => {
          const state = this.#floods.get(name)?.admit(notice, now) ?? 'waiting';
          return { sink: name, notice, state };
        }),
    );
  }

  /** Tells of the many, once their minute is over. */
  async digest(): Promise<void> {
    const { outbox, now } = this.#options;
    for (const [sink, flood] of this.#floods) {
      if (!flood.isOver(now())) continue;
      const { digest, last } = await this.#added(sink);
      if (last > 0)
        await outbox.digested({ sink, notice: digest.notice(sink, now()), state: 'waiting' }, last, now());
    }
  }

  async #added(sink: string): Promise<{ digest: Digest; last: number }> {
    const digest = new Digest();
    let last = 0;
    for (;;) {
      const rows = await this.#options.outbox.gathered(sink, last, page);
      for (const { notice } of rows) digest.add(notice);
      last = rows.at(-1)?.seq ?? last;
      if (rows.length < page) return { digest, last };
    }
  }
}

function judge(change: Change, at: number, told: Map<string, Told>): readonly Notice[] {
  const subject = subjectOf(change);
  const outcome = noticesOf(told.get(subject), change, at);
  if (outcome.told !== undefined) told.set(subject, outcome.told);
  return outcome.notices;
}

function isOfIncident(change: Change): boolean {
  return ['incident', 'held', 'receipt', 'disposition'].includes(change.of);
}

/** What a brake held back waits in the list of held orders, and is told from there. */
function changesOf({ incident, row, receipts }: OccurrenceRow): readonly Change[] {
  return [
    { of: 'incident', incident: { ...incident, id: row } },
    ...receipts.map((receipt): Change => ({ of: 'receipt', receipt })),
  ];
}
