import type { Wire } from './wire.ts';

/** 9999-12-31: what is later is no time. */
const maxSeconds = 253_402_300_799;
const maxNanos = 999_999_999;
/** Of four bytes of a number: the bits that say whether another one follows. */
const more = 0x80808080 | 0;
const moreButLast = 0x00808080;

/** A number in a message of its own (UInt32Value); `before` where it is left out there; -1: it is broken. */
export function wrapped(inner: Wire, { bytes, from, to }: Wire, before: number): number {
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

/** A Timestamp as whole µs; -1: none there can be. @param view of the same bytes */
export function microsOf(inner: Wire, bytes: Uint8Array, view: DataView, from: number, to: number): number {
  const length = to - from;
  // As nearly every message has it: seconds of five bytes, then nanoseconds of four or five.
  if ((length === 11 || length === 12) && bytes[from] === 0x08 && bytes[from + 6] === 0x10) {
    const low = view.getInt32(from + 1, true);
    const high = bytes[from + 5] ?? more;
    const nanos = shortNanos(view, from + 7, to);
    if ((low & more) === more && high < 0x80 && nanos >= 0)
      return (bits28(low) + high * 2 ** 28) * 1_000_000 + Math.floor(nanos / 1000);
  }
  return anyMicros(inner, bytes, from, to);
}

function anyMicros(inner: Wire, bytes: Uint8Array, from: number, to: number): number {
  const wire = inner.place(bytes, from, to);
  let seconds = 0;
  let nanos = 0;
  while (wire.next()) {
    if (wire.type !== 0) continue;
    if (wire.field === 1) seconds = wire.signed;
    else if (wire.field === 2) nanos = wire.low | 0;
  }
  if (wire.broken || seconds < 0 || seconds > maxSeconds || nanos < 0 || nanos > maxNanos) return -1;
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}

/** Nanoseconds of exactly four or five bytes; -1: another form, or too many. */
function shortNanos(view: DataView, from: number, to: number): number {
  const low = view.getInt32(from, true);
  if (to - from === 4) return (low & more) === moreButLast ? bits28(low) : -1;
  const last = view.getUint8(from + 4);
  // More than two bits there are more than a second has.
  if ((low & more) !== more || last > 3) return -1;
  const nanos = bits28(low) | (last << 28);
  return nanos <= maxNanos ? nanos : -1;
}

/** What the lower seven bits of four bytes are together. */
function bits28(word: number): number {
  return (
    (word & 0x7f) |
    ((word >>> 1) & (0x7f << 7)) |
    ((word >>> 2) & (0x7f << 14)) |
    ((word >>> 3) & (0x7f << 21))
  );
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
