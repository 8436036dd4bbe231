import { describe, expect, it } from 'vitest';
import {
  answerFields,
  block,
  data,
  goaway,
  headers,
  message,
  ping,
  reset,
  settings,
  settingsAck,
  splitHeaders,
  trailers,
  windowUpdate,
} from '../../../../test/fakes/http2-script.ts';
import type { CallEnd } from '../grpc.ts';
import { flags, frameOf, frameTypes } from './frames.ts';
import { Session } from './session.ts';

const endpoint = { called: 'Tracee', address: 'unix:/run/tracee.sock' };

/** A session with one call open, and what comes of the bytes of a server. */
function aSession() {
  const sent: Buffer[] = [];
  const got: Buffer[] = [];
  let error: Error | undefined;
  let isOver = false;
  const session = new Session(endpoint, {
    send: (bytes) => sent.push(Buffer.from(bytes)),
    over: (why) => {
      error = why;
      isOver = true;
    },
  });
  session.start();
  const call = session.open(
    '/a.B/C',
    Buffer.from('ask'),
    (bytes) => got.push(Buffer.from(bytes)),
    flags.endStream,
  );
  let end: CallEnd | undefined;
  void call.ended.then((e) => {
    end = e;
  });
  return {
    session,
    call,
    /** Frames sent since the beginning: type and the rest. */
    frames: () => framesOf(Buffer.concat(sent).subarray(24)),
    took: sent,
    payload: () => Buffer.concat(got),
    parts: got,
    feed: (...bytes: Uint8Array[]) => {
      for (const part of bytes) session.receive(Buffer.from(part), part.length);
    },
    end: async () => {
      await new Promise((resolve) => setImmediate(resolve));
      return end;
    },
    over: () => ({ error, isOver }),
  };
}

function framesOf(bytes: Buffer): { type: number; flag: number; stream: number; payload: Buffer }[] {
  const found = [];
  for (let at = 0; at < bytes.length; ) {
    const length = bytes.readUIntBE(at, 3);
    const payload = bytes.subarray(at + 9, at + 9 + length);
    found.push({
      type: bytes[at + 3] ?? 0,
      flag: bytes[at + 4] ?? 0,
      stream: bytes.readUInt32BE(at + 5),
      payload,
    });
    at += 9 + length;
  }
  return found;
}

const greeting = settings([4, 65_535]);
const one = Buffer.from('one');
const two = Buffer.from('two, a little longer');
const framed = (bytes: Uint8Array) => Buffer.from([0, 0, 0, 0, bytes.length, ...bytes]);

/** A stream with everything that may come between. */
const everything = Buffer.concat([
  greeting,
  settingsAck,
  windowUpdate(1_000),
  headers([[':status', '103']]),
  splitHeaders([...answerFields, ['server', 'x'.repeat(40)]], [3, 3, 20]),
  message(one),
  ping(),
  message(two, { pad: 7 }),
  frameOf(frameTypes.priority, 0, 1, Buffer.alloc(5)),
  frameOf(0xee, 0xff, 77, Buffer.from('of a later version')),
  data(new Uint8Array()),
  data(new Uint8Array(), { pad: 0 }),
  windowUpdate(5, 1),
  settings([4, 1_000_000], [99, 1]),
  data(Buffer.concat([framed(one), framed(two)]).subarray(0, 9)),
  data(Buffer.concat([framed(one), framed(two)]).subarray(9)),
  trailers(5, 'gone%20%E2%9C%93'),
]);
const everythingSays = Buffer.concat([framed(one), framed(two), framed(one), framed(two)]);

