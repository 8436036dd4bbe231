import { type Asked, delimited, eachField, varintOf } from '../grpc-stream/small-message.ts';

/** What goes beside the events, by field number (package `tetragon`, equal in all releases from v1.1 on). */

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
  eachField(answer, asked('GetVersion'), (field, value) => {
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
  eachField(answer, asked('ListTracingPolicies'), (field, value) => {
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
  eachField(bytes, asked('ListTracingPolicies'), (field, value) => {
    if (typeof value === 'number') numbers.set(field, value);
    else texts.set(field, Buffer.from(value).toString('utf8'));
  });
  const now = numbers.get(9) ?? state.unknown;
  // Releases before v1.2 tell of no state, but whether it is enabled.
  const listens = now === state.enabled || (now === state.unknown && numbers.get(6) === 1);
  return { name: texts.get(2) ?? '', namespace: texts.get(3) ?? '', listens };
}

function asked(method: string): Asked {
  return { called: 'Tetragon', method };
}
