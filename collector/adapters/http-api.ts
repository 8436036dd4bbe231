import { once } from 'node:events';
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Caller } from '../ports/api.ts';
import { CollectorError } from '../ports.ts';
import { type ApiOptions, type App, buildApp } from './http-api/app.ts';
import { Problem, type ProblemCode, problemBody, problemType } from './http-api/problem.ts';

/** sun_path of a unix socket, without its final NUL. */
const maxSocketPath = 107;
/** Connections from the network at once: beyond it new ones wait, and the process keeps its file descriptors. */
const maxConnections = 1024;
/** For the headers, and for a whole request; who sends more slowly holds a connection on purpose. */
const headersTimeoutMs = 10_000;
const requestTimeoutMs = 30_000;
const minVersion = 'TLSv1.2';

export interface HttpApiOptions extends Omit<ApiOptions, 'local'> {
  /** Whoever may open the unix socket. */
  readonly localCaller: Caller;
  readonly socketPath: string;
  /** Absent: the unix socket alone. */
  readonly tls?: { readonly address: string; readonly certificate: Buffer; readonly key: Buffer };
}

/**
 * The collector's HTTP API (docs/openapi.json): one application on a unix socket that nobody else may open (0600), and,
 * with TLS, on the network, where a token says who it is.
 */
export class HttpApi {
  readonly #options: HttpApiOptions;
  readonly #local = new WeakSet<IncomingMessage>();
  readonly #servers: (Server | TlsServer)[] = [];
  #app: App | undefined;
  #tls: TlsServer | undefined;

  constructor(options: HttpApiOptions) {
    this.#options = options;
  }

  /** @returns where it listens on the network: `host:port`. @throws CollectorError */
  async listen(): Promise<string | undefined> {
    const { localCaller, socketPath, tls } = this.#options;
    const local = (request: IncomingMessage) => (this.#local.has(request) ? localCaller : undefined);
    const app = await buildApp({ ...this.#options, local });
    this.#app = app;
    const unix = createServer((request, response) => {
      this.#local.add(request);
      app.routing(request, response);
    });
    await this.#bind(unix, () => listenUnix(unix, socketPath));
    if (tls === undefined) return undefined;
    const { certificate: cert, key, address } = tls;
    const server = createTlsServer({ cert, key, minVersion }, (request, response) =>
      app.routing(request, response),
    );
    server.maxConnections = maxConnections;
    this.#tls = server;
    return this.#bind(server, () => listenTcp(server, address));
  }

  /** Another certificate for whoever connects from here on; connections that are open go on under the one before. */
  use({ certificate: cert, key }: { readonly certificate: Buffer; readonly key: Buffer }): void {
    this.#tls?.setSecureContext({ cert, key, minVersion });
  }

  async #bind<T>(server: Server | TlsServer, listen: () => Promise<T>): Promise<T> {
    server.headersTimeout = headersTimeoutMs;
    server.requestTimeout = requestTimeoutMs;
    server.on('clientError', refuseUnreadable);
    this.#servers.push(server);
    return listen();
  }

  async close(): Promise<void> {
    const closed = this.#servers
      .filter((server) => server.listening)
      .map((server) => new Promise<void>((resolve) => server.close(() => resolve())));
    for (const server of this.#servers) server.closeAllConnections();
    await Promise.all(closed);
    rmSync(this.#options.socketPath, { force: true });
    await this.#app?.close();
  }
}

async function listenUnix(server: Server, path: string): Promise<void> {
  if (Buffer.byteLength(path) > maxSocketPath) {
    throw new CollectorError(
      'data-dir',
      `${path} is longer than the ${maxSocketPath} bytes a socket's path may have; choose a shorter data directory`,
    );
  }
  // The database is ours alone by now: a socket that is still there is left from a process that was killed.
  rmSync(path, { force: true });
  // Restricted before anybody can connect: the mode counts from bind on.
  const mask = process.umask(0o177);
  try {
    server.listen(path);
    await once(server, 'listening');
  } catch (cause) {
    throw new CollectorError('data-dir', `${path}: the control socket cannot be made`, { cause });
  } finally {
    process.umask(mask);
  }
  chmodSync(path, 0o600);
}

async function listenTcp(server: TlsServer, address: string): Promise<string> {
  const at = address.lastIndexOf(':');
  const host = address.slice(0, at).replace(/^\[(.*)\]$/, '$1');
  try {
    server.listen(Number(address.slice(at + 1)), host);
    await once(server, 'listening');
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'EADDRINUSE')
      throw new CollectorError(
        'port-in-use',
        `${address} is in use; end what listens there, or choose another address with --set httpListen=HOST:PORT`,
        { cause },
      );
    throw new CollectorError(
      'bad-address',
      `${address} cannot be listened on (${String(code)}); httpListen must name an address of this machine`,
      { cause },
    );
  }
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  return `${address.slice(0, at)}:${port}`;
}

const unreadable: Readonly<Record<string, readonly [ProblemCode, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers-too-large', 'the headers are larger than 16 KiB'],
  ERR_HTTP_REQUEST_TIMEOUT: ['invalid', 'the request did not come in time'],
};

/** What is no HTTP never reaches the application: it is answered here, in the same form. */
function refuseUnreadable(error: Error, socket: Socket): void {
  if (!socket.writable || ('code' in error && error.code === 'ECONNRESET')) {
    socket.destroy();
    return;
  }
  const code = 'code' in error ? String(error.code) : '';
  const problem = new Problem(...(unreadable[code] ?? ['invalid', 'this is no HTTP request']));
  const body = JSON.stringify(problemBody(problem));
  const head = [
    `HTTP/1.1 ${problem.status} ${STATUS_CODES[problem.status] ?? ''}`,
    `content-type: ${problemType}`,
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}