describe('a session of HTTP/2', () => {
  it('opens with the preface, its settings, a wide window and the request', () => {
    const { took, frames } = aSession();
    expect(Buffer.concat(took).subarray(0, 24).toString('latin1')).toBe('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
    expect(frames().map((f) => [f.type, f.flag, f.stream])).toEqual([
      [frameTypes.settings, 0, 0],
      [frameTypes.windowUpdate, 0, 0],
      [frameTypes.headers, flags.endHeaders, 1],
      [frameTypes.data, flags.endStream, 1],
    ]);
    expect(frames()[3]?.payload).toEqual(framed(Buffer.from('ask')));
  });

  it('reads a stream with all that may come between', async () => {
    const s = aSession();
    s.feed(everything);
    expect(s.payload()).toEqual(everythingSays);
    const end = await s.end();
    expect(end?.status).toBe(5);
    expect(end?.error.message).toContain('gone ✓');
    expect(s.frames().filter((f) => f.type === frameTypes.ping)).toEqual([
      { type: frameTypes.ping, flag: flags.ack, stream: 0, payload: Buffer.from('pingping') },
    ]);
    expect(s.frames().filter((f) => f.type === frameTypes.settings && f.flag === flags.ack)).toHaveLength(2);
  });

  it('reads the same wherever it is cut', async () => {
    for (let cut = 1; cut < everything.length; cut++) {
      const s = aSession();
      s.feed(everything.subarray(0, cut), everything.subarray(cut));
      expect(s.payload(), `cut at ${cut}`).toEqual(everythingSays);
      expect((await s.end())?.status, `cut at ${cut}`).toBe(5);
    }
  });

  it('reads the same byte by byte', async () => {
    const s = aSession();
    s.feed(...Array.from(everything, (byte) => Buffer.from([byte])));
    expect(s.payload()).toEqual(everythingSays);
    expect((await s.end())?.status).toBe(5);
  });

  it('hands over in one piece what was read at once', () => {
    const s = aSession();
    s.feed(Buffer.concat([greeting, headers(answerFields), message(one), message(two), message(one)]));
    expect(s.parts).toEqual([Buffer.concat([framed(one), framed(two), framed(one)])]);
  });

  it('answers a ping before anything that came with it is judged', () => {
    const s = aSession();
    s.feed(greeting, headers(answerFields));
    let answered = false;
    s.session.open(
      '/a.B/D',
      new Uint8Array(),
      () => {
        answered = s.frames().some((f) => f.type === frameTypes.ping);
      },
      0,
    );
    s.feed(Buffer.concat([headers(answerFields, { stream: 3 }), message(one, { stream: 3 }), ping()]));
    expect(answered).toBe(true);
  });

  it('refills both windows before the server has used up half', () => {
    const s = aSession();
    s.feed(greeting, headers(answerFields));
    const part = data(Buffer.alloc(1 << 20), {});
    for (let i = 0; i < 40; i++) s.feed(part);
    const updates = s
      .frames()
      .filter((f) => f.type === frameTypes.windowUpdate)
      .slice(1);
    const total = (stream: number) =>
      updates.filter((f) => f.stream === stream).reduce((sum, f) => sum + f.payload.readUInt32BE(0), 0);
    expect(total(0)).toBe(40 << 20);
    expect(total(1)).toBe(40 << 20);
    expect(updates).toHaveLength(10);
  });

  it('counts padding and data of calls that are gone for the window', async () => {
    const s = aSession();
    s.feed(greeting, headers(answerFields), reset(8));
    expect((await s.end())?.status).toBe(13);
    for (let i = 0; i < 9; i++) s.feed(data(Buffer.alloc(1 << 20), { pad: 200 }));
    expect(s.frames().filter((f) => f.type === frameTypes.windowUpdate && f.stream === 0)).toHaveLength(2);
    expect(s.payload()).toHaveLength(0);
  });

  it('gives each call its own data', () => {
    const s = aSession();
    const other: Buffer[] = [];
    s.session.open('/a.B/D', new Uint8Array(), (bytes) => other.push(Buffer.from(bytes)), flags.endStream);
    s.feed(
      Buffer.concat([
        greeting,
        headers(answerFields),
        headers(answerFields, { stream: 3 }),
        message(one),
        message(two, { stream: 3 }),
        message(one),
      ]),
    );
    expect(s.payload()).toEqual(Buffer.concat([framed(one), framed(one)]));
    expect(Buffer.concat(other)).toEqual(framed(two));
  });

  it('keeps a request back until the server has room, and takes no second one', () => {
    const s = aSession();
    s.feed(settings([4, 0]));
    const call = s.session.open('/a.B/D', one, () => undefined, 0);
    const requests = () => s.frames().filter((f) => f.type === frameTypes.data && f.stream === 3);
    expect(requests()).toHaveLength(0);
    expect(call.write(two)).toBe(false);
    s.feed(windowUpdate(8, 3));
    expect(requests().map((f) => f.payload)).toEqual([framed(one)]);
    expect(call.write(two)).toBe(true);
    s.feed(settings([4, 1_000]));
    expect(requests().map((f) => f.payload)).toEqual([framed(one), framed(two)]);
  });

  it('leaves only when the server has heard of it, and reads on until then', async () => {
    const s = aSession();
    s.feed(greeting, headers(answerFields));
    const left = s.call.cancel();
    s.feed(message(one));
    expect(s.frames().at(-1)?.type).toBe(frameTypes.ping);
    const echo = () => s.feed(frameOf(frameTypes.ping, flags.ack, 0, Buffer.from('whorl!!!')));
    echo();
    await new Promise((resolve) => setImmediate(resolve));
    expect(
      s
        .frames()
        .slice(-2)
        .map((f) => f.type),
    ).toEqual([frameTypes.rstStream, frameTypes.ping]);
    s.feed(message(two));
    echo();
    await left;
    expect((await s.end())?.status).toBe(1);
    expect(s.payload()).toHaveLength(0);
  });

  it('leaves a server that says nothing any more after a second', async () => {
    const s = aSession();
    await s.call.cancel();
    expect((await s.end())?.status).toBe(1);
  });

  it('ends a call with what its taker throws, and the connection goes on', async () => {
    const s = aSession();
    const call = s.session.open(
      '/a.B/D',
      new Uint8Array(),
      () => {
        throw new Error('mine');
      },
      flags.endStream,
    );
    s.feed(
      greeting,
      headers(answerFields),
      headers(answerFields, { stream: 3 }),
      message(one, { stream: 3 }),
      message(two),
    );
    await expect(call.ended).rejects.toThrow('mine');
    expect(s.payload()).toEqual(framed(two));
  });

  it.each<[string, Uint8Array[], number, string]>([
    ['a well-ended stream', [headers(answerFields), trailers(0)], 0, 'it ended the stream'],
    [
      'an unknown method',
      [headers([...answerFields, ['grpc-status', '12']], { end: true })],
      12,
      'it knows no /a.B/C',
    ],
    [
      'no status',
      [headers(answerFields), message(one, { end: true })],
      2,
      'ends an answer without gRPC status',
    ],
    [
      'a status that is none',
      [headers(answerFields), headers([['grpc-status', '4x']], { end: true })],
      2,
      'without gRPC status',
    ],
    [
      'a page',
      [
        headers([
          [':status', '404'],
          ['content-type', 'text/html'],
        ]),
      ],
      2,
      'HTTP status 404 instead of gRPC',
    ],
    [
      'another type',
      [
        headers([
          [':status', '200'],
          ['content-type', 'text/html'],
        ]),
      ],
      2,
      'type text/html instead of gRPC',
    ],
    ['a reset', [headers(answerFields), reset(2)], 13, 'it reset the stream (HTTP/2 error 2)'],
    ['a refusal', [reset(7)], 14, 'it reset the stream (HTTP/2 error 7)'],
    ['a goodbye before us', [goaway(0, 0)], 14, 'it is shutting down'],
    ['a message not escaped rightly', [headers(answerFields), trailers(9, 'half %E2%9')], 9, 'half %E2%9'],
    ['control characters', [headers(answerFields), trailers(9, 'a%1B%5B31m')], 9, 'a\\x1b[31m'],
  ])('ends with %s', async (_, frames, status, sentence) => {
    const s = aSession();
    s.feed(greeting, ...frames);
    const end = await s.end();
    expect(end?.status).toBe(status);
    expect(end?.error.message).toContain('Tracee at unix:/run/tracee.sock');
    expect(end?.error.message).toContain(sentence);
    expect(s.over().isOver).toBe(false);
  });

  it('reads a stream to its end after a goodbye, and says it when the connection closes', async () => {
    const s = aSession();
    s.feed(greeting, headers(answerFields), goaway(11, 1, 'too_many_pings'), message(one));
    expect(s.payload()).toEqual(framed(one));
    s.session.lost('');
    expect((await s.end())?.error.message).toContain('HTTP/2 error 11 too_many_pings');
    const late = s.session.open('/a.B/D', one, () => undefined, 0);
    expect((await late.ended).status).toBe(14);
  });

  const opened = [greeting, headers(answerFields)];
  it.each<[string, Uint8Array[], number]>([
    ['no settings first', [ping()], 1],
    ['an acknowledgement first', [settingsAck], 1],
    ['HTTP/1', [Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')], 6],
    ['a frame that is too long', [...opened, Buffer.from([0, 64, 1, 0, 0, 0, 0, 0, 1])], 6],
    ['settings of odd length', [...opened, frameOf(frameTypes.settings, 0, 0, Buffer.alloc(5))], 6],
    [
      'an acknowledgement that says something',
      [...opened, frameOf(frameTypes.settings, 1, 0, Buffer.alloc(6))],
      6,
    ],
    ['settings for a stream', [...opened, frameOf(frameTypes.settings, 0, 1, Buffer.alloc(0))], 1],
    ['a window that is too large', [...opened, settings([4, 2 ** 31])], 3],
    ['a window that overflows', [...opened, windowUpdate(2 ** 31 - 1)], 3],
    ["a call's window that overflows", [...opened, windowUpdate(2 ** 31 - 1, 1)], 3],
    ['a window that does not grow', [...opened, windowUpdate(0)], 1],
    ['a short ping', [...opened, frameOf(frameTypes.ping, 0, 0, Buffer.alloc(7))], 6],
    ['a ping for a stream', [...opened, frameOf(frameTypes.ping, 0, 1, Buffer.alloc(8))], 1],
    ['a short reset', [...opened, frameOf(frameTypes.rstStream, 0, 1, Buffer.alloc(3))], 6],
    ['a short goodbye', [...opened, frameOf(frameTypes.goaway, 0, 0, Buffer.alloc(7))], 6],
    ['a promise', [...opened, frameOf(frameTypes.pushPromise, flags.endHeaders, 1, Buffer.alloc(5))], 1],
    ['data for a stream nobody opened', [...opened, data(one, { stream: 5 })], 1],
    ['data for a stream of the server', [...opened, data(one, { stream: 2 })], 1],
    ['data for the connection', [...opened, data(one, { stream: 0 })], 1],
    ['data before its header', [greeting, data(one)], 1],
    ['a header for a stream nobody opened', [...opened, headers(answerFields, { stream: 7 })], 1],
    ['a header twice', [...opened, headers(answerFields)], 1],
    [
      'data within a header',
      [greeting, frameOf(frameTypes.headers, 0, 1, block(answerFields)), data(one)],
      1,
    ],
    [
      'a header that goes on and did not begin',
      [...opened, frameOf(frameTypes.continuation, 4, 1, Buffer.alloc(0))],
      1,
    ],
    ['padding alone', [...opened, frameOf(frameTypes.data, flags.padded, 1, Buffer.from([9, 1]))], 1],
    [
      'padding without a byte that says so',
      [...opened, frameOf(frameTypes.data, flags.padded, 1, Buffer.alloc(0))],
      6,
    ],
    [
      'a header of padding alone',
      [greeting, frameOf(frameTypes.headers, flags.padded | 4, 1, Buffer.from([9, 1]))],
      1,
    ],
    ['fields that cannot be read', [greeting, frameOf(frameTypes.headers, 4, 1, Buffer.from([0xbe]))], 9],
    ['a header in a hundred parts', [greeting, splitHeaders(answerFields, Array(100).fill(1))], 11],
  ])('ends the connection at %s', async (_, frames, code) => {
    const s = aSession();
    s.feed(...frames);
    const last = s.frames().at(-1);
    expect(last?.type).toBe(frameTypes.goaway);
    expect(last?.payload.readUInt32BE(4)).toBe(code);
    expect(s.over().isOver).toBe(true);
    expect((await s.end())?.status).toBe(14);
    // It reads no more, and holds nothing.
    s.feed(message(one));
    expect(s.payload()).toHaveLength(0);
  });

  it('hands over what came before the break', () => {
    const s = aSession();
    s.feed(Buffer.concat([...opened, message(one), frameOf(frameTypes.ping, 0, 1, Buffer.alloc(8))]));
    expect(s.payload()).toEqual(framed(one));
  });
});
