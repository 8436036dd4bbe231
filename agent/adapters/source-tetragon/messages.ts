import { SourceError } from '../../ports.ts';

/**
 * The few small messages that go beside the events, by field number (package `tetragon`, equal in all releases from v1.1
 * on). By hand: a library for a name and a number would cost the agent more memory than all it keeps.
 */

export const methods = {
  events: '/tetragon.FineGuidanceSensors/GetEvents',
  version: '/tetragon.FineGuidanceSensors/GetVersion',
  policies: '/tetragon.FineGuidanceSensors/ListTracingPolicies',
  debug: '/tetragon.FineGuidanceSensors/GetDebug',
} as const;

/** The events that are read, by their numbers: exec, exit, kprobe, loader, throttle, lsm, rate_limit_info. */
const eventSet = [1, 5, 9, 11, 27, 28, 40_001];

/** `GetEventsRequest{allow_list: {event_set}}`: everything else would be sent only to be passed over. */
export const eventsRequest: Uint8Array = delimited(1, delimited(6, Buffer.from(eventSet.flatMap(varintOf))));

/** `GetDebugRequest{flag: CONFIG_FLAG_DUMP_PROCESS_CACHE, dump: {skip_zero_refcnt: true}}` */
export const dumpRequest: Uint8Array = Buffer.concat([
  Buffer.from([0x08, 0x01]),
  delimited(2, Buffer.from([0x08, 0x01])),
]);

/** @throws SourceError */
export function versionOf(answer: Uint8Array): string {
  let version = '';
  eachField(answer, 'GetVersion', (field, value) => {
    if (field === 1 && typeof value !== 'number') version = Buffer.from(value).toString('utf8');
  });
  return version;
}

/**
 * Names of the policies that listen now, for all of the node.
 *
 * @throws SourceError
 */
export function policiesOf(answer: Uint8Array): ReadonlySet<string> {
  const names = new Set<string>();
  eachField(answer, 'ListTracingPolicies', (field, value) => {
    if (field !== 1 || typeof value === 'number') return;
    const policy = policyOf(value);
    if (policy.listens && policy.namespace === '' && isName(policy.name)) names.add(policy.name);
  });
  return names;
}

/** As Kubernetes lets objects be called: it goes into reports, which have a measure. */
function isName(name: string): boolean {
  return /^[a-z0-9][a-z0-9.-]{0,252}$/.test(name);
}

const state = { unknown: 0, enabled: 1 } as const;

function policyOf(bytes: Uint8Array) {
  const texts = new Map<number, string>();
  const numbers = new Map<number, number>();
  eachField(bytes, 'ListTracingPolicies', (field, value) => {
    if (typeof value === 'number') numbers.set(field, value);
    else texts.set(field, Buffer.from(value).toString('utf8'));
  });
  const now = numbers.get(9) ?? state.unknown;
  // Releases before v1.2 tell of no state, but whether it is enabled.
  const listens = now === state.enabled || (now === state.unknown && numbers.get(6) === 1);
  return { name: texts.get(2) ?? '', namespace: texts.get(3) ?? '', listens };
}

type EachField = (field: number, value: number | Uint8Array) => void;

function eachField(bytes: Uint8Array, what: string, each: EachField): void {
  const at = { at: 0 };
  while (at.at < bytes.length) {
    const tag = varint(bytes, at, what);
    const type = tag % 8;
    if (type === 0) {
      each(Math.floor(tag / 8), varint(bytes, at, what));
      continue;
    }
    const length = type === 2 ? varint(bytes, at, what) : fixedLength(type, what);
    const end = at.at + length;
    if (end > bytes.length) throw malformed(what);
    if (type === 2) each(Math.floor(tag / 8), bytes.subarray(at.at, end));
    at.at = end;
  }
}

function fixedLength(type: number, what: string): number {
  if (type === 1) return 8;
  if (type === 5) return 4;
  throw malformed(what);
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
    `Tetragon's answer to ${what} is no such message; another service listens there, or a release Whorl does not know`,
  );
}

function varintOf(value: number): number[] {
  const bytes: number[] = [];
  for (let rest = value; ; rest >>>= 7) {
    if (rest < 0x80) return [...bytes, rest];
    bytes.push((rest & 0x7f) | 0x80);
  }
}

/** A field of bytes, shorter than 128. */
function delimited(field: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]);
}
