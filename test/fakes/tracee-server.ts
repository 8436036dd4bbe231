import { once } from 'node:events';
import {
  type ServerOptions as GrpcOptions,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
} from '@grpc/grpc-js';
import type { TraceeDialect } from '../../agent/core/normalise/tracee/dialect.ts';
import { traceeProto } from './tracee-messages.ts';

export interface TraceeServerOptions {
  readonly credentials?: ServerCredentials;
  readonly version?: string;
  readonly dialect?: TraceeDialect;
  /** Seconds between pings, each to be answered within one: Tracee has 5, and cannot be told otherwise. */
  readonly pingSeconds?: number;
  /** Without: only the stream, as of something that is not quite Tracee. */
  readonly withDiagnostics?: boolean;
}

/** What a client asked of the stream. */
export interface StreamAsked {
  readonly policies: readonly string[];
  readonly mask?: { readonly paths: readonly string[] };
}

type Stream = ServerWritableStream<StreamAsked, Uint8Array>;

/** Tracee's services, spoken by grpc-js from our own protos; what it says and how it ails is the test's to choose. */
export class TraceeServer {
  readonly asked: StreamAsked[] = [];
  version: string;
  /** What GetMetrics answers; sending counts events by itself. */
  metrics = { EventCount: 0, LostEvCount: 0 };
  /** GetMetrics is not answered any more. */
  isDeaf = false;
  /** Events are counted, and handed to nobody. */
  isMute = false;
  readonly #server: Server;
  readonly #streams = new Set<Stream>();
  readonly #cancelled: Stream[] = [];
  #changed = Promise.withResolvers<void>();
  #port = 0;

  private constructor({
    version = 'v0.24.1',
    pingSeconds,
    dialect,
    withDiagnostics = true,
  }: TraceeServerOptions) {
    this.version = version;
    const options: GrpcOptions =
      pingSeconds === undefined
        ? {}
        : { 'grpc.keepalive_time_ms': pingSeconds * 1_000, 'grpc.keepalive_timeout_ms': 1_000 };
    this.#server = new Server(options);
    const proto = traceeProto(dialect ?? 'main');
    const service = proto.service('tracee.v1beta1.TraceeService');
    const stream = { ...service.StreamEvents, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
    this.#server.addService({ ...service, StreamEvents: stream } as typeof service, {
      StreamEvents: (call: Stream) => this.#open(call),
      GetVersion: (_: ServerUnaryCall<object, object>, done: sendUnaryData<object>) =>
        done(null, { version: this.version }),
    });
    if (!withDiagnostics) return;
    this.#server.addService(proto.service('tracee.v1beta1.DiagnosticService'), {
      GetMetrics: (_: ServerUnaryCall<object, object>, done: sendUnaryData<object>) => {
        if (!this.isDeaf) done(null, this.metrics);
      },
    });
  }

  /** @param address `unix:/path` or `127.0.0.1:0` */
  static async listen(address: string, options: TraceeServerOptions = {}): Promise<TraceeServer> {
    const tracee = new TraceeServer(options);
    const credentials = options.credentials ?? ServerCredentials.createInsecure();
    tracee.#port = await new Promise<number>((resolve, reject) =>
      tracee.#server.bindAsync(address, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    return tracee;
  }

  get port(): number {
    return this.#port;
  }

  get clients(): number {
    return this.#streams.size;
  }

  #open(call: Stream): void {
    this.asked.push(call.request);
    this.#streams.add(call);
    call.on('cancelled', () => {
      this.#streams.delete(call);
      this.#cancelled.push(call);
      this.#tell();
    });
    this.#tell();
  }

  #tell(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  /** Settles when so many clients read the stream. */
  async hasClients(count: number): Promise<void> {
    while (this.#streams.size !== count) await this.#changed.promise;
  }

  send(...messages: readonly Uint8Array[]): void {
    for (const message of messages) {
      this.metrics.EventCount += 1;
      if (!this.isMute) for (const stream of this.#streams) stream.write(message);
    }
  }

  /** So many messages as fast as they are taken. */
  async flood(message: Uint8Array, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      this.metrics.EventCount += 1;
      for (const stream of this.#streams) if (!stream.write(message)) await once(stream, 'drain');
    }
  }

  /** All streams end with OK, as when Tracee is stopped. */
  endStreams(): void {
    for (const stream of this.#streams) stream.end();
    this.#streams.clear();
  }

  /** All streams end with a status that is none of the good ones. */
  failStreams(code: number, details: string): void {
    for (const stream of this.#streams) stream.emit('error', { code, details });
    this.#streams.clear();
  }

  /** As when it is killed. */
  kill(): void {
    this.#server.forceShutdown();
    this.#streams.clear();
  }
}
