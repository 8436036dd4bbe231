import { describe, expect, it } from 'vitest';
import { loadProto } from './load.ts';

describe('loadProto', () => {
  const proto = loadProto('whorl.proto');

  it('gives grpc-js a bidirectional method under its full path', () => {
    expect(proto.method('whorl.v1.Collector', 'Connect')).toMatchObject({
      path: '/whorl.v1.Collector/Connect',
      requestStream: true,
      responseStream: true,
    });
    expect(Object.keys(proto.service('whorl.v1.Collector'))).toEqual(['Connect']);
  });

  it('keeps the names of the file and reads 64 bits as numbers', () => {
    const codec = proto.codec('whorl.v1.Hello');
    expect(codec.decode(codec.encode({ agent_id: 'a', acked_seq: 2 ** 52 }))).toMatchObject({
      agent_id: 'a',
      acked_seq: 2 ** 52,
    });
  });

  it('does not share encoded bytes between messages', () => {
    const codec = proto.codec('whorl.v1.Ack');
    const first = codec.encode({ seq: 1 });
    codec.encode({ seq: 2 });
    expect(codec.decode(first)).toEqual({ seq: 1 });
  });

  it('says which method a service lacks', () => {
    expect(() => proto.method('whorl.v1.Collector', 'Nope')).toThrow(/has no method Nope/);
  });
});
