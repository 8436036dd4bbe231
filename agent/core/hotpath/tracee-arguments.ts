import { newestDialect, type TraceeDialect } from '../normalise/tracee/dialect.ts';
import { lateFields, traceeRows, valueField } from '../normalise/tracee/tracee-fields.ts';
import { isSameWords, wordsFor, writeWords } from './byte-words.ts';
import { viewOf } from './bytes-table.ts';
import { Wire } from './wire.ts';

/** Of one event: sched_process_exec has some twenty, the longest. */
const maxArguments = 64;
const maxSlots = 8;
const nothing = new Uint8Array();
/** Of `EventValue.name`. */
const nameTag = 0x0a;

const bitsOf = (fields: readonly number[]): number => fields.reduce((bits, field) => bits | (1 << field), 0);
const { int32, int64, uint32, uint64, yes, text, texts, address } = valueField;
/** Members of EventValue's oneof that are numbers, and after v0.24.1 addresses of the kernel. */
const numbers = [int32, int64, uint32, uint64, yes];
const pointer = 31;
const bytesMember = 7;
const otherArrays = [10, 11];
/** Up to v0.22.4 a value could be the event that triggered this one. */
const triggeredBy = 15;

function byteMembersOf(dialect: TraceeDialect): number {
  const late = Object.values(lateFields[dialect]);
  const more = dialect === 'v0.20' || dialect === 'v0.21' ? [triggeredBy] : [];
  return bitsOf([text, bytesMember, texts, ...otherArrays, address, ...late, ...more]);
}

function numberMembersOf(dialect: TraceeDialect): number {
  return bitsOf(dialect === 'main' ? [...numbers, pointer] : numbers);
}

interface SlotName {
  /** In bytes. */
  readonly length: number;
  readonly words: Int32Array;
}

/** By number of the row, then by slot. */
const slotNames: readonly (readonly SlotName[])[] = traceeRows.map(({ slots }) =>
  slots.map(({ name }) => {
    const words = new Int32Array(wordsFor(name.length));
    writeWords(words, 0, viewOf(name), 0, name.length);
    return { length: name.length, words };
  }),
);

/**
 * The arguments of one message that decide what it means, in the slots of its row: found where they lie, nothing copied.
 * Both the key of the short cut and the event are made from these slots alone.
 */
export class TraceeArguments {
  #bytes: Uint8Array = nothing;
  #view = viewOf(nothing);
  #names: readonly SlotName[] = [];
  readonly #wire = new Wire();
  readonly #spans = new Int32Array(maxArguments * 2);
  #count = 0;
  /** Per slot: field number of the value (0: none), then where its bytes lie, or its low and high word. */
  readonly #slots = new Int32Array(maxSlots * 3);
  /** Bit by slot. */
  #filled = 0;
  /** The argument that was read last: its name, and its value (field 0: none). */
  #nameFrom = 0;
  #nameTo = 0;
  #field = 0;
  #first = 0;
  #second = 0;
  #scanned = false;
  #isWhole = false;
  #byteMembers = byteMembersOf(newestDialect);
  #numberMembers = numberMembersOf(newestDialect);

  speak(dialect: TraceeDialect): void {
    this.#byteMembers = byteMembersOf(dialect);
    this.#numberMembers = numberMembersOf(dialect);
  }

  /** @param view of the same bytes */
  clear(bytes: Uint8Array, view: DataView): void {
    this.#bytes = bytes;
    this.#view = view;
    this.#count = 0;
    this.#scanned = false;
  }

