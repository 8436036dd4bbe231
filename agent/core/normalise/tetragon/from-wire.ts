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

/** A response has one of these, and one alone. */
const events = new Set(Object.keys(messages.GetEventsResponse ?? {}).filter((member) => member !== 'time'));

const throttles = ['unknown', 'start', 'stop'] as const;

/**
 * @returns undefined when it is not whole, has a field of another type than it has to, or a message twice where there is
 *   room for one: not such a message, or of nobody who writes them
 */
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
    if (value === undefined || !put(values, known, value, name)) return undefined;
  }
  return wire.broken ? undefined : values;
}

/** @returns false: it stands there already, and the two could only be merged */
function put(
  values: Values,
  { member, field }: { readonly member: string; readonly field: Field },
  value: unknown,
  name: string,
): boolean {
  const before = values[member];
  if (field.repeated) {
    if (Array.isArray(before)) before.push(value);
    else values[member] = [value];
    return true;
  }
  if (before !== undefined && !bare.has(field.type)) return false;
  if (name === 'GetEventsResponse' && events.has(member))
    for (const other of events) if (values[other] !== undefined) return false;
  values[member] = value;
  return true;
}

/** Of plain values written twice the later counts. */
const bare = new Set(['text', 'uint32', 'int32', 'uint64', 'int64', 'throttle']);

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
