import { authorityOf } from '../endpoint.ts';
import type { GrpcEndpoint, OnData } from '../grpc.ts';
import { Call, type CallLine } from './call.ts';
import {
  type Goodbye,
  goodbyeOf,
  incrementOf,
  isEcho,
  largestWindow,
  numberOf,
  outOfTurn,
  type Settings,
  settingsOf,
} from './control.ts';
import { FrameReader, type FrameTaker } from './frame-reader.ts';
import {
  flags,
  frameOf,
  frameTypes,
  goawayFrame,
  numberFrame,
  preface,
  settings,
  settingsFrame,
} from './frames.ts';
import { HeaderBlock, type Headers } from './header-block.ts';
import { encodeHeaders, maxHeaderList } from './hpack.ts';
import { errorCodes, Http2Error } from './http2-error.ts';

/**
 * What the server may have under way, for the connection and for each call. Nothing of it is held here: what was read
 * was judged. The server must never wait for our next look, which comes within milliseconds.
 */
const receiveWindow = 16 << 20;
const firstWindow = 65_535;
/** How long a server may take to hear of something before we go on. */
const echoMs = 500;

/** The other end of a session: a socket, or a test. */
export interface SessionOutput {
  send(bytes: Buffer): void;
  /** Nothing more is to be read. @param error how it broke HTTP/2; undefined: it may be closed, nobody needs it */
  over(error: Http2Error | undefined): void;
}

/** One connection of HTTP/2 as a client has it: bytes in, data to the calls, bytes out. Knows no socket. */
export class Session implements FrameTaker, CallLine {
  readonly endpoint: GrpcEndpoint;
  /** Settles when the server has said its settings: it is HTTP/2. */
  readonly greeted: Promise<void>;
  sendWindow = firstWindow;
  readonly #output: SessionOutput;
  readonly #reader = new FrameReader(this);
  readonly #calls = new Map<number, Call>();
  readonly #header = new HeaderBlock();
  #greet: () => void = () => undefined;
  #isGreeted = false;
  #isOver = false;
  #goodbye: string | undefined;
  #nextId = 1;
  #callWindow = firstWindow;
  #received = 0;
  #out: Buffer[] = [];
  #echoes: (() => void)[] = [];
  /** The call whose data is read now; undefined: nobody wants it. */
  #current: Call | undefined;
  /** Data of one call in what was just read, moved together so that it is handed over once. */
  #run: Call | undefined;
  #runFrom = 0;
  #runTo = 0;
  #bytes: Buffer = Buffer.alloc(0);
  /** The same, handed on: of a Buffer `slice` would give a view that the next read changes. */
  #plain: Uint8Array = new Uint8Array();

  constructor(endpoint: GrpcEndpoint, output: SessionOutput) {
    this.endpoint = endpoint;
    this.#output = output;
    this.greeted = new Promise((resolve) => {
      this.#greet = resolve;
    });
  }

  start(): void {
    this.push(preface);
    this.push(
      settingsFrame([
        [settings.headerTableSize, 0],
        [settings.enablePush, 0],
        [settings.initialWindowSize, receiveWindow],
        [settings.maxHeaderListSize, maxHeaderList],
      ]),
    );
    this.push(numberFrame(frameTypes.windowUpdate, 0, receiveWindow - firstWindow));
    this.send();
  }

  /** The beginning of what came, as long as nothing of it was a frame. */
  get begun(): Uint8Array {
    return this.#reader.begun;
  }

  /** That have begun, of whatever kind. */
  get frames(): number {
    return this.#reader.frames;
  }

