import { type DeadState, DeadStates } from './dead-states.ts';
import type { InstanceRecord } from './instances.ts';
import type { ProcessRecord } from './process-record.ts';

const firstRows = 1_024;
/** Per row: pid, start, time of death. */
const stride = 3;

/** A dead process that is kept as numbers and a state it shares with others. */
export interface PackedProcess {
  readonly pid: number;
  readonly start: number;
  readonly exitedAt: number;
  readonly state: DeadState;
  readonly parent: ProcessRecord | undefined;
}

/**
 * The dead in order of death, each as the record it was or packed. Most live for a moment and are alike, and each is
 * kept for its late events: packed they are numbers in flat arrays, where records would be copied and marked by the
 * garbage collector at more than all that their lives cost else.
 */
export class DeadProcesses {
  readonly #states = new DeadStates();
  /** Rows are used in a circle; their number is a power of two. */
  #numbers = new Float64Array(firstRows * stride);
  #records: (ProcessRecord | undefined)[] = empty(firstRows);
  #packed: (DeadState | undefined)[] = empty(firstRows);
  #parents: (ProcessRecord | undefined)[] = empty(firstRows);
  /** Packed rows by pid: row + 1 of the last of those that share a place, and of the one before each. */
  #heads = new Int32Array(firstRows);
  #before = new Int32Array(firstRows);
  #mask = firstRows - 1;
  /** Serial numbers of death: of the oldest that is kept, of the first nobody has tried to pack, and of the next. */
  #first = 0;
  #untried = 0;
  #next = 0;

  get size(): number {
    return this.#next - this.#first;
  }

  /** How many nobody has tried to pack. */
  get untried(): number {
    return this.#next - this.#untried;
  }

  push(record: ProcessRecord): void {
    if (this.size > this.#mask) this.#grow();
    const row = this.#next & this.#mask;
    this.#records[row] = record;
    this.#numbers[row * stride + 2] = record.exitedAt ?? 0;
    this.#next += 1;
  }

  /** When the oldest died, µs since the epoch; undefined: there is none. */
  get oldest(): number | undefined {
    return this.size === 0 ? undefined : this.#numbers[(this.#first & this.#mask) * stride + 2];
  }

  /** Forgets the oldest. @returns its record, if it is not packed; its kin are the caller's to put right */
  shift(): ProcessRecord | undefined {
    const row = this.#first & this.#mask;
    this.#first += 1;
    if (this.#untried < this.#first) this.#untried = this.#first;
    const record = this.#records[row];
    this.#records[row] = undefined;
    if (this.#packed[row] !== undefined) this.#free(row);
    return record;
  }

  /** The next to be packed: call pack() with it, or it stays as it is. */
  try(): ProcessRecord | undefined {
    const record = this.#records[this.#untried & this.#mask];
    this.#untried += 1;
    return record;
  }

  /** Packs the record that try() gave last. */
  pack(record: ProcessRecord): void {
    const row = (this.#untried - 1) & this.#mask;
    const { parent, ref } = record;
    this.#records[row] = undefined;
    this.#packed[row] = this.#states.of(record);
    this.#parents[row] = parent;
    if (parent !== undefined) parent.packed += 1;
    this.#numbers[row * stride] = ref.pid;
    this.#numbers[row * stride + 1] = ref.start;
    this.#link(row);
  }

  /** @returns the row of the packed one, or -1 */
  find(pid: number, start: number): number {
    for (let row = this.#last(pid); row >= 0; row = (this.#before[row] ?? 0) - 1)
      if (this.#numbers[row * stride] === pid && this.#numbers[row * stride + 1] === start) return row;
    return -1;
  }

  /** Whether a packed one of that pid started later. */
  hasLater(pid: number, start: number): boolean {
    for (let row = this.#last(pid); row >= 0; row = (this.#before[row] ?? 0) - 1)
      if (this.#numbers[row * stride] === pid && (this.#numbers[row * stride + 1] ?? 0) > start) return true;
    return false;
  }

  /** Rows of the packed children of that process. */
  childrenOf(parent: ProcessRecord): readonly number[] {
    return this.#rows((row) => this.#parents[row] === parent);
  }

  /** Rows of the packed members of that copy. */
  membersOf(instance: InstanceRecord): readonly number[] {
    return this.#rows((row) => this.#packed[row]?.instance === instance);
  }

  /** Takes the packed one out; the caller puts the record it makes of it in its place. */
  unpack(row: number, make: (packed: PackedProcess) => ProcessRecord): ProcessRecord {
    const state = this.#packed[row];
    if (state === undefined) throw new RangeError('nothing is packed there');
    const numbers = this.#numbers;
    const at = row * stride;
    const [pid, start, exitedAt] = [numbers[at] ?? 0, numbers[at + 1] ?? 0, numbers[at + 2] ?? 0];
    const parent = this.#parents[row];
    this.#free(row);
    const record = make({ pid, start, exitedAt, state, parent });
    this.#records[row] = record;
    return record;
  }

  #rows(isIt: (row: number) => boolean): readonly number[] {
    const rows: number[] = [];
    for (let serial = this.#first; serial < this.#untried; serial++) {
      const row = serial & this.#mask;
      if (this.#packed[row] !== undefined && isIt(row)) rows.push(row);
    }
    return rows;
  }

  #placeOf(pid: number): number {
    return (Math.imul(pid, 0x9e3779b1) >>> 8) & this.#mask;
  }

  #last(pid: number): number {
    return (this.#heads[this.#placeOf(pid)] ?? 0) - 1;
  }

  #link(row: number): void {
    const place = this.#placeOf(this.#numbers[row * stride] ?? 0);
    this.#before[row] = this.#heads[place] ?? 0;
    this.#heads[place] = row + 1;
  }

  #free(row: number): void {
    const parent = this.#parents[row];
    if (parent !== undefined) parent.packed -= 1;
    this.#packed[row] = undefined;
    this.#parents[row] = undefined;
    const place = this.#placeOf(this.#numbers[row * stride] ?? 0);
    const before = this.#before[row] ?? 0;
    let above = (this.#heads[place] ?? 0) - 1;
    if (above === row) {
      this.#heads[place] = before;
      return;
    }
    while ((this.#before[above] ?? 0) !== row + 1) above = (this.#before[above] ?? 0) - 1;
    this.#before[above] = before;
  }

  #grow(): void {
    const [numbers, records, packed, parents, mask] = [
      this.#numbers,
      this.#records,
      this.#packed,
      this.#parents,
      this.#mask,
    ];
    const rows = (mask + 1) * 2;
    this.#mask = rows - 1;
    this.#numbers = new Float64Array(rows * stride);
    this.#records = empty(rows);
    this.#packed = empty(rows);
    this.#parents = empty(rows);
    this.#heads = new Int32Array(rows);
    this.#before = new Int32Array(rows);
    for (let serial = this.#first; serial < this.#next; serial++) {
      const [from, to] = [serial & mask, serial & this.#mask];
      this.#records[to] = records[from];
      this.#packed[to] = packed[from];
      this.#parents[to] = parents[from];
      this.#numbers.set(numbers.subarray(from * stride, (from + 1) * stride), to * stride);
      if (packed[from] !== undefined) this.#link(to);
    }
  }
}

function empty<T>(rows: number): (T | undefined)[] {
  return new Array<T | undefined>(rows).fill(undefined);
}
