import { ByteNames } from './byte-names.ts';
import { digits, type FalcoAlert } from './falco-alert.ts';

const members = ['output_fields', 'time', 'source'] as const;
const [fieldsMember, timeMember, sourceMember] = [0, 1, 2];
const memberNames = new ByteNames(members);
const syscall = new ByteNames(['syscall']);
const literals = new ByteNames(['null', 'true', 'false']);

const quote = 0x22;
const comma = 0x2c;
const colon = 0x3a;
const backslash = 0x5c;

/**
 * Reads one alert as Falco writes it as JSON, no further than a look needs: members, and what lies in `output_fields`.
 * Stricter than JSON, never laxer: what it takes, JSON.parse takes. An escape, a number with a point, anything nested or
 * told twice is for the full reader.
 */
export class FalcoLine {
  #bytes: Uint8Array = new Uint8Array();
  #at = 0;
  #end = 0;
  /** Of the last value read; of a text without its quotes. */
  #from = 0;
  #to = 0;
  #isText = false;

  /** @returns false: it needs the full reader, or is no JSON */
  scan(bytes: Uint8Array, from: number, to: number, alert: FalcoAlert): boolean {
    alert.clear(bytes);
    this.#bytes = bytes;
    this.#at = from;
    this.#end = to;
    if (!this.#is(0x7b) || !this.#members(alert) || !this.#is(0x7d)) return false;
    this.#blanks();
    return this.#at === to;
  }

  /** At least `output_fields` and `time`. */
  #members(alert: FalcoAlert): boolean {
    let seen = 0;
    do {
      if (!this.#name()) return false;
      const member = memberNames.find(this.#bytes, this.#from, this.#to);
      if (member < 0) {
        if (!this.#other()) return false;
      } else {
        if ((seen & (1 << member)) !== 0 || !this.#member(member, alert)) return false;
        seen |= 1 << member;
      }
    } while (this.#is(comma));
    return (seen & ((1 << fieldsMember) | (1 << timeMember))) === 3;
  }

  #member(member: number, alert: FalcoAlert): boolean {
    if (member === fieldsMember) return this.#fields(alert);
    if (!this.#value() || !this.#isText) return false;
    if (member === sourceMember) {
      alert.isCall = this.#to === this.#from || syscall.find(this.#bytes, this.#from, this.#to) >= 0;
      return true;
    }
    return this.#time(alert);
  }

  #fields(alert: FalcoAlert): boolean {
    if (!this.#is(0x7b)) return false;
    if (this.#is(0x7d)) return true;
    do {
      const plain = this.#plainField(alert);
      if (plain === undefined && !this.#field(alert)) return false;
      if (plain === false) return false;
    } while (this.#is(comma));
    return this.#is(0x7d);
  }

  #field(alert: FalcoAlert): boolean {
    if (!this.#name()) return false;
    const [nameFrom, nameTo] = [this.#from, this.#to];
    return this.#value() && alert.put(nameFrom, nameTo, this.#from, this.#to);
  }

  /**
   * `"name":"value"` or `"name":123`, without blanks, as Falco writes nearly all: in one go, because most of a line is this.
   *
   * @returns undefined, and nothing was read: it is written otherwise
   */
  #plainField(alert: FalcoAlert): boolean | undefined {
    const bytes = this.#bytes;
    const end = this.#end;
    const nameFrom = this.#at + 1;
    if (bytes[this.#at] !== quote) return undefined;
    const nameTo = endOfText(bytes, nameFrom, end);
    if (nameTo < 0 || bytes[nameTo + 1] !== colon) return undefined;
    const from = nameTo + 2;
    const isText = bytes[from] === quote;
    const to = isText ? endOfText(bytes, from + 1, end) : endOfDigits(bytes, from, end);
    if (to < 0) return undefined;
    this.#at = isText ? to + 1 : to;
    return alert.put(nameFrom, nameTo, isText ? from + 1 : from, to);
  }

  /** A member that is not looked at: a value, or a list of them (`tags`). */
  #other(): boolean {
    if (!this.#is(0x5b)) return this.#value();
    if (this.#is(0x5d)) return true;
    do if (!this.#value()) return false;
    while (this.#is(comma));
    return this.#is(0x5d);
  }

  #name(): boolean {
    return this.#value() && this.#isText && this.#is(colon);
  }

  #value(): boolean {
    this.#blanks();
    this.#isText = this.#bytes[this.#at] === quote;
    return this.#isText ? this.#text() : this.#word();
  }

  #text(): boolean {
    const to = endOfText(this.#bytes, this.#at + 1, this.#end);
    if (to < 0) return false;
    this.#from = this.#at + 1;
    this.#to = to;
    this.#at = to + 1;
    return true;
  }

  /** `null`, `true`, `false` or a whole number. */
  #word(): boolean {
    const bytes = this.#bytes;
    let i = this.#at;
    this.#from = i;
    while (i < this.#end && isOfWord(bytes[i] ?? 0)) i++;
    this.#to = i;
    this.#at = i;
    return literals.find(bytes, this.#from, i) >= 0 || isWholeNumber(bytes, this.#from, i);
  }

  /** `2026-11-20T11:02:21.668642175Z` */
  #time(alert: FalcoAlert): boolean {
    const [bytes, from] = [this.#bytes, this.#from];
    if (this.#to - from !== 30 || bytes[from + 29] !== 0x5a || bytes[from + 19] !== 0x2e) return false;
    const seconds = secondsAt(bytes, from);
    const nanos = digits(bytes, from + 20, from + 29, 9);
    if (seconds < 0 || nanos < 0) return false;
    alert.time = seconds * 1_000_000 + Math.floor(nanos / 1000);
    alert.nanos = nanos % 1000;
    return true;
  }

  /** Whether the next byte is this one; blanks before it are passed over. */
  #is(byte: number): boolean {
    this.#blanks();
    if (this.#at >= this.#end || this.#bytes[this.#at] !== byte) return false;
    this.#at += 1;
    return true;
  }

  #blanks(): void {
    while (this.#at < this.#end && isBlank(this.#bytes[this.#at] ?? 0)) this.#at += 1;
  }
}

/** Where a text ends that has no escapes; -1 when it has, or does not end. */
function endOfText(bytes: Uint8Array, from: number, end: number): number {
  for (let i = from; i < end; i++) {
    const byte = bytes[i] as number;
    if (plainBytes[byte] === 1) continue;
    return byte === quote ? i : -1;
  }
  return -1;
}

/** Where a number ends that is plain digits; -1 for every other value, and where what follows is no end of a value. */
function endOfDigits(bytes: Uint8Array, from: number, end: number): number {
  let i = from;
  while (i < end && (bytes[i] as number) >= 0x30 && (bytes[i] as number) <= 0x39) i++;
  const after = bytes[i];
  const isEnd = i < end && (after === comma || after === 0x7d);
  return isEnd && isWholeNumber(bytes, from, i) ? i : -1;
}

/** What may stand in a text of JSON as it is. */
const plainBytes = Uint8Array.from({ length: 256 }, (_, b) =>
  b >= 0x20 && b !== quote && b !== backslash ? 1 : 0,
);

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0d || byte === 0x0a;
}

function isOfWord(byte: number): boolean {
  return (byte >= 0x61 && byte <= 0x7a) || (byte >= 0x30 && byte <= 0x39) || byte === 0x2d;
}

/** As JSON writes it: no leading nought, no point, no exponent. */
function isWholeNumber(bytes: Uint8Array, from: number, to: number): boolean {
  const first = bytes[from] === 0x2d ? from + 1 : from;
  // A number of more digits is still one; no field has such.
  if (to - first > 32 || (bytes[first] === 0x30 && to - first > 1)) return false;
  for (let i = first; i < to; i++) if ((bytes[i] ?? 0) < 0x30 || (bytes[i] ?? 0) > 0x39) return false;
  return to > first;
}

const daysBefore = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334, 365];

/** Seconds since the epoch of `2026-11-20T11:02:21`, else -1: from 1970 to 2099, when every fourth year has a day more. */
function secondsAt(bytes: Uint8Array, at: number): number {
  const year = digits(bytes, at, at + 4, 4);
  const month = digits(bytes, at + 5, at + 7, 2);
  const day = digits(bytes, at + 8, at + 10, 2);
  const hour = digits(bytes, at + 11, at + 13, 2);
  const minute = digits(bytes, at + 14, at + 16, 2);
  const second = digits(bytes, at + 17, at + 19, 2);
  const isDashed = bytes[at + 4] === 0x2d && bytes[at + 7] === 0x2d && bytes[at + 10] === 0x54;
  if (!isDashed || bytes[at + 13] !== colon || bytes[at + 16] !== colon) return -1;
  if (year < 1970 || year > 2099 || month < 1 || month > 12) return -1;
  if (day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59) return -1;
  const isLeap = year % 4 === 0;
  const before = daysBefore[month - 1] ?? 0;
  const length = (daysBefore[month] ?? 0) - before + (isLeap && month === 2 ? 1 : 0);
  if (day > length) return -1;
  const years = year - 1970;
  const days = years * 365 + Math.floor((years + 1) / 4) + before + (isLeap && month > 2 ? 1 : 0) + day - 1;
  return days * 86_400 + hour * 3_600 + minute * 60 + second;
}
