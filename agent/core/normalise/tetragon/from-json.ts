import { refuse } from '../../../../fingerprint/object-reader.ts';
import { parseTime } from '../../../../fingerprint/time.ts';
import { type Field, type Message, messages, type Response } from './messages.ts';

/**
 * One line of Tetragon's export: protobuf's own JSON, with the names of the .proto, wrappers unwrapped, 64-bit numbers as
 * texts and RFC 3339 times. What is not read is passed over, whatever it holds: later releases add fields.
 *
 * @throws SCHEMA with the field
 */
export function readTetragonJson(value: unknown): Response {
  if (!isObject(value)) return refuse('', 'must be an object, one event of Tetragon');
  return readMessage('GetEventsResponse', value, '') as Message<'GetEventsResponse'>;
}

type Values = Record<string, unknown>;

function readMessage(name: string, value: unknown, path: string): Values {
  if (!isObject(value)) return refuse(path, 'must be an object');
  const values: Values = {};
  for (const [member, field] of Object.entries(messages[name] ?? {})) {
    const given = Object.hasOwn(value, member) ? value[member] : null;
    if (given === null) continue;
    const at = path === '' ? member : `${path}.${member}`;
    values[member] = field.repeated ? readList(field, given, at) : readValue(field, given, at);
  }
  return values;
}

function readList(field: Field, value: unknown, path: string): unknown[] {
  if (!Array.isArray(value)) return refuse(path, 'must be a list');
  return value.map((item: unknown, i) => readValue(field, item, `${path}[${i}]`));
}

function readValue({ type }: Field, value: unknown, path: string): unknown {
  switch (type) {
    case 'text':
      return readText(value, path);
    case 'uint32':
    case 'uint32Value':
      return readInteger(value, path, 0, 0xffff_ffff);
    case 'int32':
    case 'int32Value':
      return readInteger(value, path, -0x8000_0000, 0x7fff_ffff);
    case 'uint64':
      return readInteger(value, path, 0, 2 ** 64);
    case 'int64':
      return readInteger(value, path, -(2 ** 63), 2 ** 63);
    case 'time':
      return typeof value === 'string'
        ? (parseTime(value) ?? refuse(path, 'is not a time such as 2026-05-02T08:00:00.000123456Z'))
        : refuse(path, 'must be a time as text, as in an export of Tetragon');
    case 'throttle':
      return value === 'THROTTLE_START' ? 'start' : value === 'THROTTLE_STOP' ? 'stop' : 'unknown';
    default:
      return readMessage(type, value, path);
  }
}

/** In the one spelling that the wire gets too (`textOf`). */
function readText(value: unknown, path: string): string {
  if (typeof value !== 'string') return refuse(path, 'must be a text');
  const whole = value.isWellFormed() ? value : value.toWellFormed();
  return whole.includes('\0') ? whole.replaceAll('\0', '\\x00') : whole;
}

/** Numbers of 64 bits are texts in protobuf's JSON. */
function readInteger(value: unknown, path: string, min: number, max: number): number {
  const number = typeof value === 'string' && /^-?\d{1,20}$/.test(value) ? Number(value) : value;
  if (typeof number !== 'number' || !Number.isInteger(number)) return refuse(path, 'must be a whole number');
  return number >= min && number <= max ? number : refuse(path, `must lie between ${min} and ${max}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
