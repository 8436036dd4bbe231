import { newestDialect, type TraceeDialect } from '../normalise/tracee/dialect.ts';
import { lateFields, type TraceeRow, valueField } from '../normalise/tracee/tracee-fields.ts';
import { Wire } from './wire.ts';

/** Of one event: sched_process_exec has some twenty, the longest. */
const maxArguments = 64;
const maxSlots = 8;
const nothing = new Uint8Array();
const broken = -2;

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

/**
 * The arguments of one message that decide what it means, in the slots of its row: found where they lie, nothing copied.
 * Both the key of the short cut and the event are made from these slots alone.
 */
export class TraceeArguments {
  #bytes: Uint8Array = nothing;
  #row: TraceeRow | undefined;
  readonly #wire = new Wire();
  readonly #spans = new Int32Array(maxArguments * 2);
  #count = 0;
  /** Per slot: field number of the value (0: none), then where its bytes lie, or its low and high word. */
  readonly #slots = new Int32Array(maxSlots * 3);
  /** Bit by slot. */
  #filled = 0;
  /** The value that was read last. */
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

  clear(bytes: Uint8Array): void {
    this.#bytes = bytes;
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

  of(row: TraceeRow): void {
    this.#row = row;
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
  writeKey(words: Int32Array, from: number, view: DataView): number {
    const slots = this.#row?.slots.length ?? 0;
    let n = from;
    for (let slot = 0; slot < slots && n >= 0; slot++) n = this.#writeSlot(words, n, slot, view);
    return n;
  }

  #scanAll(): boolean {
    const slots = this.#row?.slots ?? [];
    for (let slot = 0; slot < slots.length; slot++) this.#slots[slot * 3] = 0;
    this.#filled = 0;
    // Of arguments of one name the first counts: what comes after the last that is asked for does not matter.
    let open = slots.length;
    for (let i = 0; i < this.#count && open > 0; i++) {
      const slot = this.#read(this.#spans[i * 2] ?? 0, this.#spans[i * 2 + 1] ?? 0, slots);
      if (slot === broken) return false;
      if (slot >= 0) open -= 1;
    }
    return true;
  }

  /** @returns the slot it fills; -1: nobody asks for it, or one of that name came before; `broken` */
  #read(from: number, to: number, slots: TraceeRow['slots']): number {
    const wire = this.#wire.place(this.#bytes, from, to);
    let nameFrom = 0;
    let nameTo = 0;
    let values = 0;
    while (wire.next()) {
      if (wire.field === 1 && wire.type === 2) {
        nameFrom = wire.from;
        nameTo = wire.to;
      } else if (this.#isMember(wire.field, wire.type)) {
        values += 1;
        this.#keepValue(wire);
      }
    }
    // Two members of a oneof: no source writes that, and readers differ in what it means.
    if (wire.broken || values > 1) return broken;
    const slot = this.#slotNamed(slots, nameFrom, nameTo);
    if (slot < 0) return -1;
    this.#filled |= 1 << slot;
    this.#slots[slot * 3] = values === 0 ? 0 : this.#field;
    this.#slots[slot * 3 + 1] = this.#first;
    this.#slots[slot * 3 + 2] = this.#second;
    return slot;
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

  #slotNamed(slots: TraceeRow['slots'], from: number, to: number): number {
    for (let slot = 0; slot < slots.length; slot++) {
      const name = slots[slot]?.name ?? nothing;
      if (name.length !== to - from || (this.#filled & (1 << slot)) !== 0) continue;
      let i = 0;
      while (i < name.length && name[i] === this.#bytes[from + i]) i++;
      if (i === name.length) return slot;
    }
    return -1;
  }

  #writeSlot(words: Int32Array, from: number, slot: number, view: DataView): number {
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
