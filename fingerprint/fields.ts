import { type ErrorCode, FingerprintError } from './errors.ts';
import { printable } from './printable.ts';
import { parseTimestamp } from './timestamp.ts';

/** Long enough for any name or reason a person writes, short enough to be shown. */
const maxText = 1024;

/**
 * Typed access to the members of one untrusted JSON object. Each reader throws the document's own code with the path of
 * the member; `only` refuses members nobody knows.
 */
export class Fields {
  readonly path: string;
  readonly #object: object;
  readonly #code: ErrorCode;

  /** @param path of the object in its document; empty for the document itself */
  constructor(value: unknown, path: string, code: ErrorCode) {
    this.path = path;
    this.#code = code;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      throw new FingerprintError(code, 'must be an object', { field: path });
    }
    this.#object = value;
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#object, name);
  }

  names(): string[] {
    return Object.keys(this.#object);
  }

  raw(name: string): unknown {
    return this.has(name) ? Reflect.get(this.#object, name) : undefined;
  }

  at(name: string): string {
    // The name may come from the document: it goes into errors, and from there to a terminal.
    const shown = printable(name, 64);
    return this.path === '' ? shown : `${this.path}.${shown}`;
  }

  /** A text of one line: not empty, no control characters, well-formed. */
  text(name: string): string {
    const value = this.raw(name);
    if (typeof value !== 'string' || value === '') return this.fail(name, 'must be a text that is not empty');
    if (value.length > maxText) return this.fail(name, `must have at most ${maxText} characters`);
    if (/\p{Cc}/u.test(value) || !value.isWellFormed())
      return this.fail(name, 'must not hold control characters');
    return value;
  }

  optionalText(name: string): string | undefined {
    return this.has(name) ? this.text(name) : undefined;
  }

  /** A time in the one form of signed documents: `2026-05-01T08:00:00Z`, whole seconds. */
  timestamp(name: string): string {
    const value = this.raw(name);
    if (typeof value === 'string' && parseTimestamp(value) !== undefined) return value;
    return this.fail(name, 'must be a time such as 2026-05-01T08:00:00Z');
  }

  optionalTimestamp(name: string): string | undefined {
    return this.has(name) ? this.timestamp(name) : undefined;
  }

  integer(name: string, min: number): number {
    const value = this.raw(name);
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= min) return value;
    return this.fail(name, `must be a whole number of at least ${min}`);
  }

  list(name: string, max: number): readonly unknown[] {
    const value = this.raw(name);
    if (Array.isArray(value) && value.length <= max) return value;
    return this.fail(name, `must be a list of at most ${max}`);
  }

  object(name: string): Fields {
    return new Fields(this.raw(name), this.at(name), this.#code);
  }

  oneOf<T extends string>(name: string, allowed: readonly T[]): T {
    const value = this.raw(name);
    return allowed.find((a) => a === value) ?? this.fail(name, `must be one of ${allowed.join(', ')}`);
  }

  /** Refuses every member that is not named here. */
  only(...known: readonly string[]): void {
    const unknown = this.names().find((name) => !known.includes(name));
    if (unknown !== undefined) this.fail(unknown, `is not known here; known are ${known.join(', ')}`);
  }

  fail(name: string, message: string): never {
    throw new FingerprintError(this.#code, message, { field: this.at(name) });
  }
}
