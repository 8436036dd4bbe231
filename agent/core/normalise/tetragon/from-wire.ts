import { Wire } from '../../hotpath/wire.ts';
import { textOf } from '../sensor-text.ts';
import { type Field, type Message, type MessageName, messages } from './messages.ts';

/** By number, for each message: what else stands in it is passed over. */
const byNumber = new Map(
  Object.entries(messages).map(([name, fields]) => [
    name,
    new Map(Object.entries(fields).map(([member, field]) => [field.number, { member, field }] as const)),
  ]),
);

/** What holds all the events of a response: a later one replaces an earlier, as everywhere in protobuf. */
const union = new Set(
  Object.entries(messages.GetEventsResponse ?? {}).flatMap(([member]) => (member === 'time' ? [] : [member])),
);

const throttles = ['unknown', 'start', 'stop'] as const;

/** @returns undefined when it is not whole, or has a field of another type than it has to: not such a message */
export function readWire<N extends MessageName>(
  name: N,
  bytes: Uint8Array,
  from: number,
  to: number,
): Message<N> | undefined {
  return readMessage(name, bytes, from, to) as Message<N> | undefined;
}

type Values = Record<string, unknown>;

function readMessage(name: string, bytes: Uint8Array, from: number, to: number): Values | undefined {
  const fields = byNumber.get(name);
  const wire = new Wire().place(bytes, from, to);
  const values: Values = {};
  while (wire.next()) {
    const known = fields?.get(wire.field);
    if (known === undefined) continue;
    const value = fieldValue(known.field, wire);
    if (value === undefined) return undefined;
    put(values, known, value, name);
  }
  return wire.broken ? undefined : values;
}

function put(
  values: Values,
  { member, field }: { readonly member: string; readonly field: Field },
  value: unknown,
  name: string,
): void {
  if (name === 'GetEventsResponse' && union.has(member)) for (const other of union) delete values[other];
  if (!field.repeated) {
    values[member] = value;
    return;
  }
  const before = values[member];
  if (Array.isArray(before)) before.push(value);
  else values[member] = [value];
}

/** @returns undefined: it has another wire type */
function fieldValue({ type }: Field, wire: Wire): unknown {
  switch (type) {
    case 'uint32':
      return wire.type === 0 ? wire.low : undefined;
    case 'int32':
      return wire.type === 0 ? wire.low | 0 : undefined;
    case 'uint64':
      return wire.type === 0 ? wire.value : undefined;
    case 'int64':
      return wire.type === 0 ? wire.signed : undefined;
    case 'throttle':
      return wire.type === 0 ? (throttles[wire.low] ?? 'unknown') : undefined;
    default:
      return wire.type === 2 ? spanOf(type, wire) : undefined;
  }
}

function spanOf(type: string, { bytes, from, to }: Wire): unknown {
  switch (type) {
    case 'text':
      return textOf(bytes.subarray(from, to));
    case 'time':
      return readTime(bytes, from, to);
    case 'uint32Value':
      return readNumber(bytes, from, to);
    case 'int32Value': {
      const value = readNumber(bytes, from, to);
      return value === undefined ? undefined : value | 0;
    }
    default:
      return readMessage(type, bytes, from, to);
  }
}

/** google.protobuf.UInt32Value and its kin. */
function readNumber(bytes: Uint8Array, from: number, to: number): number | undefined {
  const wire = new Wire().place(bytes, from, to);
  let value = 0;
  while (wire.next()) {
    if (wire.field !== 1) continue;
    if (wire.type !== 0) return undefined;
    value = wire.low;
  }
  return wire.broken ? undefined : value;
}

/** google.protobuf.Timestamp, in µs. */
function readTime(bytes: Uint8Array, from: number, to: number): number | undefined {
  const wire = new Wire().place(bytes, from, to);
  let seconds = 0;
  let nanos = 0;
  while (wire.next()) {
    if (wire.field > 2) continue;
    if (wire.type !== 0) return undefined;
    if (wire.field === 1) seconds = wire.signed;
    else nanos = wire.low | 0;
  }
  return wire.broken ? undefined : microsOf(seconds, nanos);
}

/** The years 1970 to 2255: what a double holds to the microsecond. Other times are no times of events. */
const lastSecond = 9_007_199_254;

export function microsOf(seconds: number, nanos: number): number {
  if (seconds < 0 || seconds > lastSecond || nanos < 0 || nanos > 999_999_999) return 0;
  return seconds * 1_000_000 + Math.floor(nanos / 1000);
}
