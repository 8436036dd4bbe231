import type { TraceeDialect } from '../normalise/tracee/dialect.ts';
import { type TraceeRow, traceeRows, valueField } from '../normalise/tracee/tracee-fields.ts';
import { type KeyBuffer, seal } from './act-key.ts';
import { BytesTable, viewOf } from './bytes-table.ts';
import type { RawRecord } from './raw-record.ts';
import { TraceeMessage } from './tracee-message.ts';
import { microsOf } from './tracee-numbers.ts';
import { processIn, TraceeWorkload, TraceeWorkloadReader } from './tracee-workload.ts';
import { Wire } from './wire.ts';
import { WorkloadMemo } from './workload-memo.ts';

export const addressField = { family: 1, path: 2, ipv4: 3, port4: 4, ipv6: 5, port6: 6 } as const;
export const addressFamily = { unix: 1, ipv4: 2, ipv6: 10 } as const;

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

  readonly #who: TraceeWho;
  #view: DataView = new DataView(nothing.buffer);
  #number = 0;
  readonly #message = new TraceeMessage();
  readonly #inner = new Wire();
  readonly #memo = new WorkloadMemo();
  readonly #reader = new TraceeWorkloadReader();
  /** What is read next is written here. */
  #free = new TraceeWorkload();
  #workload = this.#free;

  constructor(who: TraceeWho) {
    this.#who = who;
  }

  get arguments(): TraceeMessage['arguments'] {
    return this.#message.arguments;
  }

  get hasThreat(): boolean {
    return this.#message.hasThreat;
  }

  /** Where parts of it lie. */
  get name(): Span {
    return this.#message.name;
  }

  get containerId(): Span {
    return this.#spanOf(this.#workload.idFrom, this.#workload.idTo);
  }

  get container(): Span {
    return this.#spanOf(this.#workload.containerFrom, this.#workload.containerTo);
  }

  get k8s(): Span {
    return this.#spanOf(this.#workload.k8sFrom, this.#workload.k8sTo);
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
    const message = this.#message;
    if (!message.read(bytes, this.#view, from, to)) return 'malformed';
    const number = names.find(bytes, this.#view, message.name.from, message.name.to);
    const row = number < 0 ? undefined : traceeRows[number];
    if (row === undefined) return 'unknown';
    this.#number = number;
    this.row = row;
    message.arguments.of(number);
    if (!this.#readWho()) return 'malformed';
    this.what = this.#whatIs(row);
    return 'event';
  }

  /** The parent as the message names it; `pid` 0: it does not, or not readably. */
  namedParent(): { readonly pid: number; readonly uid: number } {
    const { from, to } = this.#spanOf(this.#workload.parentFrom, this.#workload.parentTo);
    return processIn(this.bytes, from, to);
  }

  fillKey(key: KeyBuffer): boolean {
    const { arguments: args } = this.#message;
    if (this.row === undefined || !args.scan()) return false;
    key.words[0] = this.#number;
    const n = args.writeKey(key.words, 1);
    return n >= 0 && seal(key, n);
  }

  #readWho(): boolean {
    const { timestamp, workload } = this.#message;
    const { bytes } = this;
    const view = this.#view;
    const said = this.#read(workload.from, workload.to);
    if (said === undefined) return false;
    const time = microsOf(this.#inner, bytes, view, timestamp.from, timestamp.to);
    if (time < 0) return false;
    const { pid, idFrom, idTo } = said;
    this.pid = pid;
    this.time = this.#who.timeOf(time);
    this.start = pid === 0 ? 0 : this.#who.startOf(pid, said.tid, said.started, said.uniqueId);
    const at = workload.from;
    this.cgroup = idFrom === idTo ? hostCgroup : this.#who.cgroupOf(bytes, view, at + idFrom, at + idTo);
    return true;
  }

  #read(from: number, to: number): TraceeWorkload | undefined {
    const known = this.#memo.find(this.bytes, this.#view, from, to);
    if (known !== undefined) {
      this.#workload = known;
      return known;
    }
    const read = this.#free;
    this.#workload = read;
    if (!this.#reader.read(read, this.bytes, this.#view, from, to)) return undefined;
    this.#free = this.#memo.offer(read, this.#reader.unread, this.#view, from, to);
    return read;
  }

  #spanOf(from: number, to: number): Span {
    const start = to === 0 ? 0 : this.#message.workload.from;
    return { from: start + from, to: start + to };
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

/** Where a part of a message lies; both 0 for what is not there. */
interface Span {
  readonly from: number;
  readonly to: number;
}
