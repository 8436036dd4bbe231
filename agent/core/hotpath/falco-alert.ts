import { type FalcoField, falcoFields } from '../normalise/falco/fields.ts';
import { ByteNames } from './byte-names.ts';

/** Fields that decide at a look: those that say who, and those of the glances (normalise/falco/calls.ts). */
const looked = [
  'type',
  'num',
  'direction',
  'result',
  'resultName',
  'flags',
  'connectAddress',
  'pid',
  'thread',
  'start',
  'exe',
  'fileName',
  'fileType',
  'fileUpper',
  'path',
  'pathFrom',
  'pathTo',
  'transport',
  'clientAddress',
  'serverAddress',
  'serverPort',
  'containerFullId',
  'containerId',
  'cgroup',
] as const satisfies readonly FalcoField[];
export type LookedField = (typeof looked)[number];

/** Number of a field. */
export const at = Object.fromEntries(looked.map((field, i) => [field, i])) as Readonly<
  Record<LookedField, number>
>;
const names = new ByteNames(looked.map((field) => falcoFields[field].name));

/** Where in the bytes the values of one alert lie. Filled by the reader of each form, placed again and again. */
export class FalcoAlert {
  bytes: Uint8Array = new Uint8Array();
  readonly #from = new Int32Array(looked.length);
  readonly #to = new Int32Array(looked.length);
  readonly #seen = new Uint8Array(looked.length);
  /** µs since the epoch, and the nanoseconds beyond. */
  time = -1;
  nanos = 0;
  /** Of a system call; Falco also alerts of itself, and of other things that its plugins read. */
  isCall = true;

  clear(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.#seen.fill(0);
    this.time = -1;
    this.nanos = 0;
    this.isCall = true;
  }

  /** @returns false: it is there twice, and which of them holds is for the full reader to say */
  put(nameFrom: number, nameTo: number, from: number, to: number): boolean {
    const field = names.find(this.bytes, nameFrom, nameTo);
    if (field < 0) return true;
    if (this.#seen[field] !== 0) return false;
    const isMissing = saysNothing(this.bytes, from, to);
    this.#seen[field] = isMissing ? 2 : 1;
    this.#from[field] = from;
    this.#to[field] = to;
    return true;
  }

  has(field: number): boolean {
    return this.#seen[field] === 1;
  }

  from(field: number): number {
    return this.#from[field] ?? 0;
  }

  to(field: number): number {
    return this.#to[field] ?? 0;
  }

  /** A whole number of up to 15 digits that is not negative, else -1. */
  whole(field: number): number {
    if (!this.has(field)) return -1;
    return digits(this.bytes, this.from(field), this.to(field), 15);
  }

  /** ns since the epoch as µs, else -1. */
  micros(field: number): number {
    if (!this.has(field)) return -1;
    const [from, to] = [this.from(field), this.to(field)];
    // The last three are ns; nineteen digits last until the year 2286.
    if (digits(this.bytes, to - 3, to, 3) < 0) return -1;
    return digits(this.bytes, from, to - 3, 16);
  }
}

/** @returns -1 when it is not all digits, none, too many, or too much for a double to hold */
export function digits(bytes: Uint8Array, from: number, to: number, most: number): number {
  if (to <= from || to - from > most) return -1;
  let value = 0;
  for (let i = from; i < to; i++) {
    const digit = (bytes[i] ?? 0) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return Number.isSafeInteger(value) ? value : -1;
}

const nothings = new ByteNames(['<NA>', 'null', 'NULL']);

/** All spellings of no value (normalise/falco/record.ts). */
function saysNothing(bytes: Uint8Array, from: number, to: number): boolean {
  return from === to || (to - from === 4 && nothings.find(bytes, from, to) >= 0);
}
