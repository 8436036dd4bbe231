import { describe, expect, it } from 'vitest';
import {
  type AgentMessage,
  agentMessageToWire,
  type CollectorMessage,
  collectorMessageToWire,
  maxBatchRecords,
  parseAgentMessage,
  parseCollectorMessage,
  WireError,
} from './convert.ts';
import { loadProto } from './load.ts';

const proto = loadProto('whorl.proto');
const up = proto.codec('whorl.v1.AgentMessage');
const down = proto.codec('whorl.v1.CollectorMessage');
const bytes = (text: string) => Buffer.from(text);

const hello = {
  agent: 'a1',
  node: 'node-1',
  cluster: 'local',
  session: '0123456789abcdef0123456789abcdef',
  version: '0.1.0',
  source: 'sensor',
  coverage: ['exec', 'open'],
  acked: 7,
} as const;

const helloWire = {
  protocol_version: 1,
  agent_id: 'a1',
  node: 'n',
  cluster: 'c',
  session: hello.session,
  agent_version: '1',
  source: 's',
};

describe('messages of the agent', () => {
  it.each<[string, AgentMessage]>([
    ['hello', { kind: 'hello', hello }],
    ['hello to a collector that was met', { kind: 'hello', hello: { ...hello, epoch: 'e'.repeat(32) } }],
    ['hello with a kernel', { kind: 'hello', hello: { ...hello, kernel: '6.1.0-25-amd64' } }],
    [
      'heartbeat',
      {
        kind: 'heartbeat',
        beat: {
          time: 1_700_000_000_000_000,
          counters: { events: 12, 'lost.ring': 0.5 },
          spool: { records: 1, bytes: 2, dropped: 3 },
        },
      },
    ],
    ['batch', { kind: 'batch', records: [{ seq: 2 ** 53 - 1, kind: 'incident', json: bytes('{"é":1}') }] }],
  ])('come out of the wire as they went in: %s', (_name, message) => {
    expect(parseAgentMessage(up.decode(up.encode(agentMessageToWire(message))))).toMatchObject(message);
  });

  it.each([1, 2])('tell the version %i that their agent speaks', (protocol_version) => {
    const wire = up.decode(up.encode({ hello: { ...helloWire, protocol_version } }));
    expect(parseAgentMessage(wire)).toMatchObject({ hello: { protocol: protocol_version } });
  });

  it.each<[string, object, RegExp]>([
    ['nothing', {}, /body/],
    [
      'a newer version',
      { hello: { ...helloWire, protocol_version: 3 } },
      /agent speaks version 3 .* collector versions 1 and 2; update the collector/,
    ],
    [
      'version 0, which was never given',
      { hello: { ...helloWire, protocol_version: 0 } },
      /version 0 .* install a newer release/,
    ],
    ['no version', { hello: { ...helloWire, protocol_version: undefined } }, /version 0 /],
    ['an epoch that is no nonce', { hello: { ...helloWire, acked_epoch: 'x' } }, /acked_epoch/],
    ['a session that is no nonce', { hello: { ...helloWire, session: 'x' } }, /session/],
    ['a node with an escape sequence', { hello: { ...helloWire, node: 'n\u001b[2J' } }, /node/],
    ['a node with a bidi override', { hello: { ...helloWire, node: 'n\u202e' } }, /node/],
    ['no node', { hello: { ...helloWire, node: '' } }, /node/],
    ['an agent id with a path', { hello: { ...helloWire, agent_id: '../x' } }, /agent_id/],
    ['an empty batch', { batch: { records: [] } }, /empty/],
    ['a record of unknown kind', { batch: { records: [{ seq: 1, kind: 'x', json: bytes('{}') }] } }, /kind/],
    ['a record without content', { batch: { records: [{ seq: 1, kind: 'gap', json: bytes('') }] } }, /json/],
    [
      'sequence numbers that do not grow',
      { batch: { records: [2, 2].map((seq) => ({ seq, kind: 'gap', json: bytes('{}') })) } },
      /does not grow/,
    ],
    [
      'a sequence number beyond 2^53',
      { batch: { records: [{ seq: '18446744073709551615', kind: 'gap', json: bytes('{}') }] } },
      /seq/,
    ],
    [
      'too many records',
      {
        batch: {
          records: Array.from({ length: maxBatchRecords + 1 }, (_, i) => ({
            seq: i + 1,
            kind: 'gap',
            json: bytes('{}'),
          })),
        },
      },
      /more than 64/,
    ],
    [
      'a counter with a hostile name',
      { heartbeat: { time: 1, counters: { 'a\nb': 1 }, spool: {} } },
      /counters/,
    ],
    [
      'a counter that is no number',
      { heartbeat: { time: 1, counters: { a: Number.NaN }, spool: {} } },
      /counters/,
    ],
  ])('are refused with the field when they hold %s', (_name, wire, message) => {
    const parse = () => parseAgentMessage(up.decode(up.encode(wire)));
    expect(parse).toThrow(WireError);
    expect(parse).toThrow(message);
  });

  it('leave out kinds of coverage that a newer agent may know', () => {
    const parsed = parseAgentMessage(
      up.decode(up.encode({ hello: { ...helloWire, coverage: ['open', 'telepathy'] } })),
    );
    expect(parsed).toMatchObject({ hello: { coverage: ['open'] } });
  });
});

describe('messages of the collector', () => {
  it.each<[string, CollectorMessage]>([
    ['welcome', { kind: 'welcome', collector: 'c1', stored: 12, epoch: 'e'.repeat(32) }],
    ['ack', { kind: 'ack', seq: 5 }],
    ['fingerprint', { kind: 'fingerprint', envelope: bytes('{}') }],
    ['order', { kind: 'order', envelope: bytes('{}') }],
    ['lease', { kind: 'lease', envelope: bytes('{}') }],
    ['refused', { kind: 'refused', code: 'protocol-version', sentence: 'no' }],
  ])('come out of the wire as they went in: %s', (_name, message) => {
    expect(parseCollectorMessage(down.decode(down.encode(collectorMessageToWire(message))))).toEqual(message);
  });

  it('are refused when the collector speaks another version', () => {
    const wire = { welcome: { protocol_version: 3, collector_id: 'c', stored_seq: 1 } };
    expect(() => parseCollectorMessage(down.decode(down.encode(wire)))).toThrow(/collector speaks version 3/);
  });
});
