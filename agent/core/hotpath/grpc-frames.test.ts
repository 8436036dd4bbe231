import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GrpcFrames } from './grpc-frames.ts';

const framed = (payload: Uint8Array, compressed = 0): Uint8Array => {
  const n = payload.length;
  return Uint8Array.from([compressed, n >>> 24, (n >>> 16) & 255, (n >>> 8) & 255, n & 255, ...payload]);
};
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
const bytes = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, 'latin1'));

function collect(frames: GrpcFrames, chunk: Uint8Array): string[] {
  const found: string[] = [];
  frames.push(chunk, (held, from, to) => found.push(text(held.subarray(from, to))));
  return found;
}

describe('messages out of a gRPC stream', () => {
  it('come out whole however the stream is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 9_000 }), { maxLength: 6 }),
        fc.array(fc.integer({ min: 1, max: 5_000 }), { minLength: 1, maxLength: 20 }),
        (payloads, cuts) => {
          const stream = Buffer.concat(payloads.map((p) => framed(p)));
          const frames = new GrpcFrames();
          const found: string[] = [];
          let cut = 0;
          for (let at = 0; at < stream.length; cut++) {
            const to = at + (cuts[cut % cuts.length] ?? 1);
            found.push(...collect(frames, stream.subarray(at, to)));
            at = to;
          }
          expect(found).toEqual(payloads.map(text));
          expect(frames.refused).toBe(0);
        },
      ),
      { numRuns: 200, seed: 1 },
    );
  });

  it('come out one byte at a time', () => {
    const frames = new GrpcFrames();
    const stream = Buffer.concat([framed(bytes('one')), framed(bytes('')), framed(bytes('two'))]);
    const found = [...stream].flatMap((byte) => collect(frames, Uint8Array.of(byte)));
    expect(found).toEqual(['one', '', 'two']);
  });

  it('are passed over and counted when they are compressed, which nobody asked for', () => {
    const frames = new GrpcFrames();
    const stream = Buffer.concat([framed(bytes('x'), 1), framed(bytes('ok'))]);
    expect([...collect(frames, stream.subarray(0, 3)), ...collect(frames, stream.subarray(3))]).toEqual([
      'ok',
    ]);
    expect(frames.refused).toBe(1);
  });

  it.each([7, 100_000])('are passed over and counted when they claim to be huge, cut at %i', (cut) => {
    const length = (64 << 20) + 1;
    const frames = new GrpcFrames();
    const head = Uint8Array.of(0, length >>> 24, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
    const stream = Buffer.concat([head, new Uint8Array(length), framed(bytes('after'))]);
    const found = [stream.subarray(0, cut), stream.subarray(cut)].flatMap((c) => collect(frames, c));
    expect(found).toEqual(['after']);
    expect(frames.refused).toBe(1);
  });

  it('leave the bytes of a chunk to whoever gave it', () => {
    const frames = new GrpcFrames();
    const chunk = Buffer.concat([framed(bytes('whole')), framed(bytes('half'))]);
    const first = Uint8Array.from(chunk.subarray(0, 12));
    collect(frames, first);
    first.fill(0);
    expect(collect(frames, chunk.subarray(12))).toEqual(['half']);
  });

  it('begin anew with a new stream', () => {
    const frames = new GrpcFrames();
    collect(frames, framed(bytes('cut off')).subarray(0, 8));
    frames.reset();
    expect(collect(frames, framed(bytes('fresh')))).toEqual(['fresh']);
  });
});
