/** Typed access to the fields of a decoded message; what is not as it must be is refused with the name of the field. */

const maxNameLength = 253;

export class WireError extends Error {
  readonly code: 'protocol-version' | 'bad-message';
  constructor(code: WireError['code'], message: string) {
    super(message);
    this.name = 'WireError';
    this.code = code;
  }
}

/** No control characters, no separators that end a line: these names reach terminals, logs and keys. */
export const printableName = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

export function name(from: object, field: string, pattern: RegExp): string {
  const value = member(from, field);
  if (typeof value !== 'string' || value.length > maxNameLength || !pattern.test(value)) {
    throw bad(field, `is not a name of 1 to ${maxNameLength} plain characters`);
  }
  return value;
}

export function count(from: object, field: string): number {
  const value = member(from, field);
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) {
    throw bad(field, 'is not a whole number from 0 to 2^53');
  }
  return value;
}

export function bytes(from: object, field: string, most: number): Uint8Array {
  const value = member(from, field);
  if (!(value instanceof Uint8Array)) throw bad(field, 'holds no bytes');
  if (value.length === 0 || value.length > most)
    throw bad(field, `has ${value.length} bytes, allowed are 1 to ${most}`);
  return value;
}

export function object(from: object, field: string): object {
  const value = member(from, field);
  if (typeof value !== 'object' || value === null) throw bad(field, 'is missing');
  return value;
}

export function member(from: object, field: string): unknown {
  return Object.hasOwn(from, field) ? Reflect.get(from, field) : undefined;
}

export function bad(field: string, what: string): WireError {
  return new WireError('bad-message', `${field} ${what}`);
}
