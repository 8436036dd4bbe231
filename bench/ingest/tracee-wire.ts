import { createServer, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { frameHead } from './tracee-frames.ts';

const preface = 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n';
const type = { data: 0, settings: 4, ping: 6, window: 8 } as const;
const initialWindow = 4;
const ack = 1;
/** Of our own PINGs, so that their answers are told from those to others. */
const ours = Buffer.from('whorlben');
/** What waits in the socket: more, and what is sent would be old when it leaves. */
const maxWaiting = 1 << 20;

/**
 * One client of the stream, served cheaply: the session, its headers and the small calls are Node's own HTTP/2, beside
 * which DATA frames made beforehand go straight into the socket, as far as the client's windows allow.
 */
export class ServedClient {
  readonly #socket: Socket;
  readonly #inner: Inner;
  #stream = 0;
  #streamWindow = 65_535;
  #connectionWindow = 65_535;
  #stalls = 0;
  #incoming: Buffer = Buffer.alloc(0);
  #isBegun = false;
  #pong: (() => void) | undefined;
  #wake: (() => void) | undefined;

  constructor(socket: Socket, answers: Answers) {
    this.#socket = socket;
    this.#inner = new Inner((bytes) => socket.write(bytes));
    const server = createServer();
    server.on('stream', (stream, headers) => this.#called(stream, String(headers[':path']), answers));
    server.emit('connection', this.#inner);
    socket.on('data', (bytes) => this.#heard(bytes));
    socket.on('drain', () => this.#wake?.());
    socket.on('error', () => undefined);
    socket.on('close', () => {
      this.#wake?.();
      this.#inner.destroy();
    });
  }

  /** It has asked for events. */
  get isStreaming(): boolean {
    return this.#stream !== 0 && !this.#socket.destroyed;
  }

  /** Times a window was full when there was something to send. */
  get stalls(): number {
    return this.#stalls;
  }

  /** @param bytes whole DATA frames; the stream's number is filled in @param frames where each begins */
  async send(bytes: Buffer, frames: readonly number[]): Promise<void> {
    for (const at of frames) bytes.writeUInt32BE(this.#stream, at + 5);
    const payload = bytes.length - frames.length * frameHead;
    while (!this.#socket.destroyed && !this.#hasRoom(payload)) {
      if (this.#socket.writableLength <= maxWaiting) this.#stalls += 1;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    this.#streamWindow -= payload;
    this.#connectionWindow -= payload;
    this.#socket.write(bytes);
  }

  /** Resolves when the client has answered: it has read all that was sent before. */
  async ping(): Promise<void> {
    const frame = Buffer.alloc(frameHead + 8);
    frame.writeUInt16BE(8, 1);
    frame[3] = type.ping;
    ours.copy(frame, frameHead);
    const pong = new Promise<void>((resolve) => {
      this.#pong = resolve;
    });
    this.#socket.write(frame);
    await pong;
  }

  close(): void {
    this.#socket.destroy();
  }

  /** The stream of events is begun here and then ours; what else is asked is answered. */
  #called(stream: ServerHttp2Stream, path: string, answers: Answers): void {
    stream.on('error', () => undefined);
    const head = { ':status': 200, 'content-type': 'application/grpc' };
    if (path.endsWith('/StreamEvents')) {
      stream.respond(head);
      this.#stream = stream.id ?? 0;
      return;
    }
    const answer = answers(path);
    stream.respond(head, { waitForTrailers: true });
    stream.on('wantTrailers', () =>
      stream.sendTrailers({ 'grpc-status': answer === undefined ? '12' : '0' }),
    );
    stream.end(answer === undefined ? undefined : grpcMessage(answer));
  }

  #hasRoom(payload: number): boolean {
    const waits = this.#socket.writableLength > maxWaiting;
    return !waits && this.#streamWindow >= payload && this.#connectionWindow >= payload;
  }

  #heard(bytes: Buffer): void {
    this.#incoming = Buffer.concat([this.#incoming, bytes]);
    if (!this.#isBegun) {
      if (this.#incoming.length < preface.length) return;
      this.#isBegun = true;
      this.#inner.push(this.#incoming.subarray(0, preface.length));
      this.#incoming = this.#incoming.subarray(preface.length);
    }
    while (this.#incoming.length >= frameHead) {
      const end = frameHead + this.#incoming.readUIntBE(0, 3);
      if (this.#incoming.length < end) break;
      this.#frame(this.#incoming.subarray(0, end));
      this.#incoming = this.#incoming.subarray(end);
    }
  }

  /** What is about our frames is ours; the rest goes on to the session. */
  #frame(frame: Buffer): void {
    const of = frame.readUInt32BE(5);
    if (frame[3] === type.window && (of === 0 || of === this.#stream)) {
      const more = frame.readUInt32BE(frameHead);
      if (of === 0) this.#connectionWindow += more;
      else this.#streamWindow += more;
      this.#wake?.();
      return;
    }
    if (frame[3] === type.ping && ((frame[4] ?? 0) & ack) !== 0 && frame.subarray(frameHead).equals(ours)) {
      this.#pong?.();
      return;
    }
    if (frame[3] === type.settings) this.#settings(frame.subarray(frameHead));
    this.#inner.push(Buffer.from(frame));
  }

  #settings(settings: Buffer): void {
    for (let at = 0; at + 6 <= settings.length; at += 6)
      if (settings.readUInt16BE(at) === initialWindow)
        this.#streamWindow += settings.readUInt32BE(at + 2) - 65_535;
  }
}

/** Between the session and the socket: frames leave it whole, so that others may go between them. */
class Inner extends Duplex {
  readonly #out: (bytes: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);

  constructor(out: (bytes: Buffer) => void) {
    super();
    this.#out = out;
  }

  override _read(): void {}

  override _write(bytes: Buffer, _encoding: string, done: () => void): void {
    this.#held = Buffer.concat([this.#held, bytes]);
    let end = 0;
    while (this.#held.length - end >= frameHead) {
      const next = end + frameHead + this.#held.readUIntBE(end, 3);
      if (next > this.#held.length) break;
      end = next;
    }
    if (end > 0) this.#out(Buffer.from(this.#held.subarray(0, end)));
    this.#held = this.#held.subarray(end);
    done();
  }
}

/** Answers of the small calls, by path: an encoded message each. */
export type Answers = (path: string) => Uint8Array | undefined;

function grpcMessage(message: Uint8Array): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
