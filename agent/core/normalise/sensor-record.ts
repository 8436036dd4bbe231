/**
 * The sensor's records (agent/sensor/README.md): every offset and number of the wire, once. Little endian; a head of 80
 * bytes, then fields of u16 tag, u16 length, bytes, padded to 4.
 */
export const recordHead = {
  length: 0,
  type: 4,
  flags: 6,
  time: 8,
  cgroup: 16,
  start: 24,
  parentStart: 32,
  pid: 40,
  parentPid: 44,
  error: 48,
  facts: 52,
  a: 56,
  b: 64,
  c: 72,
  size: 80,
} as const;

export const recordType = {
  hello: 1,
  ready: 2,
  gap: 3,
  stats: 4,
  exec: 10,
  fork: 11,
  exit: 12,
  open: 20,
  load: 21,
  delete: 22,
  rename: 23,
  link: 24,
  change: 25,
  connect: 30,
  listen: 31,
  accept: 32,
  dns: 33,
  privilege: 40,
  cgroup: 50,
  attach: 51,
} as const;

export const recordFlag = { truncated: 1, found: 2, compat: 4, uring: 8 } as const;

export const fact = {
  rootMount: 1,
  overlay: 2,
  upper: 4,
  tmpfs: 8,
  kernelMount: 16,
  unlinked: 32,
  hostNamespace: 64,
  layerUnknown: 128,
  created: 256,
} as const;

export const fieldTag = {
  path: 1,
  base: 2,
  name: 3,
  base2: 4,
  name2: 5,
  args: 6,
  cwd: 7,
  address: 8,
  unix: 9,
  payload: 10,
  text: 11,
  hook: 12,
} as const;
type FieldTag = (typeof fieldTag)[keyof typeof fieldTag];

/** The loader's own bound is 24 576 bytes; more can only be another format or a lost place in the stream. */
export const maxRecordLength = 32_768;

/** A time of the record, ns since boot, as whole µs, without the rounding of one big double. */
export function microsAt(view: DataView, at: number): number {
  const high = view.getUint32(at + 4, true);
  // 2^32 ns = 4 294 967 µs and 296 ns.
  return high * 4_294_967 + Math.floor((high * 296 + view.getUint32(at, true)) / 1000);
}

/** One record in a buffer that holds it whole. Reads on demand: nothing is copied that no event needs. */
export class SensorRecord {
  #bytes: Uint8Array = new Uint8Array();
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;
  /** A field was cut by the bounds of the record itself. */
  #cut = false;

  /** @param end at most the bytes' length; the caller has checked that the head fits. */
  place(bytes: Uint8Array, view: DataView, at: number, end: number): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#at = at;
    this.#end = end;
    this.#cut = false;
  }

  u16(offset: number): number {
    return this.#view.getUint16(this.#at + offset, true);
  }

  u32(offset: number): number {
    return this.#view.getUint32(this.#at + offset, true);
  }

  i32(offset: number): number {
    return this.#view.getInt32(this.#at + offset, true);
  }

  /** Exact up to 2^53: counters, inode numbers, and ns since boot for 104 days; longer times lose below 1 µs. */
  u64(offset: number): number {
    return this.u32(offset + 4) * 0x1_0000_0000 + this.u32(offset);
  }

  i64(offset: number): bigint {
    return this.#view.getBigInt64(this.#at + offset, true);
  }

  /** ns since boot as whole µs. */
  micros(offset: number): number {
    return microsAt(this.#view, this.#at + offset);
  }

  get truncated(): boolean {
    return this.#cut || (this.u16(recordHead.flags) & recordFlag.truncated) !== 0;
  }

  /** Bytes of the first field of that tag. A view: valid until the buffer is used again. */
  field(tag: FieldTag): Uint8Array | undefined {
    for (let p = this.#at + recordHead.size; p + 4 <= this.#end; p = this.#next(p))
      if (this.#view.getUint16(p, true) === tag) return this.#bytesOf(p);
    return undefined;
  }

  fields(tag: FieldTag): Uint8Array[] {
    const all: Uint8Array[] = [];
    for (let p = this.#at + recordHead.size; p + 4 <= this.#end; p = this.#next(p))
      if (this.#view.getUint16(p, true) === tag) all.push(this.#bytesOf(p));
    return all;
  }

  #next(p: number): number {
    return p + 4 + ((this.#view.getUint16(p + 2, true) + 3) & ~3);
  }

  #bytesOf(p: number): Uint8Array {
    const end = p + 4 + this.#view.getUint16(p + 2, true);
    if (end > this.#end) this.#cut = true;
    return this.#bytes.subarray(p + 4, Math.min(end, this.#end));
  }
}
