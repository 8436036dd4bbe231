import {
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { encodeDump, encodeResponse, tetragonProto } from './tetragon-messages.ts';

export interface FakeTetragonOptions {
  readonly version?: string;
  /** Names of its policies; undefined: it does not tell. */
  readonly policies?: readonly string[];
  /** Processes of its cache, as the export writes them; undefined: a release that cannot dump. */
  readonly dump?: readonly object[];
  readonly credentials?: ServerCredentials;
}

type Stream = ServerWritableStream<object, Uint8Array>;
type Answer = (error: { code: number; details: string } | null, value?: object) => void;

/** Speaks the service of our own .proto, as Tetragon does, and says what the test wants said. */
export class FakeTetragon {
  /** Names of the policies it tells of from now on. */
  policies: readonly string[] | undefined;
  /** When set, nothing but the stream is answered. */
  isStuck = false;
  /** The requests of GetEvents, decoded. */
  readonly asked: object[] = [];
  readonly #server = new Server();
  readonly #streams = new Set<Stream>();
  #arrived = Promise.withResolvers<void>();

  private constructor({ version = 'v1.7.0', policies, dump }: FakeTetragonOptions) {
    this.policies = policies;
    const service = tetragonProto.service('tetragon.FineGuidanceSensors');
    const events = { ...service.GetEvents, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
    const debug = { ...service.GetDebug, responseSerialize: (bytes: Uint8Array) => Buffer.from(bytes) };
    const encoded = dump === undefined ? undefined : encodeDump(dump);
    this.#server.addService({ ...service, GetEvents: events, GetDebug: debug } as typeof service, {
      GetEvents: (call: Stream) => this.#stream(call),
      GetVersion: this.#unary(() => ({ version })),
      ListTracingPolicies: this.#unary(() =>
        this.policies === undefined
          ? undefined
          : { policies: this.policies.map((name, id) => ({ id, name, state: 'TP_STATE_ENABLED' })) },
      ),
      GetDebug: this.#unary(() => encoded),
    });
  }

  /** @param address `unix:/path`, or `127.0.0.1:0`. @returns with the port it got */
  static async listen(
    address: string,
    options: FakeTetragonOptions = {},
  ): Promise<{ readonly tetragon: FakeTetragon; readonly port: number }> {
    const tetragon = new FakeTetragon(options);
    const credentials = options.credentials ?? ServerCredentials.createInsecure();
    const port = await new Promise<number>((resolve, reject) =>
      tetragon.#server.bindAsync(address, credentials, (error, bound) =>
        error === null ? resolve(bound) : reject(error),
      ),
    );
    return { tetragon, port };
  }

  /** Resolves when somebody reads. */
  get reader(): Promise<void> {
    return this.#arrived.promise;
  }

  /** @param events as the export writes them */
  say(...events: readonly object[]): void {
    this.sayBytes(...events.map(encodeResponse));
  }

  sayBytes(...messages: readonly Uint8Array[]): void {
    for (const stream of this.#streams) for (const message of messages) stream.write(message);
  }

  /** Ends the streams as a server does that stops in order. */
  end(): void {
    for (const stream of this.#streams) stream.end();
  }

  /** Is gone at once, whatever was half said. */
  stop(): void {
    this.#server.forceShutdown();
  }

  #stream(call: Stream): void {
    this.asked.push(call.request);
    this.#streams.add(call);
    call.on('close', () => this.#streams.delete(call));
    call.on('cancelled', () => this.#streams.delete(call));
    // Headers go out with the first message; an empty one would be an event.
    call.sendMetadata(call.metadata);
    this.#arrived.resolve();
    this.#arrived = Promise.withResolvers();
  }

  #unary(value: () => object | undefined) {
    return (_: ServerUnaryCall<object, object>, done: sendUnaryData<object>): void => {
      if (this.isStuck) return;
      const answer = value();
      if (answer === undefined) (done as Answer)({ code: status.UNIMPLEMENTED, details: 'unknown method' });
      else done(null, answer);
    };
  }
}
