import { type CoverageWord, coverageWords } from '../fingerprint/coverage.ts';
import { bad, bytes, count, member, name, object, printableName, WireError } from './wire-fields.ts';

export { WireError };

/**
 * Wire ↔ domain, pure. What comes from the wire is `unknown` and leaves here as a fact or as a `WireError`; what goes
 * to the wire is a plain object with the names of whorl.proto.
 */

const protocolVersion = 2;
/** From which on agents know leases. */
export const leaseProtocol = 2;
/** A collector serves the agents of its own version and of the one before: a fleet is not updated in one minute. */
const oldestServed = 1;

/** A report of 256 KiB is 32 drifts with the longest strings there are; a batch holds at least one. */
export const maxRecordBytes = 256 * 1024;
export const maxBatchRecords = 64;
export const maxBatchBytes = 256 * 1024;
/** docs/format.md: the largest envelope that is read. */
const maxEnvelopeBytes = 4 * 1024 * 1024;
/** A full batch and its framing. */
export const maxAgentMessageBytes = maxBatchBytes + maxRecordBytes;
export const maxCollectorMessageBytes = maxEnvelopeBytes + 64 * 1024;
const maxCounters = 512;
const maxSentence = 1024;

export const recordKinds = [
  'instance',
  'novelty',
  'support',
  'incident',
  'receipt',
  'gap',
  'canary',
] as const;
export type RecordKind = (typeof recordKinds)[number];

export const refusedCodes = [
  'protocol-version',
  'bad-message',
  'replaced',
  'shutting-down',
  'store-unavailable',
  'no-certificate',
  'certificate-unknown',
  'certificate-expired',
  'certificate-early',
  'revoked',
  'node-mismatch',
  'cluster-mismatch',
  'agent-elsewhere',
  'too-many-agents',
] as const;
export type RefusedCode = (typeof refusedCodes)[number];

export interface Hello {
  readonly agent: string;
  readonly node: string;
  readonly cluster: string;
  readonly session: string;
  readonly version: string;
  readonly source: string;
  readonly coverage: readonly CoverageWord[];
  readonly acked: number;
  /** Release of the kernel; agents before protocol 2 do not tell it. */
  readonly kernel?: string;
  /** The epoch of the collector under which that was; absent: never told one. */
  readonly epoch?: string;
}

/** A hello that came, with the version of the protocol that its agent speaks. */
export interface ReadHello extends Hello {
  readonly protocol: number;
}

export interface WireHeartbeat {
  readonly time: number;
  readonly counters: Readonly<Record<string, number>>;
  readonly spool: { readonly records: number; readonly bytes: number; readonly dropped: number };
}

export interface WireRecord {
  readonly seq: number;
  readonly kind: RecordKind;
  /** JSON of a report; read by fingerprint/report-json.ts, not here. */
  readonly json: Uint8Array;
}

export type AgentMessage =
  | { readonly kind: 'hello'; readonly hello: Hello }
  | { readonly kind: 'heartbeat'; readonly beat: WireHeartbeat }
  | { readonly kind: 'batch'; readonly records: readonly WireRecord[] };

/** As it came: a hello tells which version its agent speaks. */
export type ReadAgentMessage =
  | Exclude<AgentMessage, { readonly kind: 'hello' }>
  | { readonly kind: 'hello'; readonly hello: ReadHello };

export type CollectorMessage =
  | {
      readonly kind: 'welcome';
      readonly collector: string;
      readonly stored: number;
      /** Of what the collector has; absent: it tells none. */
      readonly epoch?: string;
      /** The version that the agent speaks; absent: ours. */
      readonly protocol?: number;
    }
  | { readonly kind: 'ack'; readonly seq: number }
  | { readonly kind: 'fingerprint'; readonly envelope: Uint8Array }
  | { readonly kind: 'order'; readonly envelope: Uint8Array }
  | { readonly kind: 'lease'; readonly envelope: Uint8Array }
  | { readonly kind: 'refused'; readonly code: RefusedCode; readonly sentence: string };

