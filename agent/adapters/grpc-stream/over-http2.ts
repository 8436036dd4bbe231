import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2';
import type { Socket } from 'node:net';
import { dial } from './dial.ts';
import { authorityOf } from './endpoint.ts';
import { frame } from './frame.ts';
import type { CallEnd, GrpcCall, GrpcConnection, GrpcEndpoint, OnData } from './grpc.ts';
import { endOf, notGrpc, status } from './refusal.ts';

/** What the server may have sent that we have not read: enough that it never waits while one look takes milliseconds. */
const window = 16 << 20;

/** gRPC over Node's own HTTP/2. @throws SourceError */
export async function connectHttp2(endpoint: GrpcEndpoint): Promise<GrpcConnection> {
  const socket = await dial(endpoint);
  const session = connect(`http://${authorityOf(endpoint)}`, {
    createConnection: () => socket,
    settings: { enablePush: false, headerTableSize: 0, initialWindowSize: window },
  });
  session.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    session.once('remoteSettings', () => resolve());
    session.once('close', () => reject(notGrpc(endpoint, 'it does not speak HTTP/2')));
  });
  session.setLocalWindowSize(window);
  return new Http2Connection(endpoint, session, socket);
}

class Http2Connection implements GrpcConnection {
  readonly endpoint: GrpcEndpoint;
  readonly #session: ClientHttp2Session;
  readonly #socket: Socket;

  constructor(endpoint: GrpcEndpoint, session: ClientHttp2Session, socket: Socket) {
    this.endpoint = endpoint;
    this.#session = session;
    this.#socket = socket;
  }

  stream(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    const call = new Http2Call(this.endpoint, path, this.#session, onData);
    call.write(request);
    call.finish();
    return call;
  }

  duplex(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    const call = new Http2Call(this.endpoint, path, this.#session, onData);
    call.write(request);
    return call;
  }

  close(): void {
    this.#session.destroy();
    this.#socket.destroy();
  }
}

class Http2Call implements GrpcCall {
  readonly ended: Promise<CallEnd>;
  readonly #stream: ClientHttp2Stream;

  constructor(endpoint: GrpcEndpoint, path: string, session: ClientHttp2Session, onData: OnData) {
    const stream = session.request({
      ':method': 'POST',
      ':path': path,
      ':scheme': endpoint.ca === undefined ? 'http' : 'https',
      ':authority': authorityOf(endpoint),
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    this.#stream = stream;
    this.ended = new Promise((resolve, reject) => {
      let end: CallEnd = endOf(endpoint, path, status.unavailable, '');
      const heed = (headers: Record<string, unknown>) => {
        const code = headers['grpc-status'];
        if (code !== undefined)
          end = endOf(
            endpoint,
            path,
            Number(code),
            decodeURIComponent(String(headers['grpc-message'] ?? '')),
          );
      };
      stream.on('response', (headers) => {
        heed(headers);
        if (headers[':status'] !== 200 || !String(headers['content-type']).startsWith('application/grpc'))
          end = { status: status.unknown, error: notGrpc(endpoint, 'it speaks HTTP/2 and not gRPC') };
      });
      stream.on('trailers', heed);
      stream.on('data', (bytes: Buffer) => {
        try {
          onData(bytes);
        } catch (error) {
          reject(error);
          stream.destroy();
        }
      });
      stream.on('error', () => undefined);
      stream.on('close', () => resolve(end));
    });
  }

  write(request: Uint8Array): boolean {
    if (this.#stream.closed || this.#stream.writableNeedDrain) return false;
    this.#stream.write(frame(request));
    return true;
  }

  finish(): void {
    this.#stream.end();
  }

  async cancel(): Promise<void> {
    this.#stream.close(constants.NGHTTP2_CANCEL);
    await this.ended.catch(() => undefined);
  }
}
