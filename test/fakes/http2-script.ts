import { frame as grpcMessage } from '../../agent/adapters/grpc-stream/frame.ts';
import {
  flags,
  frameOf,
  frameTypes,
  goawayFrame,
  maxFrame,
  numberFrame,
  settingsFrame,
} from '../../agent/adapters/grpc-stream/http2/frames.ts';
import { encodeHeaders } from '../../agent/adapters/grpc-stream/http2/hpack.ts';

/** What a gRPC server writes, frame by frame, so that a test may cut, pad, mix and break it. */

type Fields = readonly (readonly [string, string])[];

/** A block begins by saying that no table is used, as RFC 7541 §4.2 asks of who was told so. */
const noTable = Buffer.from([0x20]);

export function block(fields: Fields): Buffer {
  return Buffer.concat([noTable, encodeHeaders(fields)]);
}

export function settings(...values: readonly (readonly [number, number])[]): Buffer {
  return settingsFrame(values);
}

export const settingsAck = frameOf(frameTypes.settings, flags.ack, 0, new Uint8Array());

export function ping(payload = 'pingping'): Buffer {
  return frameOf(frameTypes.ping, 0, 0, Buffer.from(payload));
}

export const answerFields: Fields = [
  [':status', '200'],
  ['content-type', 'application/grpc+proto'],
];

export function headers(fields: Fields, options: { end?: boolean; stream?: number } = {}): Buffer {
  const { end = false, stream = 1 } = options;
  return frameOf(frameTypes.headers, flags.endHeaders | (end ? flags.endStream : 0), stream, block(fields));
}

/** The same in as many frames as there are cuts and one. */
export function splitHeaders(fields: Fields, cuts: readonly number[], end = false): Buffer {
  const whole = block(fields);
  const parts = [...cuts, whole.length].map((to, i) => whole.subarray(cuts[i - 1] ?? 0, to));
  return Buffer.concat(
    parts.map((part, i) => {
      const last = i === parts.length - 1 ? flags.endHeaders : 0;
      return i === 0
        ? frameOf(frameTypes.headers, last | (end ? flags.endStream : 0), 1, part)
        : frameOf(frameTypes.continuation, last, 1, part);
    }),
  );
}

export function trailers(status: number, message = '', stream = 1): Buffer {
  const fields: Fields = [
    ['grpc-status', String(status)],
    ...(message === '' ? [] : [['grpc-message', message] as const]),
  ];
  return headers(fields, { end: true, stream });
}

/** Bytes of the body, in as many frames as they need. */
export function data(
  bytes: Uint8Array,
  options: { pad?: number; end?: boolean; stream?: number } = {},
): Buffer {
  const { pad, end = false, stream = 1 } = options;
  const most = maxFrame - (pad === undefined ? 0 : pad + 1);
  const frames: Buffer[] = [];
  for (let at = 0; at < bytes.length || frames.length === 0; at += most) {
    const part = bytes.subarray(at, at + most);
    const isLast = end && at + most >= bytes.length;
    const payload = pad === undefined ? part : Buffer.concat([Buffer.from([pad]), part, Buffer.alloc(pad)]);
    const flag = (isLast ? flags.endStream : 0) | (pad === undefined ? 0 : flags.padded);
    frames.push(frameOf(frameTypes.data, flag, stream, payload));
  }
  return Buffer.concat(frames);
}

export function message(bytes: Uint8Array, options?: Parameters<typeof data>[1]): Buffer {
  return data(grpcMessage(bytes), options);
}

export function reset(code: number, stream = 1): Buffer {
  return numberFrame(frameTypes.rstStream, stream, code);
}

export function windowUpdate(increment: number, stream = 0): Buffer {
  return numberFrame(frameTypes.windowUpdate, stream, increment);
}

export function goaway(code: number, last = 2 ** 31 - 1, debug = ''): Buffer {
  const head = goawayFrame(code).subarray(9);
  head.writeUInt32BE(last, 0);
  return frameOf(frameTypes.goaway, 0, 0, Buffer.concat([head, Buffer.from(debug)]));
}