  open(path: string, request: Uint8Array, onData: OnData, flag: number): Call {
    const call = new Call(this, this.#nextId, path, onData, this.#callWindow);
    if (this.#isOver || this.#goodbye !== undefined) {
      call.lost(this.#goodbye ?? '');
      return call;
    }
    this.#nextId += 2;
    this.#calls.set(call.id, call);
    this.push(frameOf(frameTypes.headers, flags.endHeaders, call.id, this.#requestHeaders(path)));
    call.send(request, flag);
    return call;
  }

  #requestHeaders(path: string): Buffer {
    return encodeHeaders([
      [':method', 'POST'],
      [':scheme', this.endpoint.ca === undefined ? 'http' : 'https'],
      [':path', path],
      [':authority', authorityOf(this.endpoint)],
      ['content-type', 'application/grpc'],
      ['te', 'trailers'],
    ]);
  }

  /** What was read. Changed by this: data of a call is moved together. */
  receive(bytes: Buffer, length: number): void {
    if (this.#isOver) return;
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
    }
    try {
      this.#reader.read(bytes, length);
      this.#refill();
      this.#handOver();
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error;
      this.#handOver();
      this.fail(error);
    }
    this.send();
  }

  /** The connection ended. */
  lost(why: string): void {
    this.#isOver = true;
    const reason = this.#goodbye ?? why;
    for (const call of [...this.#calls.values()]) call.lost(reason);
    for (const echo of this.#echoes.splice(0)) echo();
  }

  /** The server broke the rules, or we have had enough of it. */
  fail(error: Http2Error): void {
    if (this.#isOver) return;
    this.push(goawayFrame(error.code));
    // Over before it is said: sending may find out the same again.
    this.lost(`it broke HTTP/2: ${error.message}`);
    this.send();
    this.#output.over(error);
  }

  close(): void {
    if (this.#isOver) return;
    this.push(goawayFrame(errorCodes.none));
    for (const call of [...this.#calls.values()]) call.cancelled();
    this.lost('');
    this.send();
    this.#output.over(undefined);
  }

  push(frame: Buffer): void {
    if (!this.#isOver) this.#out.push(frame);
  }

  send(): void {
    if (this.#out.length === 0) return;
    const out = this.#out;
    this.#out = [];
    this.#output.send(out.length === 1 && out[0] !== undefined ? out[0] : Buffer.concat(out));
  }

  forget(call: Call): void {
    this.#calls.delete(call.id);
  }

  echoed(): Promise<void> {
    if (this.#isOver) return Promise.resolve();
    this.push(frameOf(frameTypes.ping, 0, 0, pingPayload));
    this.send();
    return new Promise((resolve) => {
      const heard = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        this.#echoes = this.#echoes.filter((echo) => echo !== heard);
        resolve();
      }, echoMs);
      this.#echoes.push(heard);
    });
  }

  dataBegins(stream: number, length: number): void {
    if (!this.#isGreeted || this.#header.isOpen) throw outOfTurn('data');
    this.#received += length;
    const call = this.#current?.id === stream ? this.#current : this.#callOf(stream);
    this.#current = call;
    if (call !== undefined) call.received += length;
  }

  data(from: number, to: number): void {
    const call = this.#current;
    if (call === undefined || !call.wantsData) return;
    if (this.#run === call) {
      this.#bytes.copy(this.#bytes, this.#runTo, from, to);
      this.#runTo += to - from;
      return;
    }
    this.#handOver();
    this.#run = call;
    this.#runFrom = from;
    this.#runTo = to;
  }

  dataEnds(isLast: boolean): void {
    if (!isLast) return;
    this.#handOver();
    this.#current?.endedEarly();
  }

  #handOver(): void {
    const call = this.#run;
    if (call === undefined) return;
    // What the server waits for goes out first: judging may take a while.
    this.send();
    this.#run = undefined;
    call.deliver(this.#plain.subarray(this.#runFrom, this.#runTo));
  }

  /** Gives the server room again, in halves of the window: a word for each message would cost more than the message. */
  #refill(): void {
    if (this.#isOver) return;
    if (this.#received >= receiveWindow / 2) {
      this.push(numberFrame(frameTypes.windowUpdate, 0, this.#received));
      this.#received = 0;
    }
    for (const call of this.#calls.values()) {
      if (call.received < receiveWindow / 2) continue;
      this.push(numberFrame(frameTypes.windowUpdate, call.id, call.received));
      call.received = 0;
    }
  }

  frame(type: number, flag: number, stream: number, payload: Uint8Array): void {
    this.#expect(type, flag);
    switch (type) {
      case frameTypes.headers:
        this.#heard(this.#header.begin(stream, flag, payload));
        return;
      case frameTypes.continuation:
        this.#heard(this.#header.continue(stream, flag, payload));
        return;
      case frameTypes.rstStream:
        this.#reset(stream, numberOf(payload));
        return;
      case frameTypes.settings:
        this.#set(settingsOf(flag, stream, payload));
        return;
      case frameTypes.ping:
        if (isEcho(flag, stream, payload)) this.#echoes.shift()?.();
        else this.push(frameOf(frameTypes.ping, flags.ack, 0, payload));
        return;
      case frameTypes.goaway:
        this.#leave(goodbyeOf(stream, payload));
        return;
      case frameTypes.windowUpdate:
        this.#widen(stream, incrementOf(payload));
        return;
      case frameTypes.pushPromise:
        throw outOfTurn('a promise');
      default:
      // What later versions add is to be passed over (RFC 9113 §5.5).
    }
  }

  /** @throws Http2Error */
  #expect(type: number, flag: number): void {
    if (!this.#isGreeted && (type !== frameTypes.settings || (flag & flags.ack) !== 0))
      throw outOfTurn('something other than its settings');
    if (this.#header.isOpen && type !== frameTypes.continuation) throw outOfTurn('a frame within a header');
  }

  /** @returns undefined: it is over. @throws Http2Error when there was none such */
  #callOf(stream: number): Call | undefined {
    // Ours are odd and counted up; the server has none of its own.
    if (stream % 2 === 0 || stream >= this.#nextId) throw outOfTurn(`something for stream ${stream}`);
    return this.#calls.get(stream);
  }

  #heard(headers: Headers | undefined): void {
    if (headers === undefined) return;
    const call = this.#callOf(headers.stream);
    this.#handOver();
    call?.heard(headers.fields, headers.isLast);
  }

  #reset(stream: number, code: number): void {
    const call = this.#callOf(stream);
    this.#handOver();
    call?.wasReset(code);
  }

  #set({ isAck, callWindow = this.#callWindow }: Settings): void {
    if (isAck) return;
    const more = callWindow - this.#callWindow;
    this.#callWindow = callWindow;
    for (const call of this.#calls.values()) call.widen(more);
    this.push(frameOf(frameTypes.settings, flags.ack, 0, nothing));
    this.#isGreeted = true;
    this.#greet();
  }

  #leave({ last, why }: Goodbye): void {
    this.#goodbye = why;
    this.#handOver();
    for (const call of [...this.#calls.values()]) if (call.id > last) call.lost(why);
  }

  #widen(stream: number, increment: number): void {
    if (stream !== 0) {
      this.#callOf(stream)?.widen(increment);
      return;
    }
    this.sendWindow += increment;
    if (this.sendWindow > largestWindow) throw new Http2Error(errorCodes.flowControl, 'a window overflows');
    for (const call of this.#calls.values()) call.sendPending();
  }
}

const nothing = new Uint8Array();
const pingPayload = Buffer.from('whorl!!!', 'latin1');
