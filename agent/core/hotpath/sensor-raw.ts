import {
  fieldTag,
  recordHead as head,
  microsAt,
  recordFlag,
  recordType,
} from '../normalise/sensor-record.ts';
import { type KeyBuffer, seal } from './act-key.ts';
import type { RawRecord } from './raw-record.ts';

/** Told by a sweep, handled apart; and a string that is not the whole. */
const notTheWholeStory = recordFlag.found | recordFlag.truncated;

const nowhere = new DataView(new ArrayBuffer(0));

/** A record of the sensor at a glance: its head alone, until a key is asked for. */
export class SensorRawRecord implements RawRecord {
  what: RawRecord['what'] = 'other';
  pid = 0;
  start = 0;
  cgroup = 0;
  time = 0;
  #view: DataView = nowhere;
  #at = 0;
  #length = 0;

  /** @param epochOffset µs from boot to the Unix epoch */
  place(view: DataView, at: number, length: number, epochOffset: number): this {
    this.#view = view;
    this.#at = at;
    this.#length = length;
    this.what = whatOf(view, at, length);
    if (this.what === 'other') return this;
    this.pid = view.getUint32(at + head.pid, true);
    this.start = microsAt(view, at + head.start);
    this.cgroup =
      view.getUint32(at + head.cgroup + 4, true) * 2 ** 32 + view.getUint32(at + head.cgroup, true);
    this.time = microsAt(view, at + head.time) + epochOffset;
    return this;
  }

  fillKey(key: KeyBuffer): boolean {
    const [view, at, length] = [this.#view, this.#at, this.#length];
    const { words } = key;
    if (length < head.size || length >> 2 > words.length || (length & 3) !== 0) return false;
    words[0] = view.getInt32(at + head.type, true);
    words[1] = view.getInt32(at + head.facts, true);
    let n = 2;
    for (let p = at + head.a; p < at + head.size; p += 4) words[n++] = view.getInt32(p, true);
    n = copyFields(words, n, view, at + head.size, at + length);
    return n >= 0 && seal(key, n);
  }
}

function whatOf(view: DataView, at: number, length: number): RawRecord['what'] {
  if (length < head.size) return 'other';
  const flags = view.getUint16(at + head.flags, true);
  if ((flags & notTheWholeStory) !== 0 || view.getInt32(at + head.error, true) !== 0) return 'other';
  const type = view.getUint16(at + head.type, true);
  // Acts on files change nothing in who is who.
  if (type >= recordType.open && type <= recordType.change) return 'act';
  if (type === recordType.connect) return 'peer';
  return type === recordType.accept && hasAddress(view, at, length) ? 'accept' : 'other';
}

/** Without an address the normaliser makes no event of an accepted connection. */
function hasAddress(view: DataView, at: number, length: number): boolean {
  if (length < head.size + 8 || view.getUint16(at + head.size, true) !== fieldTag.address) return false;
  const bytes = view.getUint16(at + head.size + 2, true);
  return (bytes === 4 || bytes === 16) && length >= head.size + 4 + bytes;
}

/** Between fields stands whatever the kernel's buffer held before: masked, or equal records would differ. */
function copyFields(words: Int32Array, from: number, view: DataView, start: number, end: number): number {
  let n = from;
  let p = start;
  while (p < end) {
    const field = view.getInt32(p, true);
    words[n++] = field;
    p += 4;
    const bytes = field >>> 16;
    const rest = bytes & 3;
    const whole = p + bytes - rest;
    if (whole + (rest === 0 ? 0 : 4) > end) return -1;
    for (; p < whole; p += 4) words[n++] = view.getInt32(p, true);
    if (rest === 0) continue;
    words[n++] = view.getInt32(p, true) & ((1 << (rest * 8)) - 1);
    p += 4;
  }
  return n;
}
