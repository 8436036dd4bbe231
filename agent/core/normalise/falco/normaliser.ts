import type { CoverageWord } from '../../../../fingerprint/coverage.ts';
import type { Event } from '../../../../fingerprint/event.ts';
import { FalcoAlert } from '../../hotpath/falco-alert.ts';
import { FalcoRawRecord } from '../../hotpath/falco-raw.ts';
import type { RecordWatcher } from '../../hotpath/raw-record.ts';
import type { SourceNote } from '../../source-note.ts';
import type { NodeView } from '../node-view.ts';
import { falcoCoverage } from './coverage.ts';
import { type FalcoForm, type FalcoFormName, falcoForm } from './forms.ts';
import { LiveFalco } from './live.ts';
import { FalcoLoss } from './loss.ts';
import { type FalcoRecord, numberOf } from './record.ts';
import { hostEvent, isReadable } from './who.ts';

/** Clocks of one node are one; an alert may wait this long in the future for want of precision, never longer. */
const aheadUs = 60_000_000;

export interface FalcoNormaliserOptions {
  readonly view: NodeView;
  readonly form: FalcoFormName;
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

/** Falco's alerts as events, as they come. Never throws: what is no alert is counted. */
export function createFalcoNormaliser(options: FalcoNormaliserOptions): FalcoNormaliser {
  return new FalcoNormaliser(options);
}

export class FalcoNormaliser {
  readonly #form: FalcoForm;
  readonly #now: () => number;
  readonly #live: LiveFalco;
  readonly #loss = new FalcoLoss();
  readonly #alert = new FalcoAlert();
  readonly #raw: FalcoRawRecord;
  /** µs since the epoch: what is older is of another start of the machine, and its processes are nobody's here. */
  readonly #bootedAt: number;
  #latest = Number.POSITIVE_INFINITY;
  #settled = false;
  #hostTold = false;
  /** The alert before: one event that several rules match is one event. */
  #lastTime = -1;
  #lastOrder = -1;
  readonly #counts = {
    records: 0,
    skipped: 0,
    malformed: 0,
    unread: 0,
    unknown: 0,
    twice: 0,
    otherTime: 0,
    internal: 0,
  };

  constructor({ view, form, now }: FalcoNormaliserOptions) {
    this.#form = falcoForm(form);
    this.#now = now;
    this.#live = new LiveFalco(view);
    this.#bootedAt = view.bootOffset();
    this.#raw = new FalcoRawRecord(this.#live, this.#alert);
  }

  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[] {
    const events: Event[] = [];
    this.#latest = this.#now() + aheadUs;
    this.#form.frames.push(bytes, (all, from, to) => {
      this.#counts.records += 1;
      this.#record(all, from, to, events, watcher);
    });
    return events;
  }

  note(note: SourceNote): Event[] {
    switch (note.type) {
      case 'connected':
        this.#form.frames.reset();
        return this.#host(this.#now());
      case 'watching':
        this.#settled = true;
        return [];
      case 'snapshot':
        return [];
      case 'gap':
        return this.#loss.note(note);
    }
  }

  coverage(): readonly CoverageWord[] {
    return falcoCoverage;
  }

  isSettled(): boolean {
    return this.#settled;
  }

  counters(): Readonly<Record<string, number>> {
    const refused = this.#form.frames.refused;
    const counts = { ...this.#counts, refused };
    return Object.fromEntries(Object.entries(counts).map(([name, count]) => [`falco.${name}`, count]));
  }

  #host(time: number): Event[] {
    if (this.#hostTold) return [];
    this.#hostTold = true;
    return [hostEvent(time)];
  }

  #record(bytes: Uint8Array, from: number, to: number, out: Event[], watcher?: RecordWatcher): void {
    const raw = this.#raw.place(this.#form.scan(bytes, from, to, this.#alert));
    const isPlain = raw.what !== 'other' && this.#isNow(raw.time) && !this.#isLast(raw.time, raw.order);
    if (isPlain && watcher?.skips(raw) === true) {
      this.#counts.skipped += 1;
      this.#remember(raw.time, raw.order);
      return;
    }
    // Its events come with the record still placed, or the record says that it is for nobody's memory.
    if (!isPlain) raw.what = 'other';
    const events = this.#host(this.#now());
    if (events.length > 0) out.push(...events);
    const told = this.#read(bytes, from, to);
    if (watcher === undefined) out.push(...told);
    else watcher.gave(raw, told);
  }

  /** In full. */
  #read(bytes: Uint8Array, from: number, to: number): readonly Event[] {
    const record = this.#parsed(bytes, from, to);
    if (record === undefined) return [];
    if (!this.#isNow(record.time)) {
      this.#counts.otherTime += 1;
      return [];
    }
    if (record.source === 'internal') {
      this.#counts.internal += 1;
      return this.#loss.internal(record);
    }
    if (!isReadable(record)) {
      this.#counts.unread += 1;
      return [];
    }
    if (this.#isLast(record.time, record.order)) {
      this.#counts.twice += 1;
      return [];
    }
    const events = this.#live.take(record);
    if (events === undefined) {
      this.#counts.unread += 1;
      return [];
    }
    this.#remember(record.time, numberOf(record, 'num') === undefined ? -1 : record.order);
    if (events.length === 0) this.#counts.unknown += 1;
    this.#raw.remember();
    return events;
  }

  #parsed(bytes: Uint8Array, from: number, to: number): FalcoRecord | undefined {
    try {
      return this.#form.read(bytes, from, to);
    } catch {
      this.#counts.malformed += 1;
      return undefined;
    }
  }

  #isNow(time: number): boolean {
    return time >= this.#bootedAt && time <= this.#latest;
  }

  #isLast(time: number, order: number): boolean {
    return time === this.#lastTime && order === this.#lastOrder && order >= 0;
  }

  #remember(time: number, order: number): void {
    this.#lastTime = time;
    this.#lastOrder = order;
  }
}
