import { recordHead } from '../agent/core/normalise/sensor-record.ts';

/**
 * Writes records as the sensor does (agent/sensor/README.md), for streams no machine has recorded: a service under load
 * with a realistic mixture of acts and names.
 */

export interface Who {
  readonly pid: number;
  /** ns since boot. */
  readonly start: number;
  readonly parent: { readonly pid: number; readonly start: number };
  readonly cgroup: number;
}

export interface RecordToWrite {
  readonly type: number;
  readonly who: Who;
  readonly flags?: number;
  readonly facts?: number;
  readonly a?: number;
  readonly b?: number;
  readonly c?: number;
  readonly fields?: readonly (readonly [tag: number, bytes: Uint8Array])[];
}

export class SensorWriter {
  #buffer = new Uint8Array(1 << 20);
  #view = new DataView(this.#buffer.buffer);
  #used = 0;
  readonly #starts: number[] = [];

  /** Offsets of the records written so far. */
  get starts(): readonly number[] {
    return this.#starts;
  }

  write(time: number, record: RecordToWrite): void {
    const fields = record.fields ?? [];
    const length = recordHead.size + fields.reduce((n, [, bytes]) => n + 4 + padded(bytes.length), 0);
    this.#room(length);
    const at = this.#used;
    const view = this.#view;
    view.setUint32(at, length, true);
    view.setUint16(at + recordHead.type, record.type, true);
    view.setUint16(at + recordHead.flags, record.flags ?? 0, true);
    view.setBigUint64(at + recordHead.time, BigInt(time), true);
    view.setBigUint64(at + recordHead.cgroup, BigInt(record.who.cgroup), true);
    view.setBigUint64(at + recordHead.start, BigInt(record.who.start), true);
    view.setBigUint64(at + recordHead.parentStart, BigInt(record.who.parent.start), true);
    view.setUint32(at + recordHead.pid, record.who.pid, true);
    view.setUint32(at + recordHead.parentPid, record.who.parent.pid, true);
    view.setUint32(at + recordHead.facts, record.facts ?? 0, true);
    view.setBigUint64(at + recordHead.a, BigInt(record.a ?? 0), true);
    view.setBigUint64(at + recordHead.b, BigInt(record.b ?? 0), true);
    view.setBigUint64(at + recordHead.c, BigInt(record.c ?? 0), true);
    let p = at + recordHead.size;
    for (const [tag, bytes] of fields) {
      view.setUint16(p, tag, true);
      view.setUint16(p + 2, bytes.length, true);
      this.#buffer.set(bytes, p + 4);
      p += 4 + padded(bytes.length);
    }
    this.#starts.push(at);
    this.#used = p;
  }

  bytes(): Uint8Array {
    return this.#buffer.slice(0, this.#used);
  }

  #room(length: number): void {
    if (this.#used + length <= this.#buffer.length) return;
    const larger = new Uint8Array(this.#buffer.length * 2);
    larger.set(this.#buffer);
    this.#buffer = larger;
    this.#view = new DataView(larger.buffer);
  }
}

const padded = (n: number): number => (n + 3) & ~3;
const encoder = new TextEncoder();

export const text = (value: string): Uint8Array => encoder.encode(value);

/** A resolved path: names from the leaf to the root, each ended by NUL. */
export function path(value: string): Uint8Array {
  const names = value
    .split('/')
    .filter((n) => n !== '')
    .reverse();
  return text(names.map((n) => `${n}\0`).join(''));
}

export const list = (values: readonly string[]): Uint8Array => text(values.map((v) => `${v}\0`).join(''));

/** A question for the IPv4 address of a name, or its answer (RFC 1035), good for a minute. */
export function dnsMessage(name: string, address?: readonly number[]): Uint8Array {
  const labels = name.split('.').flatMap((label) => [label.length, ...text(label)]);
  const question = [...labels, 0, 0, 1, 0, 1];
  const answer = address === undefined ? [] : [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, ...address];
  const flags = address === undefined ? [1, 0] : [0x81, 0x80];
  const counts = [0, 1, 0, address === undefined ? 0 : 1, 0, 0, 0, 0];
  return Uint8Array.from([0, 7, ...flags, ...counts, ...question, ...answer]);
}
