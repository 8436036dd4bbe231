import type { CoverageWord } from '../../../fingerprint/coverage.ts';
import type { BehaviourKind, Event } from '../../../fingerprint/event.ts';
import type { RecordWatcher } from '../hotpath/raw-record.ts';
import { SensorRawRecord } from '../hotpath/sensor-raw.ts';
import type { SourceNote } from '../source-note.ts';
import { baseOf, childOf, factsOf } from './sensor-event.ts';
import { fieldTag, maxRecordLength, recordHead, recordType, SensorRecord } from './sensor-record.ts';
import { textOf } from './sensor-text.ts';

/** A word is covered when all of its hooks are attached. */
const hooksOf: Readonly<Record<BehaviourKind | 'capability' | 'module-request', readonly string[]>> = {
  exec: ['sched_process_exec'],
  load: ['sys_exit', 'sys_map'],
  open: ['sys_exit', 'sys_open'],
  link: ['sys_exit', 'sys_file'],
  delete: ['sys_exit', 'sys_file'],
  rename: ['sys_exit', 'sys_file'],
  connect: ['sys_exit', 'sys_net', 'inet_sock_set_state'],
  listen: ['sys_exit', 'sys_net', 'inet_sock_set_state'],
  resolve: ['sys_exit', 'sys_net', 'sys_dns'],
  privilege: ['sys_exit', 'sys_privilege'],
  capability: ['cap_capable'],
  'module-request': ['module_request'],
};
const words = Object.keys(hooksOf) as readonly (keyof typeof hooksOf)[];

export interface SensorNormaliser {
  /**
   * Events of the records that are whole now; the rest waits for the next bytes. Never throws: what is malformed is
   * counted, and a stream that has lost its place ends in one gap.
   *
   * @param watcher gets the events record by record; what is returned then belongs to none (a broken stream).
   */
  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[];
  note(note: SourceNote): Event[];
  coverage(): readonly CoverageWord[];
  /** Whether the record that ends the sweep of what was there before has come. */
  isSettled(): boolean;
  counters(): Readonly<Record<string, number>>;
}

export function createSensorNormaliser(): SensorNormaliser {
  return new Normaliser();
}

class Normaliser implements SensorNormaliser {
  readonly #record = new SensorRecord();
  readonly #raw = new SensorRawRecord();
  /** Less than one record: the bytes after the last whole one. */
  #held: Uint8Array = new Uint8Array();
  /** µs from boot to the Unix epoch. */
  #epochOffset = 0;
  #lastTime = 0;
  #lost = false;
  #coverage: readonly CoverageWord[] = [];
  #settled = false;
  readonly #counts = {
    records: 0,
    skipped: 0,
    malformed: 0,
    unknown: 0,
    lost: 0,
    failedOpens: 0,
    accepts: 0,
  };

  push(bytes: Uint8Array, watcher?: RecordWatcher): Event[] {
    const events: Event[] = [];
    if (this.#lost) return events;
    const all = this.#held.length === 0 ? bytes : joined(this.#held, bytes);
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    let at = 0;
    while (all.length - at >= recordHead.size) {
      const length = view.getUint32(at, true);
      if (length < recordHead.size || length > maxRecordLength) {
        events.push(this.#loseTrack());
        return events;
      }
      if (all.length - at < length) break;
      this.#counts.records += 1;
      if (watcher === undefined) this.#take(all, view, at, length, events);
      else if (watcher.skips(this.#raw.place(view, at, length, this.#epochOffset))) this.#counts.skipped += 1;
      else this.#give(all, view, at, length, watcher);
      at += length;
    }
    this.#held = at === all.length ? new Uint8Array() : all.slice(at);
    return events;
  }

  /** What the sensor has to say it says in its own stream. */
  note(_note: SourceNote): Event[] {
    return [];
  }

  coverage(): readonly CoverageWord[] {
    return this.#coverage;
  }

  isSettled(): boolean {
    return this.#settled;
  }

  counters(): Readonly<Record<string, number>> {
    const c = this.#counts;
    return {
      'sensor.records': c.records,
      'sensor.skipped': c.skipped,
      'sensor.malformed': c.malformed,
      'sensor.unknown': c.unknown,
      'sensor.lost': c.lost,
      'sensor.failedOpens': c.failedOpens,
      'sensor.accepts': c.accepts,
    };
  }

  #loseTrack(): Event {
    this.#lost = true;
    this.#counts.malformed += 1;
    this.#held = new Uint8Array();
    const time = this.#lastTime;
    const process = { pid: 0, start: 0 };
    return {
      kind: 'gap',
      time,
      process,
      since: time,
      until: time,
      lost: 0,
      reason: 'stream of records broken',
    };
  }

  #give(all: Uint8Array, view: DataView, at: number, length: number, watcher: RecordWatcher): void {
    const events: Event[] = [];
    this.#take(all, view, at, length, events);
    watcher.gave(this.#raw, events);
  }

  #take(all: Uint8Array, view: DataView, at: number, length: number, events: Event[]): void {
    const r = this.#record;
    r.place(all, view, at, at + length);
    const type = r.u16(recordHead.type);
    if (type === recordType.ready) {
      this.#settled = true;
      return;
    }
    if (type === recordType.hello || type === recordType.stats) {
      this.#learnAboutSource(r, type);
      return;
    }
    const facts = factsOf(r, this.#epochOffset);
    if (facts === undefined) {
      this.#counts.unknown += 1;
      return;
    }
    const base = baseOf(r, this.#epochOffset);
    this.#lastTime = base.time;
    if (facts.kind === 'gap') this.#counts.lost += facts.lost;
    events.push({ ...base, ...facts });
    if (facts.kind === 'fork') this.#bornElsewhere(r, base.time, base.process, events);
  }

  /** clone3 can put a child into another cgroup at birth; then no task is ever attached. */
  #bornElsewhere(r: SensorRecord, time: number, parent: Event['process'], events: Event[]): void {
    const to = r.u64(recordHead.c);
    if (to === 0 || to === r.u64(recordHead.cgroup)) return;
    events.push({ kind: 'attach', time, process: childOf(r), parent, cgroup: to, to });
  }

  #learnAboutSource(r: SensorRecord, type: number): void {
    this.#epochOffset = Number(r.i64(recordHead.a) / 1000n);
    if (type === recordType.stats) {
      this.#counts.failedOpens = r.u64(recordHead.start);
      this.#counts.accepts = r.u64(recordHead.parentStart);
      return;
    }
    const attached = new Set(
      r.fields(fieldTag.hook).flatMap((f) => (f[0] === 1 ? [textOf(f.subarray(1))] : [])),
    );
    this.#coverage = words.filter((word) => hooksOf[word].every((h) => attached.has(h)));
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
