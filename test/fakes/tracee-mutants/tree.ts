/** A protobuf message as fields that can be moved, doubled and broken, whatever they mean. */
export interface Field {
  number: number;
  type: number;
  value: bigint | Uint8Array | Field[];
  /** Written longer than need be. */
  long?: boolean;
}

/** Which fields are messages themselves, for those that Tracee's stream has. */
export interface Shape {
  readonly [field: number]: Shape;
}

const leaf: Shape = {};
const process: Shape = {
  1: leaf,
  2: leaf,
  3: leaf,
  4: leaf,
  5: { 1: leaf },
  6: { 1: leaf, 3: leaf, 4: leaf, 5: leaf },
  7: { 2: leaf, 3: leaf },
};
const lists: Shape = { 1: { 1: leaf, 2: leaf } };
export const responseShape: Shape = {
  1: {
    1: leaf,
    4: leaf,
    5: { 1: process, 2: { 3: leaf }, 3: { 1: leaf, 2: leaf } },
    6: { 9: leaf, 12: leaf, 23: { 14: leaf, 15: leaf }, 24: lists, 25: lists, 26: leaf, 27: leaf },
    7: leaf,
  },
};

export function parse(bytes: Uint8Array, shape: Shape): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length; ) {
    const tag = varintAt(bytes, at);
    const [number, type] = [Number(tag.value >> 3n), Number(tag.value & 7n)];
    if (type === 0) {
      const { value, end } = varintAt(bytes, tag.end);
      fields.push({ number, type, value });
      at = end;
      continue;
    }
    const length = varintAt(bytes, tag.end);
    const end = length.end + Number(length.value);
    const part = bytes.slice(length.end, end);
    const below = shape[number];
    fields.push({ number, type, value: below === undefined ? part : parse(part, below) });
    at = end;
  }
  return fields;
}

export function write(fields: readonly Field[]): Uint8Array {
  const parts: Uint8Array[] = [];
  for (const { number, type, value, long } of fields) {
    parts.push(varint((BigInt(number) << 3n) | BigInt(type), long));
    if (typeof value === 'bigint') parts.push(varint(value, long));
    else {
      const bytes = value instanceof Uint8Array ? value : write(value);
      if (type === 2) parts.push(varint(BigInt(bytes.length), long));
      parts.push(bytes);
    }
  }
  return Buffer.concat(parts);
}

function varintAt(bytes: Uint8Array, from: number): { readonly value: bigint; readonly end: number } {
  let value = 0n;
  let at = from;
  for (let shift = 0n; ; shift += 7n) {
    const byte = bytes[at++] ?? 0;
    value |= BigInt(byte & 0x7f) << shift;
    if (byte < 0x80) return { value, end: at };
  }
}

function varint(value: bigint, long = false): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  bytes.push(Number(rest));
  // A zero that adds nothing, as some writers leave room for.
  if (!long || bytes.length > 3) return Uint8Array.from(bytes);
  const last = bytes.pop() ?? 0;
  return Uint8Array.from([...bytes, last | 0x80, 0]);
}
