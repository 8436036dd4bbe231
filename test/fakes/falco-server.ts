import {
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { loadProto } from '../../proto/load.ts';

type Stream = ServerDuplexStream<object, Uint8Array>;

/**
 * Falco's gRPC output as it behaved up to 0.43: one queue without bound for all clients, and a client gets what is queued
 * when it asks, nothing in between.
 */
export class FalcoServer {
  readonly #server = new Server();
  readonly #queue: Uint8Array[] = [];
  readonly #streams = new Set<Stream>();
  port = 0;
  /** Requests that came, on any stream. */
  asked = 0;

  private constructor(version: string | null) {
    const outputs = loadProto('falco/outputs.proto').service('falco.outputs.service');
    const { sub } = outputs;
    if (sub === undefined) throw new Error('no sub');
    const raw = { ...sub, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
    this.#server.addService({ sub: raw } as unknown as typeof outputs, {
      sub: (call: Stream) => this.#sub(call),
    });
    if (version === null) return;
    this.#server.addService(loadProto('falco/version.proto').service('falco.version.service'), {
      version: (_: ServerUnaryCall<object, object>, done: sendUnaryData<object>) => done(null, { version }),
    });
  }

  /** @param address `unix:/path` or `127.0.0.1:0` @param version null: it knows no such service */
  static async listen(
    address: string,
    version: string | null = '0.43.1',
    credentials = ServerCredentials.createInsecure(),
  ): Promise<FalcoServer> {
    const falco = new FalcoServer(version);
    falco.port = await new Promise<number>((resolve, reject) =>
      falco.#server.bindAsync(address, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    return falco;
  }

  get queued(): number {
    return this.#queue.length;
  }

  alert(...messages: readonly Uint8Array[]): void {
    this.#queue.push(...messages);
  }

  /** The connections are gone, without a word. */
  stop(): void {
    this.#server.forceShutdown();
  }

  /** Ends every stream as a Falco that is stopped. */
  end(): void {
    for (const stream of this.#streams) stream.end();
  }

  #sub(call: Stream): void {
    this.#streams.add(call);
    call.on('data', () => {
      this.asked += 1;
      for (const message of this.#queue.splice(0)) call.write(message);
    });
    call.on('end', () => call.end());
    call.on('error', () => undefined);
    call.on('close', () => this.#streams.delete(call));
  }
}