  /** @returns false: more than any event has */
  add(from: number, to: number): boolean {
    if (this.#count === maxArguments) return false;
    this.#spans[this.#count * 2] = from;
    this.#spans[this.#count * 2 + 1] = to;
    this.#count += 1;
    return true;
  }

  /** They are those of that row of `traceeRows`. */
  of(row: number): void {
    this.#names = slotNames[row] ?? [];
  }

  /** Finds those that decide, once. @returns false: the message is broken there */
  scan(): boolean {
    if (this.#scanned) return this.#isWhole;
    this.#scanned = true;
    this.#isWhole = this.#scanAll();
    return this.#isWhole;
  }

  /** Number of the field in which the argument of that slot came; 0: it did not, or is nil. */
  field(slot: number): number {
    return this.#slots[slot * 3] ?? 0;
  }

  /** Of a value of bytes: where they begin. Of a number: its low 32 bits. */
  first(slot: number): number {
    return this.#slots[slot * 3 + 1] ?? 0;
  }

  /** Of a value of bytes: where they end. Of a number: its high 32 bits. */
  second(slot: number): number {
    return this.#slots[slot * 3 + 2] ?? 0;
  }

  /** Writes field, length and bytes of each value, or its two words. @returns how many words there are then; -1: too long */
  writeKey(words: Int32Array, from: number): number {
    const slots = this.#names.length;
    let n = from;
    for (let slot = 0; slot < slots && n >= 0; slot++) n = this.#writeSlot(words, n, slot);
    return n;
  }

  #scanAll(): boolean {
    const slots = this.#names.length;
    for (let slot = 0; slot < slots; slot++) this.#slots[slot * 3] = 0;
    this.#filled = 0;
    // Of arguments of one name the first counts: what comes after the last that is asked for does not matter.
    let open = slots;
    for (let i = 0; i < this.#count && open > 0; i++) {
      const from = this.#spans[i * 2] ?? 0;
      const to = this.#spans[i * 2 + 1] ?? 0;
      if (!this.#readUsual(from, to) && !this.#readAny(from, to)) return false;
      const slot = this.#slotNamed(this.#nameFrom, this.#nameTo);
      if (slot < 0) continue;
      this.#filled |= 1 << slot;
      this.#slots[slot * 3] = this.#field;
      this.#slots[slot * 3 + 1] = this.#first;
      this.#slots[slot * 3 + 2] = this.#second;
      open -= 1;
    }
    return true;
  }

  /** A name, and behind it a value of bytes to the end. @returns false: it is of another form */
  #readUsual(from: number, to: number): boolean {
    const bytes = this.#bytes;
    if (to - from < 4 || bytes[from] !== nameTag) return false;
    const nameTo = from + 2 + (bytes[from + 1] ?? 0);
    // With tag, length and one byte more: then nothing is looked for behind the end.
    if ((bytes[from + 1] ?? 0x80) >= 0x80 || nameTo + 3 > to) return false;
    const tag = bytes[nameTo] ?? 0;
    let length = bytes[nameTo + 1] ?? 0;
    let first = nameTo + 2;
    if (length >= 0x80) {
      const more = bytes[first++] ?? 0x80;
      length = (length & 0x7f) | (more << 7);
      if (more >= 0x80) return false;
    }
    // A second name (tags below 16) would count instead of the first.
    if ((tag & 7) !== 2 || tag < 16 || tag >= 0x80 || first + length !== to) return false;
    this.#nameFrom = from + 2;
    this.#nameTo = nameTo;
    this.#field = this.#isMember(tag >>> 3, 2) ? tag >>> 3 : 0;
    this.#first = first;
    this.#second = to;
    return true;
  }

  /** @returns false: it is broken */
  #readAny(from: number, to: number): boolean {
    const wire = this.#wire.place(this.#bytes, from, to);
    let values = 0;
    this.#nameFrom = 0;
    this.#nameTo = 0;
    this.#field = 0;
    while (wire.next()) {
      if (wire.field === 1 && wire.type === 2) {
        this.#nameFrom = wire.from;
        this.#nameTo = wire.to;
      } else if (this.#isMember(wire.field, wire.type)) {
        values += 1;
        this.#keepValue(wire);
      }
    }
    // Two members of a oneof: no source writes that, and readers differ in what it means.
    return !wire.broken && values <= 1;
  }

  #keepValue(wire: Wire): void {
    this.#field = wire.field;
    this.#first = wire.type === 2 ? wire.from : wire.low | 0;
    this.#second = wire.type === 2 ? wire.to : wire.high | 0;
  }

  /** In the wire type it should have: in another it is an unknown field. */
  #isMember(field: number, type: number): boolean {
    if (field > 31) return false;
    return ((type === 2 ? this.#byteMembers : type === 0 ? this.#numberMembers : 0) & (1 << field)) !== 0;
  }

  /** @returns -1: nobody asks for it, or one of that name came before */
  #slotNamed(from: number, to: number): number {
    const names = this.#names;
    for (let slot = 0; slot < names.length; slot++) {
      const name = names[slot];
      if (name === undefined || name.length !== to - from || (this.#filled & (1 << slot)) !== 0) continue;
      if (isSameWords(name.words, 0, this.#view, from, to)) return slot;
    }
    return -1;
  }

  #writeSlot(words: Int32Array, from: number, slot: number): number {
    const view = this.#view;
    const field = this.field(slot);
    const first = this.first(slot);
    const second = this.second(slot);
    let n = from;
    if (field === 0 || (this.#numberMembers & (1 << field)) !== 0) {
      if (n + 3 > words.length) return -1;
      words[n] = field;
      words[n + 1] = field === 0 ? 0 : first;
      words[n + 2] = field === 0 ? 0 : second;
      return n + 3;
    }
    const length = second - first;
    if (n + 2 + (length >> 2) > words.length) return -1;
    words[n++] = (length << 5) | field;
    const whole = second - (length & 3);
    let p = first;
    for (; p < whole; p += 4) words[n++] = view.getInt32(p, true);
    if (p === second) return n;
    let rest = 0;
    for (let shift = 0; p < second; p++, shift += 8) rest |= (this.#bytes[p] ?? 0) << shift;
    words[n++] = rest;
    return n;
  }
}
