/**
 * Reads one protobuf message field by field, where it lies: nothing is copied, decoded or allocated. One object per
 * depth is placed again and again. What is not whole or not a message stops it and is said so (`broken`).
 *
 * Source: protobuf encoding, wire types 0, 1, 2, 5; groups (3, 4) are refused, no source writes them.
 */
export class Wire {
  /** Number of the field that was read last. */
  field = 0;
  /** Its wire type: 0 varint, 1 eight bytes, 2 bytes, 5 four bytes. */
  type = 0;
  /** Of a varint: its low 32 bits, and the 32 above. */
  low = 0;
  high = 0;
  /** Of types 1, 2 and 5: where its bytes lie in `bytes`. */
  from = 0;
  to = 0;
  bytes: Uint8Array = nothing;
  broken = false;
  #at = 0;
  #end = 0;

  place(bytes: Uint8Array, from: number, to: number): this {
    this.bytes = bytes;
    this.#at = from;
    this.#end = to;
    this.broken = to > bytes.length || from > to;
    if (this.broken) this.#end = from;
    return this;
  }

  /** @returns false at the end, and when what follows is broken */
  next(): boolean {
    const at = this.#at;
    const end = this.#end;
    if (at >= end) return false;
    const bytes = this.bytes;
    const tag = bytes[at] ?? 0;
    const type = tag & 7;
    // Nearly all there is: fields below 16 of up to 16 383 bytes; of what lies behind the end nothing is taken.
    if (type === 2 && tag < 0x80 && tag > 7) {
      let length = bytes[at + 1] ?? 0;
      let from = at + 2;
      if (length >= 0x80) {
        const more = bytes[from++] ?? 0x80;
        if (more >= 0x80) return this.#nextOfAnyForm();
        length = (length & 0x7f) | (more << 7);
      }
      const to = from + length;
      if (to > end) return this.#break();
      this.field = tag >>> 3;
      this.type = 2;
      this.from = from;
      this.to = to;
      this.#at = to;
      return true;
    }
    if (type === 0 && tag < 0x80 && tag > 7) {
      this.field = tag >>> 3;
      this.type = 0;
      this.#at = at + 1;
      return this.#varint();
    }
    return this.#nextOfAnyForm();
  }

  #nextOfAnyForm(): boolean {
    if (!this.#varint()) return false;
    // Field numbers have 29 bits: a longer tag is no tag.
    if (this.high !== 0) return this.#break();
    this.field = this.low >>> 3;
    this.type = this.low & 7;
    if (this.field === 0) return this.#break();
    switch (this.type) {
      case 0:
        return this.#varint();
      case 2:
        return this.#varint() && this.#span(this.high === 0 ? this.low : -1);
      case 1:
        return this.#span(8);
      case 5:
        return this.#span(4);
      default:
        return this.#break();
    }
  }

  /** A varint as a number: exact up to 2^53, beyond it the nearest. */
  get value(): number {
    return this.high * 2 ** 32 + this.low;
  }

  /** The same read as int32 or int64 (negative ones are ten bytes long). */
  get signed(): number {
    return (this.high | 0) * 2 ** 32 + this.low;
  }

  #span(length: number): boolean {
    if (length < 0 || length > this.#end - this.#at) return this.#break();
    this.from = this.#at;
    this.#at += length;
    this.to = this.#at;
    return true;
  }

  #varint(): boolean {
    const bytes = this.bytes;
    const end = this.#end;
    let at = this.#at;
    let low = 0;
    // Up to four bytes, which is most: no bit of them is lost to a sign.
    for (let shift = 0; shift < 28 && at < end; shift += 7) {
      const byte = bytes[at++] ?? 0;
      low |= (byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      this.low = low;
      this.high = 0;
      this.#at = at;
      return true;
    }
    return this.#longVarint(low, at);
  }

  #longVarint(first: number, from: number): boolean {
    const bytes = this.bytes;
    let at = from;
    let low = first;
    let high = 0;
    for (let shift = 28; shift < 70; shift += 7) {
      if (at >= this.#end) return this.#break();
      const byte = bytes[at++] ?? 0;
      const part = byte & 0x7f;
      if (shift === 28) {
        low |= part << 28;
        high = part >>> 4;
      } else if (shift < 63) high |= part << (shift - 32);
      else high |= (part & 1) << 31;
      if (byte < 0x80) {
        this.low = low >>> 0;
        this.high = high >>> 0;
        this.#at = at;
        return true;
      }
    }
    return this.#break();
  }

  #break(): false {
    this.broken = true;
    // Nothing more is read.
    this.#at = this.#end;
    return false;
  }
}

const nothing = new Uint8Array();
