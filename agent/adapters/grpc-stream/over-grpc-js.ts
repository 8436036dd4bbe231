import {
  type ChannelCredentials,
  Client,
  type ClientDuplexStream,
  connectivityState,
  credentials,
  logVerbosity,
  type ServiceError,
  setLogVerbosity,
} from '@grpc/grpc-js';
import { addressOf, tlsFilesOf } from './endpoint.ts';
import { frame } from './frame.ts';
import type { CallEnd, GrpcCall, GrpcConnection, GrpcEndpoint, OnData } from './grpc.ts';
import { endOf, problem, refusal } from './refusal.ts';

// The library prints what it also returns as an error; what is said to people is decided in refusal.ts.
setLogVerbosity(logVerbosity.NONE);

/** From connecting to HTTP/2. Somebody who is that slow is asked again later. */
const patienceMs = 10_000;

/** gRPC as the library of its makers speaks it; it hands over whole messages. @throws SourceError */
export async function connectGrpcJs(endpoint: GrpcEndpoint): Promise<GrpcConnection> {
  addressOf(endpoint);
  const client = new Client(endpoint.address, credentialsOf(endpoint), {
    // A message of any length: the reader of the stream has the bound.
    'grpc.max_receive_message_length': -1,
    // Its own connection, so that no back-off of an earlier attempt delays this one.
    'grpc.use_local_subchannel_pool': 1,
    'grpc-node.flow_control_window': 16 << 20,
    ...(endpoint.name === undefined ? {} : { 'grpc.ssl_target_name_override': endpoint.name }),
  });
  const error = await connected(endpoint, client);
  if (error === undefined) return new GrpcJsConnection(endpoint, client);
  client.close();
  throw error;
}

function credentialsOf(endpoint: GrpcEndpoint): ChannelCredentials {
  const files = tlsFilesOf(endpoint);
  return files === undefined
    ? credentials.createInsecure()
    : credentials.createSsl(files.ca, files.key ?? null, files.cert ?? null);
}

/** @returns why not */
async function connected(endpoint: GrpcEndpoint, client: Client): Promise<Error | undefined> {
  const channel = client.getChannel();
  const deadline = Date.now() + patienceMs;
  for (let state = channel.getConnectivityState(true); ; state = channel.getConnectivityState(true)) {
    if (state === connectivityState.READY) return undefined;
    // Only a call is told why.
    if (state === connectivityState.TRANSIENT_FAILURE) return await whyNot(endpoint, client);
    const late = await new Promise((done) => channel.watchConnectivityState(state, deadline, done));
    if (late) return problem(endpoint, 'unreachable', 'it does not answer; look whether it is overloaded');
  }
}

function whyNot(endpoint: GrpcEndpoint, client: Client): Promise<Error> {
  const { promise, resolve } = Promise.withResolvers<Error>();
  client.makeUnaryRequest('/none/None', asIs, asIs, Buffer.alloc(0), (error) =>
    resolve(refusal(endpoint, new Error(error?.details ?? 'it went away'))),
  );
  return promise;
}

const asIs = (bytes: Buffer): Buffer => bytes;

class GrpcJsConnection implements GrpcConnection {
  readonly endpoint: GrpcEndpoint;
  readonly #client: Client;

  constructor(endpoint: GrpcEndpoint, client: Client) {
    this.endpoint = endpoint;
    this.#client = client;
  }

  stream(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    const call = this.#open(path, onData);
    call.write(request);
    call.finish();
    return call;
  }

  duplex(path: string, request: Uint8Array, onData: OnData): GrpcCall {
    const call = this.#open(path, onData);
    call.write(request);
    return call;
  }

  #open(path: string, onData: OnData): GrpcJsCall {
    const stream = this.#client.makeBidiStreamRequest(path, asIs, asIs);
    return new GrpcJsCall(this.endpoint, path, stream, onData);
  }

  close(): void {
    this.#client.close();
  }
}

class GrpcJsCall implements GrpcCall {
  readonly ended: Promise<CallEnd>;
  readonly #stream: ClientDuplexStream<Buffer, Buffer>;
  #hasRoom = true;

  constructor(
    endpoint: GrpcEndpoint,
    path: string,
    stream: ClientDuplexStream<Buffer, Buffer>,
    onData: OnData,
  ) {
    this.#stream = stream;
    this.ended = new Promise((resolve, reject) => {
      stream.on('data', (message: Buffer) => {
        try {
          onData(frame(message));
        } catch (error) {
          reject(error);
          stream.cancel();
        }
      });
      // It says the same twice; the status is the one that also comes when all went well.
      stream.on('error', (_: ServiceError) => undefined);
      stream.on('status', ({ code, details }) => resolve(endOf(endpoint, path, code, details)));
    });
    stream.on('drain', () => {
      this.#hasRoom = true;
    });
  }

  write(request: Uint8Array): boolean {
    if (!this.#hasRoom) return false;
    this.#hasRoom = this.#stream.write(Buffer.from(request));
    return true;
  }

  finish(): void {
    this.#stream.end();
  }

  async cancel(): Promise<void> {
    this.#hasRoom = false;
    this.#stream.cancel();
    await this.ended.catch(() => undefined);
  }
}
