import { refuse } from '../../../../fingerprint/object-reader.ts';
import { parseTime } from '../../../../fingerprint/time.ts';

/** A JSON object of which only some members matter: what else there is differs between releases. */
export class Loose {
  readonly #members: Readonly<Record<string, unknown>>;
  readonly #at: string;

  /** @throws SCHEMA when it is no object */
  constructor(value: unknown, at: string) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'must be an object');
    this.#members = value as Record<string, unknown>;
    this.#at = at;
  }

  field(name: string): string {
    return this.#at === '' ? name : `${this.#at}.${name}`;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#members, name) && this.#members[name] !== null;
  }

  get(name: string): unknown {
    return this.has(name) ? this.#members[name] : undefined;
  }

  /** Undefined when it is not there, or null. */
  object(name: string): Loose | undefined {
    return this.has(name) ? new Loose(this.#members[name], this.field(name)) : undefined;
  }

  objects(name: string): Loose[] {
    const list = this.get(name) ?? [];
    if (!Array.isArray(list)) return refuse(this.field(name), 'must be a list');
    return list.map((value: unknown, i) => new Loose(value, `${this.field(name)}[${i}]`));
  }

  text(name: string): string {
    const value = this.get(name) ?? '';
    return typeof value === 'string' ? value : refuse(this.field(name), 'must be a text');
  }

  /** A number, as it is or in the wrapper that older releases write, or as text. */
  number(name: string): number | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object') return this.object(name)?.number('value') ?? 0;
    const number = typeof value === 'string' && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
    return typeof number === 'number' && Number.isSafeInteger(number)
      ? number
      : refuse(this.field(name), 'must be a whole number');
  }

  /** A moment: ns, `{"seconds","nanos"}` or RFC 3339. */
  moment(name: string): Moment | undefined {
    const value = this.get(name);
    if (value === undefined) return undefined;
    if (typeof value === 'object') {
      const parts = this.object(name);
      return { seconds: parts?.number('seconds') ?? 0, nanos: parts?.number('nanos') ?? 0 };
    }
    const told = momentOf(value);
    return told ?? refuse(this.field(name), 'is not a time Tracee writes');
  }
}

export interface Moment {
  readonly seconds: number;
  readonly nanos: number;
}

function momentOf(value: unknown): Moment | undefined {
  const ns = wholeNumber(value);
  if (ns !== undefined && ns >= 0n)
    return { seconds: Number(ns / 1_000_000_000n), nanos: Number(ns % 1_000_000_000n) };
  const micros = typeof value === 'string' ? parseTime(value) : undefined;
  if (micros === undefined) return undefined;
  return { seconds: Math.floor(micros / 1_000_000), nanos: (micros % 1_000_000) * 1000 };
}

/** Also numbers that a double does not hold, which come as texts (`withExactTimes`). */
export function wholeNumber(value: unknown): bigint | undefined {
  if (typeof value === 'string' && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  return typeof value === 'number' && Number.isInteger(value) ? BigInt(value) : undefined;
}

const times = /("(?:timestamp|threadStartTime)":\s*)(\d{16,20})(?=[\s,}])/g;
const startArgument =
  /("name":\s*"start_time",\s*(?:"type":\s*"[^"\\]*",\s*)?"value":\s*)(\d{16,20})(?=[\s,}])/g;

/**
 * Tracee writes times as numbers of nanoseconds, of which a double loses the last hundreds: a child would get two starts.
 * As texts they stay exact. Inside a text of JSON the quotes would be escaped, so nothing else is meant.
 */
export function withExactTimes(line: Uint8Array): Uint8Array {
  const text = Buffer.from(line.buffer, line.byteOffset, line.byteLength).toString('latin1');
  return Buffer.from(text.replace(times, '$1"$2"').replace(startArgument, '$1"$2"'), 'latin1');
}
