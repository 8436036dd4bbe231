/**
 * Writes records as the sensor does (agent/sensor/README.md), for streams no machine has recorded: a service under load
 * with a realistic mixture of acts and names.
 */
export const recordType = {
  exec: 10,
  fork: 11,
  exit: 12,
  open: 20,
  load: 21,
  delete: 22,
  connect: 30,
  cgroup: 50,
  attach: 51,
} as const;
export const fieldTag = { path: 1, base: 2, name: 3, args: 6, cwd: 7, address: 8, text: 11 } as const;

const headSize = 80;

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
    const length = headSize + fields.reduce((n, [, bytes]) => n + 4 + padded(bytes.length), 0);
    this.#room(length);
    const at = this.#used;
    const view = this.#view;
    view.setUint32(at, length, true);
    view.setUint16(at + 4, record.type, true);
    view.setBigUint64(at + 8, BigInt(time), true);
    view.setBigUint64(at + 16, BigInt(record.who.cgroup), true);
    view.setBigUint64(at + 24, BigInt(record.who.start), true);
    view.setBigUint64(at + 32, BigInt(record.who.parent.start), true);
    view.setUint32(at + 40, record.who.pid, true);
    view.setUint32(at + 44, record.who.parent.pid, true);
    view.setUint32(at + 52, record.facts ?? 0, true);
    view.setBigUint64(at + 56, BigInt(record.a ?? 0), true);
    view.setBigUint64(at + 64, BigInt(record.b ?? 0), true);
    view.setBigUint64(at + 72, BigInt(record.c ?? 0), true);
    let p = at + headSize;
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
