import type { TraceeDialect } from '../normalise/tracee/dialect.ts';
import { type TraceeRow, traceeRows, valueField } from '../normalise/tracee/tracee-fields.ts';
import { type KeyBuffer, seal } from './act-key.ts';
import { BytesTable, viewOf } from './bytes-table.ts';
import type { RawRecord } from './raw-record.ts';
import { TraceeArguments } from './tracee-arguments.ts';
import { Wire } from './wire.ts';

/** Numbers of the fields that are read, in all dialects the same. */
const responseField = { event: 1 } as const;
const eventField = { timestamp: 1, name: 3, workload: 5, data: 6, threat: 7 } as const;
const workloadField = { process: 1, container: 2, k8s: 3 } as const;
const processField = { uniqueId: 2, hostPid: 3, thread: 6, ancestors: 7 } as const;
const threadField = { startTime: 1, hostTid: 4 } as const;
const containerField = { id: 1 } as const;
export const addressField = { family: 1, path: 2, ipv4: 3, port4: 4, ipv6: 5, port6: 6 } as const;
export const addressFamily = { unix: 1, ipv4: 2, ipv6: 10 } as const;

/** 9999-12-31: what is later is no time. */
const maxSeconds = 253_402_300_799;
const maxPid = 0x7fff_ffff;
const hostCgroup = 1;
const nothing = new Uint8Array();
const names = new BytesTable(traceeRows.map((row) => row.name));

/** What a record does not say itself of who acts. */
export interface TraceeWho {
  /** @param told µs, of the thread */
  startOf(pid: number, tid: number, told: number, uid: number): number;
  /** µs since the epoch. */
  timeOf(told: number): number;
  /** Control group of the container whose id lies there; 0 while nobody knows it. */
  cgroupOf(bytes: Uint8Array, view: DataView, from: number, to: number): number;
}

/** What there is of a message: `unknown` is an event of a name that is not in the table. */
type Placed = 'event' | 'unknown' | 'malformed';

/**
 * One message of Tracee's stream at a glance: who, when, which event; its arguments only when they are asked for. Whoever
 * makes an event of it reads the same slots, so that what is equal here is equal there.
 */
export class TraceeRaw implements RawRecord {
  what: RawRecord['what'] = 'other';
  pid = 0;
  start = 0;
  /** 0: of a container whose control group nobody knows (yet). */
  cgroup = 0;
  time = 0;
  row: TraceeRow | undefined;
  bytes: Uint8Array = nothing;
  readonly arguments = new TraceeArguments();
  /** Where parts of it lie; both 0 for what is not there. */
  readonly name = new Span();
  readonly containerId = new Span();
  readonly container = new Span();
  readonly k8s = new Span();
  hasThreat = false;

  readonly #who: TraceeWho;
  #view: DataView = new DataView(nothing.buffer);
  #number = 0;
  readonly #wire = new Wire();
  readonly #inner = new Wire();
  readonly #event = new Span();
  readonly #timestamp = new Span();
  readonly #workload = new Span();
  readonly #process = new Span();
  readonly #thread = new Span();
  readonly #startTime = new Span();
  readonly #parent = new Span();
  #uniqueId = 0;
  #tid = 0;

  constructor(who: TraceeWho) {
    this.#who = who;
  }

  speak(dialect: TraceeDialect): void {
    this.arguments.speak(dialect);
  }

