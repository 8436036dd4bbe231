import { printable } from '../../../../fingerprint/printable.ts';
import { flags, settings } from './frames.ts';
import { errorCodes, Http2Error } from './http2-error.ts';

/** What the small frames say that steer a connection. All throw Http2Error at what is none. */

export const largestWindow = 2 ** 31 - 1;

export interface Settings {
  readonly isAck: boolean;
  /** Bytes of data each call may send; undefined: as before. */
  readonly callWindow: number | undefined;
}

export function settingsOf(flag: number, stream: number, payload: Uint8Array): Settings {
  const isAck = (flag & flags.ack) !== 0;
  forConnection(stream, 'settings');
  if (payload.length % 6 !== 0 || (isAck && payload.length > 0)) throw wrongLength();
  let callWindow: number | undefined;
  const view = bufferOf(payload);
  for (let at = 0; at < view.length; at += 6)
    if (view.readUInt16BE(at) === settings.initialWindowSize) callWindow = view.readUInt32BE(at + 2);
  if (callWindow !== undefined && callWindow > largestWindow)
    throw new Http2Error(errorCodes.flowControl, 'a window is too large');
  return { isAck, callWindow };
}

/** @returns whether it answers one of ours */
export function isEcho(flag: number, stream: number, payload: Uint8Array): boolean {
  forConnection(stream, 'a ping');
  if (payload.length !== 8) throw wrongLength();
  return (flag & flags.ack) !== 0;
}

export interface Goodbye {
  /** The last call it has looked at or will. */
  readonly last: number;
  /** For a person. */
  readonly why: string;
}

export function goodbyeOf(stream: number, payload: Uint8Array): Goodbye {
  forConnection(stream, 'a goodbye');
  if (payload.length < 8) throw wrongLength();
  const view = bufferOf(payload);
  const code = view.readUInt32BE(4);
  const said = printable(view.subarray(8, 8 + 256).toString('utf8'));
  const why = code === 0 ? 'it is shutting down' : `it sent us away, HTTP/2 error ${code} ${said}`;
  return { last: view.readUInt32BE(0) & largestWindow, why };
}

export function incrementOf(payload: Uint8Array): number {
  const increment = numberOf(payload) & largestWindow;
  if (increment === 0) throw outOfTurn('a window that does not grow');
  return increment;
}

/** The one number that is a payload. */
export function numberOf(payload: Uint8Array): number {
  if (payload.length !== 4) throw wrongLength();
  return bufferOf(payload).readUInt32BE(0);
}

export function outOfTurn(what: string): Http2Error {
  return new Http2Error(errorCodes.protocol, `it sent ${what} out of turn`);
}

function forConnection(stream: number, what: string): void {
  if (stream !== 0) throw outOfTurn(`${what} for a stream`);
}

function wrongLength(): Http2Error {
  return new Http2Error(errorCodes.frameSize, 'a frame has the wrong length');
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}
