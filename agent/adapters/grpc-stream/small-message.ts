import { SourceError } from '../../ports/source.ts';

/**
 * The few small protobuf messages that go beside a source's events. By hand: a library for some numbers and strings would
 * cost the agent more memory than all it keeps.
 */

const wire = { varint: 0, eight: 1, bytes: 2, four: 5 } as const;

/** Whose answer it is, and to what: for the sentence when it is none. */
export interface Asked {
  readonly called: string;
  readonly method: string;
}

/**
 * Numbers and byte fields in the order they come; fields of fixed length are passed over.
 *
 * @throws SourceError `wrong-service`
 */
export function eachField(
  bytes: Uint8Array,
  asked: Asked,
  each: (field: number, value: number | Uint8Array) => void,
): void {
  const at = { at: 0 };
  while (at.at < bytes.length) {
    const tag = varint(bytes, at, asked);
    const type = tag % 8;
    if (type === wire.varint) {
      each(Math.floor(tag / 8), varint(bytes, at, asked));
      continue;
    }
    const length = type === wire.bytes ? varint(bytes, at, asked) : fixedLength(type, asked);
    const end = at.at + length;
    if (end > bytes.length) throw malformed(asked);
    if (type === wire.bytes) each(Math.floor(tag / 8), bytes.subarray(at.at, end));
    at.at = end;
  }
}

function fixedLength(type: number, asked: Asked): number {
  if (type === wire.eight) return 8;
  if (type === wire.four) return 4;
  throw malformed(asked);
}

/** As a number: exact up to 2^53, more than is ever counted. */
function varint(bytes: Uint8Array, at: { at: number }, asked: Asked): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at.at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw malformed(asked);
}

function malformed({ called, method }: Asked): SourceError {
  return new SourceError(
    'wrong-service',
    `${called}'s answer to ${method} is no such message; another service listens there, or a release Whorl does not know`,
  );
}

/** @param value an integer from 0 to 2^32 - 1 */
export function varintOf(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** A field of bytes. @param field 1 to 15 */
export function delimited(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | wire.bytes, ...varintOf(value.length)]), value]);
}