export function agentMessageToWire(message: AgentMessage): object {
  switch (message.kind) {
    case 'hello':
      return { hello: helloToWire(message.hello) };
    case 'heartbeat':
      return { heartbeat: message.beat };
    case 'batch':
      return { batch: { records: message.records } };
  }
}

function helloToWire(hello: Hello): object {
  return {
    protocol_version: protocolVersion,
    agent_id: hello.agent,
    node: hello.node,
    cluster: hello.cluster,
    session: hello.session,
    agent_version: hello.version,
    source: hello.source,
    coverage: hello.coverage,
    acked_seq: hello.acked,
    acked_epoch: hello.epoch ?? '',
    ...(hello.kernel === undefined ? {} : { kernel: hello.kernel }),
  };
}

export function collectorMessageToWire(message: CollectorMessage): object {
  switch (message.kind) {
    case 'welcome':
      return {
        welcome: {
          protocol_version: message.protocol ?? protocolVersion,
          collector_id: message.collector,
          stored_seq: message.stored,
          epoch: message.epoch ?? '',
        },
      };
    case 'ack':
      return { ack: { seq: message.seq } };
    case 'fingerprint':
      return { fingerprint: { envelope: message.envelope } };
    case 'order':
      return { order: { envelope: message.envelope } };
    case 'lease':
      return { lease: { envelope: message.envelope } };
    case 'refused':
      return { refused: { code: message.code, sentence: message.sentence.slice(0, maxSentence) } };
  }
}

/** @throws WireError `protocol-version` before anything else of a hello is looked at; `bad-message` with the field */
export function parseAgentMessage(wire: object): ReadAgentMessage {
  const body = member(wire, 'body');
  switch (body) {
    case 'hello':
      return { kind: 'hello', hello: parseHello(object(wire, 'hello')) };
    case 'heartbeat':
      return { kind: 'heartbeat', beat: parseHeartbeat(object(wire, 'heartbeat')) };
    case 'batch':
      return { kind: 'batch', records: parseBatch(object(wire, 'batch')) };
    default:
      throw bad('body', 'holds no message that is known');
  }
}

function parseHello(hello: object): ReadHello {
  const protocol = servedVersion(hello);
  return {
    protocol,
    agent: name(hello, 'agent_id', /^[0-9a-zA-Z][0-9a-zA-Z._-]{0,127}$/),
    node: name(hello, 'node', printableName),
    cluster: name(hello, 'cluster', printableName),
    session: name(hello, 'session', /^[0-9a-f]{32}$/),
    version: name(hello, 'agent_version', printableName),
    source: name(hello, 'source', printableName),
    coverage: parseCoverage(member(hello, 'coverage')),
    acked: count(hello, 'acked_seq'),
    ...epochOf(hello, 'acked_epoch'),
    ...kernelOf(hello),
  };
}

/** Empty from agents that do not tell it. */
function kernelOf(hello: object): { kernel?: string } {
  const said = member(hello, 'kernel');
  return said === undefined || said === '' ? {} : { kernel: name(hello, 'kernel', printableName) };
}

function parseCoverage(value: unknown): CoverageWord[] {
  const given: readonly unknown[] = Array.isArray(value) ? value : [];
  // A newer agent may see what this collector does not know yet: left out, not refused.
  return coverageWords.filter((word) => given.includes(word));
}

function parseHeartbeat(beat: object): WireHeartbeat {
  const counters = Object.entries(object(beat, 'counters'));
  if (counters.length > maxCounters) throw bad('counters', `has more than ${maxCounters} entries`);
  const spool = object(beat, 'spool');
  return {
    time: count(beat, 'time'),
    counters: Object.fromEntries(counters.map(([key, value]) => [counterName(key), finite(value)])),
    spool: {
      records: count(spool, 'records'),
      bytes: count(spool, 'bytes'),
      dropped: count(spool, 'dropped'),
    },
  };
}

