import { printable } from '../../../../fingerprint/printable.ts';
import { frame } from '../frame.ts';
import type { CallEnd, GrpcCall, GrpcEndpoint, OnData } from '../grpc.ts';
import { endOf, notGrpc, problem, status } from '../refusal.ts';
import { largestWindow } from './control.ts';
import { frameOf, frameTypes, headLength, maxFrame, numberFrame } from './frames.ts';
import { errorCodes, Http2Error } from './http2-error.ts';

/** What a call needs of its connection. */
export interface CallLine {
  readonly endpoint: GrpcEndpoint;
  /** Bytes of data the server takes on the connection as a whole. */
  sendWindow: number;
  push(frame: Buffer): void;
  /** Sends what was pushed. */
  send(): void;
  /** Settles when the server has read what was sent so far, or after half a second. */
  echoed(): Promise<void>;
  forget(call: Call): void;
}

/** One stream of HTTP/2 that carries a gRPC call. */
export class Call implements GrpcCall {
  readonly id: number;
  readonly ended: Promise<CallEnd>;
  /** Bytes of data that came since the window was last refilled. */
  received = 0;
  sendWindow: number;
  readonly #line: CallLine;
  readonly #path: string;
  readonly #onData: OnData;
  #settle: (end: CallEnd) => void = () => undefined;
  #fail: (error: unknown) => void = () => undefined;
  #isOver = false;
  #isLeaving = false;
  #isOpen = false;
  /** A request that the server has no room for yet. */
  #pending: Buffer | undefined;

  constructor(line: CallLine, id: number, path: string, onData: OnData, sendWindow: number) {
    this.#line = line;
    this.id = id;
    this.#path = path;
    this.#onData = onData;
    this.sendWindow = sendWindow;
    this.ended = new Promise((resolve, reject) => {
      this.#settle = resolve;
      this.#fail = reject;
    });
  }

  write(request: Uint8Array): boolean {
    return this.send(request, 0);
  }

  /** @param flag whether it is the last */
  send(request: Uint8Array, flag: number): boolean {
    if (this.#isOver || this.#isLeaving || this.#pending !== undefined) return false;
    if (request.length + 5 > maxFrame) throw new RangeError('a request must fit one frame');
    this.#pending = frameOf(frameTypes.data, flag, this.id, frame(request));
    this.sendPending();
    this.#line.send();
    return true;
  }

  /** The server may have room now. */
  sendPending(): void {
    const pending = this.#pending;
    if (pending === undefined) return;
    const length = pending.length - headLength;
    if (length > this.sendWindow || length > this.#line.sendWindow) return;
    this.sendWindow -= length;
    this.#line.sendWindow -= length;
    this.#pending = undefined;
    this.#line.push(pending);
  }

  /** @throws Http2Error */
  widen(increment: number): void {
    this.sendWindow += increment;
    if (this.sendWindow > largestWindow) throw new Http2Error(errorCodes.flowControl, 'a window overflows');
    this.sendPending();
  }

  /** Whether data of it is wanted now. @throws Http2Error when none may come yet */
  get wantsData(): boolean {
    if (!this.#isOpen) throw new Http2Error(errorCodes.protocol, 'data came before its header');
    return !this.#isLeaving;
  }

  deliver(bytes: Uint8Array): void {
    if (this.#isOver || this.#isLeaving) return;
    try {
      this.#onData(bytes);
    } catch (error) {
      if (this.#isOver) return;
      this.#reset();
      this.#over();
      this.#fail(error);
    }
  }

  /** @throws Http2Error */
  heard(fields: ReadonlyMap<string, string>, isLast: boolean): void {
    const http = fields.get(':status');
    if (this.#isOpen && !isLast) throw new Http2Error(errorCodes.protocol, 'a header came twice');
    if (!this.#isOpen) {
      // An answer in between, such as 103: the true one follows.
      if (http?.startsWith('1') === true && !isLast) return;
      this.#isOpen = true;
      const problem = this.#notGrpc(http, fields.get('content-type'));
      if (problem !== undefined) {
        if (!isLast) this.#reset();
        this.end(problem);
        return;
      }
    }
    if (isLast) this.end(this.#endOf(fields.get('grpc-status'), fields.get('grpc-message') ?? ''));
  }

  #notGrpc(http: string | undefined, type: string | undefined): CallEnd | undefined {
    if (http === '200' && type?.toLowerCase().startsWith('application/grpc') === true) return undefined;
    const what = http === '200' ? `type ${type ?? 'none'}` : `HTTP status ${http ?? 'none'}`;
    return this.#unknown(`it answers with ${printable(what, 80)} instead of gRPC`);
  }

  #endOf(code: string | undefined, message: string): CallEnd {
    if (code === undefined || !/^\d{1,3}$/.test(code))
      return this.#unknown('it ends an answer without gRPC status');
    return endOf(this.#line.endpoint, this.#path, Number(code), unescaped(message));
  }

  #unknown(what: string): CallEnd {
    return { status: status.unknown, error: notGrpc(this.#line.endpoint, what) };
  }

  /** Its data ended, and no trailers came. */
  endedEarly(): void {
    this.end(this.#unknown('it ends an answer without gRPC status'));
  }

  wasReset(code: number): void {
    const refused = code === errorCodes.refusedStream;
    this.end({
      status: refused ? status.unavailable : status.internal,
      error: problem(this.#line.endpoint, 'source-ended', `it reset the stream (HTTP/2 error ${code})`),
    });
  }

  /** The connection is gone, or will be without having looked at this call. */
  lost(why: string): void {
    this.end(endOf(this.#line.endpoint, this.#path, status.unavailable, why));
  }

  cancelled(): void {
    this.end(endOf(this.#line.endpoint, this.#path, status.cancelled, ''));
  }

  end(end: CallEnd): void {
    if (this.#isOver) return;
    this.#over();
    this.#settle(end);
  }

  #over(): void {
    this.#isOver = true;
    this.#pending = undefined;
    this.#line.forget(this);
  }

  #reset(): void {
    this.#line.push(numberFrame(frameTypes.rstStream, this.id, errorCodes.cancel));
    this.#line.send();
  }

  async cancel(): Promise<void> {
    if (this.#isOver || this.#isLeaving) return;
    this.#isLeaving = true;
    // Who leaves a server that still has much to send may stop it for all its other clients (event-sources §1.4): first
    // all that it had sent by now is taken in.
    await this.#line.echoed();
    if (this.#isOver) return;
    this.#reset();
    await this.#line.echoed();
    this.cancelled();
  }
}

/** `grpc-message` is percent-encoded UTF-8; what is not is shown as it is. */
function unescaped(message: string): string {
  try {
    return decodeURIComponent(message);
  } catch {
    return message;
  }
}