  /** The message, a `StreamEventsResponse`, lies in `bytes` from `from` up to `to`. */
  place(bytes: Uint8Array, from: number, to: number): Placed {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.#view = viewOf(bytes);
    }
    this.what = 'other';
    this.row = undefined;
    if (!this.#findEvent(from, to) || !this.#readEvent()) return 'malformed';
    this.#number = names.find(bytes, this.#view, this.name.from, this.name.to);
    this.row = traceeRows[this.#number];
    if (this.row === undefined) return 'unknown';
    this.arguments.of(this.row);
    if (!this.#readWho()) return 'malformed';
    this.what = this.#whatIs(this.row);
    return 'event';
  }

  /** The parent as the message names it; `pid` 0: it does not, or not readably. */
  namedParent(): { readonly pid: number; readonly uid: number } {
    const wire = this.#wire.place(this.bytes, this.#parent.from, this.#parent.to);
    let pid = 0;
    let uid = 0;
    while (wire.next()) {
      if (wire.type !== 2) continue;
      if (wire.field === processField.hostPid) pid = wrapped(this.#inner, wire, pid);
      else if (wire.field === processField.uniqueId) uid = wrapped(this.#inner, wire, uid);
    }
    const isSound = !wire.broken && pid >= 0 && pid <= maxPid && uid >= 0;
    return isSound ? { pid, uid } : { pid: 0, uid: 0 };
  }

  fillKey(key: KeyBuffer): boolean {
    if (this.row === undefined || !this.arguments.scan()) return false;
    key.words[0] = this.#number;
    const n = this.arguments.writeKey(key.words, 1, this.#view);
    return n >= 0 && seal(key, n);
  }

  #findEvent(from: number, to: number): boolean {
    const wire = this.#wire.place(this.bytes, from, to);
    this.#event.clear();
    while (wire.next())
      if (wire.field === responseField.event && wire.type === 2 && !this.#event.takeOnce(wire)) return false;
    return !wire.broken && this.#event.to > 0;
  }

  #readEvent(): boolean {
    const wire = this.#wire.place(this.bytes, this.#event.from, this.#event.to);
    this.name.clear();
    this.#timestamp.clear();
    this.#workload.clear();
    this.hasThreat = false;
    this.arguments.clear(this.bytes);
    while (wire.next()) {
      if (wire.type !== 2) continue;
      switch (wire.field) {
        case eventField.data:
          if (!this.arguments.add(wire.from, wire.to)) return false;
          break;
        case eventField.name:
          this.name.take(wire);
          break;
        case eventField.timestamp:
          if (!this.#timestamp.takeOnce(wire)) return false;
          break;
        case eventField.workload:
          if (!this.#workload.takeOnce(wire)) return false;
          break;
        case eventField.threat:
          this.hasThreat = true;
          break;
      }
    }
    return !wire.broken;
  }

  #readWho(): boolean {
    if (!this.#readWorkload() || !this.#readContainer() || !this.#readProcess() || !this.#readThread())
      return false;
    const time = this.#micros(this.#timestamp);
    const started = this.#micros(this.#startTime);
    if (time < 0 || started < 0) return false;
    this.time = this.#who.timeOf(time);
    this.start = this.pid === 0 ? 0 : this.#who.startOf(this.pid, this.#tid, started, this.#uniqueId);
    const { from, to } = this.containerId;
    this.cgroup = from === to ? hostCgroup : this.#who.cgroupOf(this.bytes, this.#view, from, to);
    return true;
  }

  #readWorkload(): boolean {
    const wire = this.#wire.place(this.bytes, this.#workload.from, this.#workload.to);
    this.#process.clear();
    this.container.clear();
    this.k8s.clear();
    while (wire.next()) {
      const part = wire.type === 2 ? this.#partOf(wire.field) : undefined;
      if (part?.takeOnce(wire) === false) return false;
    }
    return !wire.broken;
  }

  #partOf(field: number): Span | undefined {
    switch (field) {
      case workloadField.process:
        return this.#process;
      case workloadField.container:
        return this.container;
      case workloadField.k8s:
        return this.k8s;
      default:
        return undefined;
    }
  }

  #readContainer(): boolean {
    const wire = this.#wire.place(this.bytes, this.container.from, this.container.to);
    this.containerId.clear();
    while (wire.next()) if (wire.field === containerField.id && wire.type === 2) this.containerId.take(wire);
    return !wire.broken;
  }

  #readProcess(): boolean {
    const wire = this.#wire.place(this.bytes, this.#process.from, this.#process.to);
    this.pid = 0;
    this.#uniqueId = 0;
    this.#thread.clear();
    this.#parent.clear();
    while (wire.next()) {
      if (wire.type !== 2) continue;
      switch (wire.field) {
        case processField.uniqueId:
          this.#uniqueId = wrapped(this.#inner, wire, this.#uniqueId);
          break;
        case processField.hostPid:
          this.pid = wrapped(this.#inner, wire, this.pid);
          break;
        case processField.thread:
          if (!this.#thread.takeOnce(wire)) return false;
          break;
        case processField.ancestors:
          // The parent comes first; more there never are.
          if (this.#parent.to === 0) this.#parent.take(wire);
          break;
      }
    }
    return !wire.broken && this.pid >= 0 && this.pid <= maxPid && this.#uniqueId >= 0;
  }

  #readThread(): boolean {
    const wire = this.#wire.place(this.bytes, this.#thread.from, this.#thread.to);
    let tid = 0;
    this.#startTime.clear();
    while (wire.next()) {
      if (wire.type !== 2) continue;
      if (wire.field === threadField.startTime && !this.#startTime.takeOnce(wire)) return false;
      if (wire.field === threadField.hostTid) tid = wrapped(this.#inner, wire, tid);
    }
    // A mask may have left it out.
    this.#tid = tid === 0 ? this.pid : tid;
    return !wire.broken && tid >= 0;
  }

  /** A Timestamp as whole µs; -1: none there can be. */
  #micros({ from, to }: Span): number {
    const { bytes } = this;
    // As every message has it: seconds of five bytes, then nanoseconds of one to five.
    if (bytes[from] === 0x08 && bytes[from + 6] === 0x10 && (bytes[from + 5] ?? 0x80) < 0x80) {
      const nanos = shortVarint(bytes, from + 7, to);
      const low = shortVarint28(bytes, from + 1);
      if (nanos >= 0 && nanos <= 999_999_999 && low >= 0)
        return (low + (bytes[from + 5] ?? 0) * 2 ** 28) * 1_000_000 + Math.floor(nanos / 1000);
    }
    return this.#anyMicros(from, to);
  }

  #anyMicros(from: number, to: number): number {
    const wire = this.#inner.place(this.bytes, from, to);
    let seconds = 0;
    let nanos = 0;
    while (wire.next()) {
      if (wire.type !== 0) continue;
      if (wire.field === 1) seconds = wire.signed;
      else if (wire.field === 2) nanos = wire.low | 0;
    }
    if (wire.broken || seconds < 0 || seconds > maxSeconds || nanos < 0 || nanos > 999_999_999) return -1;
    return seconds * 1_000_000 + Math.floor(nanos / 1000);
  }

  /** What makes no event, or is nobody's, is not for the short cut. */
  #whatIs(row: TraceeRow): RawRecord['what'] {
    if (row.what === 'other' || this.cgroup === 0 || this.pid === 0) return 'other';
    if (row.what === 'accept' && !(this.arguments.scan() && this.#isFromSomewhere())) return 'other';
    return row.what;
  }

  /** Without an internet address the normaliser makes no event of an accepted connection. */
  #isFromSomewhere(): boolean {
    const { arguments: args } = this;
    if (args.field(0) !== valueField.address) return false;
    const wire = this.#inner.place(this.bytes, args.first(0), args.second(0));
    let family = 0;
    let is4 = false;
    let is6 = false;
    while (wire.next()) {
      if (wire.field === addressField.family && wire.type === 0) family = wire.low;
      else if (wire.field === addressField.ipv4 && wire.type === 2) is4 = wire.to > wire.from;
      else if (wire.field === addressField.ipv6 && wire.type === 2) is6 = wire.to > wire.from;
    }
    return !wire.broken && ((family === addressFamily.ipv4 && is4) || (family === addressFamily.ipv6 && is6));
  }
}

/** A number in a message of its own (UInt32Value); `before` where it is left out there; -1: it is broken. */
function wrapped(inner: Wire, { bytes, from, to }: Wire, before: number): number {
  if (before < 0) return -1;
  if (bytes[from] === 0x08) {
    const value = shortVarint(bytes, from + 1, to);
    if (value >= 0) return value;
  }
  inner.place(bytes, from, to);
  let value = before;
  while (inner.next()) if (inner.field === 1 && inner.type === 0) value = inner.low;
  return inner.broken ? -1 : value;
}

/** A number of up to 32 bits that ends exactly at `to`; -1: it does not, or is longer. */
function shortVarint(bytes: Uint8Array, from: number, to: number): number {
  const length = to - from;
  if (length < 1 || length > 5) return -1;
  let value = 0;
  let unit = 1;
  for (let at = from; at < to - 1; at++) {
    const byte = bytes[at] ?? 0;
    if (byte < 0x80) return -1;
    value += (byte & 0x7f) * unit;
    unit *= 0x80;
  }
  const last = bytes[to - 1] ?? 0x80;
  return last < 0x80 && (length < 5 || last < 0x10) ? value + last * unit : -1;
}

/** The lowest 28 bits of a number of five bytes or more; -1: it is shorter. */
function shortVarint28(bytes: Uint8Array, from: number): number {
  const [a, b, c, d] = [bytes[from] ?? 0, bytes[from + 1] ?? 0, bytes[from + 2] ?? 0, bytes[from + 3] ?? 0];
  if ((a & b & c & d) < 0x80) return -1;
  return (a & 0x7f) | ((b & 0x7f) << 7) | ((c & 0x7f) << 14) | ((d & 0x7f) << 21);
}

/** Where a part of a message lies; nothing begins at 0, where the first tag stands. */
class Span {
  from = 0;
  to = 0;

  clear(): void {
    this.from = 0;
    this.to = 0;
  }

  /** Of a text that comes twice the last counts. */
  take({ from, to }: Wire): void {
    this.from = from;
    this.to = to;
  }

  /** A message that comes twice would have to be merged from both: no source writes that. @returns false: it did */
  takeOnce(wire: Wire): boolean {
    const isFirst = this.to === 0;
    this.take(wire);
    return isFirst;
  }
}
