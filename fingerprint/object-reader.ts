import { FingerprintError } from './errors.ts';
import { printable } from './printable.ts';

/** Longer than any path (4096) and any argument the sensor passes on; a string beyond it is not behaviour. */
const maxText = 16_384;

/** Throws what all readers of this package throw for a value of the wrong shape; who reports it names the field. */
export function refuse(field: string, why: string): never {
  throw new FingerprintError('SCHEMA', why, { field });
}

/** Text that every encoder and every judge reads alike: well-formed and without NUL, which ends a string elsewhere. */
export function readText(value: unknown, field: string, max = maxText): string {
  if (typeof value !== 'string') return refuse(field, 'must be a text');
  if (value.length > max) return refuse(field, `is longer than ${max} characters`);
  if (value.includes('\0')) return refuse(field, 'holds a NUL character');
  if (!value.isWellFormed()) return refuse(field, 'holds half of a surrogate pair');
  return value;
}

export function readFilled(value: unknown, field: string): string {
  const text = readText(value, field);
  return text === '' ? refuse(field, 'is empty') : text;
}

export function readInteger(value: unknown, field: string, min: number, max: number): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    return refuse(field, 'must be a whole number');
  if (value < min || value > max) return refuse(field, `must lie between ${min} and ${max}`);
  return value;
}

export function readWord<T extends string>(value: unknown, field: string, words: readonly T[]): T {
  for (const word of words) if (word === value) return word;
  const given = typeof value === 'string' ? `"${printable(value, 40)}"` : typeof value;
  return refuse(field, `is ${given}; it must be one of ${words.join(', ')}`);
}

function readList<T>(
  value: unknown,
  field: string,
  item: (value: unknown, field: string) => T,
  max: number,
): T[] {
  if (!Array.isArray(value)) return refuse(field, 'must be a list');
  if (value.length > max) return refuse(field, `has ${value.length} items, at most ${max} are read`);
  return value.map((v: unknown, i) => item(v, `${field}[${i}]`));
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Reads the members of one JSON object, each by name and type, and refuses what was not asked for: an unknown member
 * may be meant to narrow what is granted, so skipping it could widen.
 */
export class ObjectReader {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #field: string;
  /** A dozen names at most, all written in our own code: to look through them costs less than a set. */
  readonly #read: string[] = [];

  constructor(value: unknown, field: string) {
    this.#members = isObject(value) ? value : refuse(field, 'must be an object');
    this.#field = field;
  }

  field(name: string): string {
    return this.#field === '' ? name : `${this.#field}.${name}`;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name);
  }

  /** The raw member, for a reader of its own. */
  raw(name: string): unknown {
    this.#read.push(name);
    return this.has(name) ? this.#members[name] : refuse(this.field(name), 'is missing');
  }

  text(name: string, max?: number): string {
    return readText(this.raw(name), this.field(name), max);
  }

  integer(name: string, min = 0, max = Number.MAX_SAFE_INTEGER): number {
    return readInteger(this.raw(name), this.field(name), min, max);
  }

  word<T extends string>(name: string, words: readonly T[]): T {
    return readWord(this.raw(name), this.field(name), words);
  }

  list<T>(name: string, item: (value: unknown, field: string) => T, max: number): T[] {
    return readList(this.raw(name), this.field(name), item, max);
  }

  value<T>(name: string, read: (value: unknown, field: string) => T): T {
    return read(this.raw(name), this.field(name));
  }

  boolean(name: string): boolean {
    const value = this.raw(name);
    return typeof value === 'boolean' ? value : refuse(this.field(name), 'must be true or false');
  }

  /** For members whose only meaning is their presence. */
  flag(name: string): true {
    return this.raw(name) === true || refuse(this.field(name), 'may only be true, or absent');
  }

  /** `{ [name]: read() }` when the member is there, nothing otherwise: spread into the result. */
  optional<K extends string, T>(name: K, read: () => T): { [P in K]?: T } {
    if (!this.has(name)) return {};
    const part: { [P in K]?: T } = {};
    part[name] = read();
    return part;
  }

  /** Call last: every member that nobody read is refused. */
  end<T>(result: T): T {
    for (const name of Object.keys(this.#members)) {
      if (!this.#read.includes(name)) refuse(this.field(printable(name, 60)), 'is not known here');
    }
    return result;
  }
}