function counterName(key: string): string {
  if (!/^[0-9a-zA-Z._-]{1,128}$/.test(key)) throw bad('counters', 'has a name that is not plain');
  return key;
}

function finite(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw bad('counters', 'has a value that is no number');
  return value;
}

function parseBatch(batch: object): WireRecord[] {
  const records = member(batch, 'records');
  if (!Array.isArray(records) || records.length === 0) throw bad('batch', 'is empty');
  if (records.length > maxBatchRecords) throw bad('batch', `has more than ${maxBatchRecords} records`);
  const parsed = records.map((record: unknown) => parseRecord(record));
  parsed.reduce((before, { seq }) => {
    if (seq <= before) throw bad('batch.records.seq', 'does not grow');
    return seq;
  }, 0);
  return parsed;
}

function parseRecord(record: unknown): WireRecord {
  if (typeof record !== 'object' || record === null) throw bad('batch.records', 'holds no record');
  const json = bytes(record, 'json', maxRecordBytes);
  const said = member(record, 'kind');
  const kind = recordKinds.find((k) => k === said);
  if (kind === undefined) throw bad('batch.records.kind', 'is not known');
  return { seq: count(record, 'seq'), kind, json };
}

/** @throws WireError */
export function parseCollectorMessage(wire: object): CollectorMessage {
  const body = member(wire, 'body');
  switch (body) {
    case 'welcome': {
      const welcome = object(wire, 'welcome');
      checkVersion(welcome);
      return {
        kind: 'welcome',
        collector: name(welcome, 'collector_id', printableName),
        stored: count(welcome, 'stored_seq'),
        ...epochOf(welcome, 'epoch'),
      };
    }
    case 'ack':
      return { kind: 'ack', seq: count(object(wire, 'ack'), 'seq') };
    case 'fingerprint':
      return {
        kind: 'fingerprint',
        envelope: bytes(object(wire, 'fingerprint'), 'envelope', maxEnvelopeBytes),
      };
    case 'order':
      return { kind: 'order', envelope: bytes(object(wire, 'order'), 'envelope', maxEnvelopeBytes) };
    case 'lease':
      return { kind: 'lease', envelope: bytes(object(wire, 'lease'), 'envelope', maxEnvelopeBytes) };
    case 'refused':
      return parseRefused(object(wire, 'refused'));
    default:
      throw bad('body', 'holds no message that is known');
  }
}

function parseRefused(refused: object): CollectorMessage {
  const said = member(refused, 'code');
  const sentence = member(refused, 'sentence');
  return {
    kind: 'refused',
    // A newer collector may have reasons of its own; the sentence is what a person reads.
    code: refusedCodes.find((code) => code === said) ?? 'bad-message',
    sentence: typeof sentence === 'string' ? sentence.slice(0, maxSentence) : '',
  };
}

function epochOf(message: object, field: string): { readonly epoch?: string } {
  const said = member(message, field);
  return said === undefined || said === '' ? {} : { epoch: name(message, field, /^[0-9a-f]{32}$/) };
}

function servedVersion(hello: object): number {
  const version = count(hello, 'protocol_version');
  if (version >= oldestServed && version <= protocolVersion) return version;
  const serves = `this collector versions ${oldestServed} and ${protocolVersion}`;
  throw new WireError(
    'protocol-version',
    version > protocolVersion
      ? `the agent speaks version ${version} of the protocol and ${serves}; update the collector before its agents`
      : `the agent speaks version ${version} of the protocol and ${serves}; install a newer release of whorl on its node`,
  );
}

function checkVersion(welcome: object): void {
  const version = count(welcome, 'protocol_version');
  if (version === protocolVersion) return;
  throw new WireError(
    'protocol-version',
    `the collector speaks version ${version} of the protocol and this agent version ${protocolVersion}; install the same release of whorl on both`,
  );
}
