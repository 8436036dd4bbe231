import { SourceError } from '../../ports.ts';

/**
 * The few small messages that go beside the events, by field number (package `tracee.v1beta1`, equal in all releases
 * from v0.20 on). By hand: a library for two numbers and a string would cost the agent more memory than all it keeps.
 */

export const methods = {
  events: '/tracee.v1beta1.TraceeService/StreamEvents',
  version: '/tracee.v1beta1.TraceeService/GetVersion',
  metrics: '/tracee.v1beta1.DiagnosticService/GetMetrics',
} as const;

export interface TraceeMetrics {
  /** Events it has given to whoever reads. */
  readonly events: number;
  /** Events the kernel had no room for: they reached nobody. */
  readonly lost: number;
}

const fields = { events: 1, lost: 6, version: 1, mask: 2, path: 1 } as const;
const wire = { varint: 0, eight: 1, bytes: 2, four: 5 } as const;

/** `StreamEventsRequest`: all policies; the fields of the mask, or all when it is empty. */
export function eventsRequest(mask: readonly string[]): Uint8Array {
  if (mask.length === 0) return new Uint8Array();
  return delimited(fields.mask, Buffer.concat(mask.map((path) => delimited(fields.path, Buffer.from(path)))));
}

/** @throws SourceError */
export function versionOf(answer: Uint8Array): string {
  let version = '';
  eachField(answer, 'GetVersion', (field, type, value) => {
    if (field === fields.version && type === wire.bytes) version = Buffer.from(value).toString('utf8');
  });
  return version;
}

/** @throws SourceError */
export function metricsOf(answer: Uint8Array): TraceeMetrics {
  let events = 0;
  let lost = 0;
  eachField(answer, 'GetMetrics', (field, type, _, number) => {
    if (type !== wire.varint) return;
    if (field === fields.events) events = number;
    if (field === fields.lost) lost = number;
  });
  return { events, lost };
}

type EachField = (field: number, type: number, value: Uint8Array, number: number) => void;

function eachField(bytes: Uint8Array, what: string, each: EachField): void {
  const at = { at: 0 };
  while (at.at < bytes.length) {
    const tag = varint(bytes, at, what);
    const type = tag % 8;
    const number = type === wire.varint ? varint(bytes, at, what) : 0;
    const length = lengthOf(type, bytes, at, what);
    const end = at.at + length;
    if (end > bytes.length) throw malformed(what);
    each(Math.floor(tag / 8), type, bytes.subarray(at.at, end), number);
    at.at = end;
  }
}

function lengthOf(type: number, bytes: Uint8Array, at: { at: number }, what: string): number {
  switch (type) {
    case wire.varint:
      return 0;
    case wire.eight:
      return 8;
    case wire.four:
      return 4;
    case wire.bytes:
      return varint(bytes, at, what);
    default:
      throw malformed(what);
  }
}

/** As a number: exact up to 2^53, more than is ever counted. */
function varint(bytes: Uint8Array, at: { at: number }, what: string): number {
  let value = 0;
  for (let i = 0; i < 10; i++) {
    const byte = bytes[at.at++];
    if (byte === undefined) break;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return value;
  }
  throw malformed(what);
}

function malformed(what: string): SourceError {
  return new SourceError(
    'wrong-service',
    `Tracee's answer to ${what} is no such message; another service listens there, or a release Whorl does not know`,
  );
}

/** A field of bytes; both are short here: at most 16 KiB of paths. */
function delimited(field: number, value: Uint8Array): Buffer {
  const length = value.length < 128 ? [value.length] : [(value.length & 0x7f) | 0x80, value.length >> 7];
  return Buffer.concat([Buffer.from([(field << 3) | wire.bytes, ...length]), value]);
}
