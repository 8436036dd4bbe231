import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import type { GrpcCall, GrpcConnection, GrpcEndpoint, OnData } from './grpc.ts';
import { flags } from './http2/frames.ts';
import { errorCodes, Http2Error } from './http2/http2-error.ts';
import { Session } from './http2/session.ts';
import { Pauses } from './pauses.ts';
import { hungUp, notGrpc, problem, refusal } from './refusal.ts';

/**
 * What is read at once: as much as a unix socket holds by default. A ping that has come is then answered before anything
 * that lies beside it is judged.
 */
const readBytes = 256 << 10;
/** From the line to the server's first frame. */
const patienceMs = 10_000;
/** For the last words to a server that takes its time. */
const farewellMs = 1_000;
/** Answers the server makes us write and does not read: some 60 000 of them, then it is let go. */
const maxUnsent = 1 << 20;

/** gRPC over HTTP/2 of our own: a fifth of what Node's costs (docs/decisions/0007). @throws SourceError */
export async function connectHttp2(endpoint: GrpcEndpoint): Promise<GrpcConnection> {
  const connection = new Http2Connection(endpoint);
  await connection.open();
  return connection;
}

class Http2Connection implements GrpcConnection {
  readonly endpoint: GrpcEndpoint;
  readonly #session: Session;
  #socket: Socket | undefined;
  #why = '';
  #broke: Http2Error | undefined;

  constructor(endpoint: GrpcEndpoint) {
    this.endpoint = endpoint;
    this.#session = new Session(endpoint, {
      send: (bytes) => this.#send(bytes),
      over: (error) => {
        this.#broke = error;
        this.#leave();
      },
    });
  }

  /** @throws SourceError */
  async open(): Promise<void> {
    const session = this.#session;
    const pauses = new Pauses({
      pause: () => this.#socket?.pause(),
      resume: () => this.#socket?.resume(),
    });
    const socket = await dial(this.endpoint, {
      buffer: Buffer.allocUnsafeSlow(readBytes),
      callback: (length, bytes) => {
        session.receive(bytes as Buffer, length);
        pauses.heard(length, session.frames);
        return true;
      },
    });
    this.#socket = socket;
    const { promise, reject } = Promise.withResolvers<never>();
    const late = () =>
      reject(problem(this.endpoint, 'unreachable', 'it accepts connections and says nothing'));
    const timer = setTimeout(late, patienceMs);
    socket.on('error', (cause) => {
      this.#why = cause.message;
      reject(refusal(this.endpoint, cause));
    });
    socket.on('close', () => {
      pauses.end();
      session.lost(this.#why);
      reject(this.#notHttp2(this.#broke));
    });
    session.start();
    try {
      await Promise.race([session.greeted, promise]);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  #notHttp2(error: Http2Error | undefined): Error {
    const begun = this.#session.begun;
    // A record of TLS: an alert, or a handshake.
    if ((begun[0] === 0x15 || begun[0] === 0x16) && begun[1] === 3)
      return notGrpc(this.endpoint, 'it speaks TLS (name the authority of its certificate with sourceCa)');
    return error === undefined && begun.length === 0
      ? hungUp(this.endpoint)
      : notGrpc(this.endpoint, 'it does not speak HTTP/2');
  }

  /** What is written goes out first, to who reads it. */
  #leave(): void {
    const socket = this.#socket;
    if (socket === undefined) return;
    socket.destroySoon();
    const timer = setTimeout(() => socket.destroy(), farewellMs).unref();
    socket.once('close', () => clearTimeout(timer));
  }

  #send(bytes: Buffer): void {
    const socket = this.#socket;
    if (socket === undefined || socket.destroyed) return;
    socket.write(bytes);
    if (socket.writableLength > maxUnsent)
      this.#session.fail(new Http2Error(errorCodes.calm, 'it asks and does not read our answers'));
  }

  stream(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    return this.#session.open(path, request, onData, flags.endStream);
  }

  duplex(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    return this.#session.open(path, request, onData, 0);
  }

  close(): void {
    this.#session.close();
  }
}
