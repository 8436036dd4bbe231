import { chmod, rm } from 'node:fs/promises';
import { type ChannelOptions, logVerbosity, Server, ServerCredentials, setLogVerbosity } from '@grpc/grpc-js';
import { maxAgentMessageBytes, maxCollectorMessageBytes } from '../../proto/convert.ts';
import { type LoadedProto, loadProto } from '../../proto/load.ts';
import type { AdmissionCode, Gate, IdentityRefusal } from '../ports/identities.ts';
import { type AgentEdge, type AgentHandler, type AgentHello, CollectorError } from '../ports.ts';
import { type AboutCollector, AgentStream, type Duplex } from './ingest-grpc/agent-stream.ts';
import { enrolmentCalls } from './ingest-grpc/enrolment-calls.ts';
import { type DoorCertificates, TlsDoor } from './ingest-grpc/tls-door.ts';

export interface IngestOptions extends AboutCollector {
  /** `host:port`, port 0 for any; or `unix:/path`. */
  readonly address: string;
  /** PEM. Absent only for loopback or a unix socket: config.ts sees to that, and this adapter again. */
  readonly tls?: DoorCertificates;
  /** Who may connect. Without TLS nobody can prove who he is, and everybody on this machine may. */
  readonly gate: Gate;
}

/** 1 000 agents a process is the promise (DESIGN §9); beyond twice that memory for handshakes is better kept. */
const maxStreams = 2000;

// The library prints what it also returns as an error; what is said to people is decided here.
setLogVerbosity(logVerbosity.NONE);

const channel: ChannelOptions = {
  'grpc.max_receive_message_length': maxAgentMessageBytes,
  'grpc.max_send_message_length': maxCollectorMessageBytes,
  // Finds half-open connections; agents send something every 10 s, this is for those that vanished.
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
};

/** gRPC server for agents: one bidirectional stream each. */
export class GrpcIngest implements AgentEdge {
  readonly #options: IngestOptions;
  readonly #server = new Server(channel);
  readonly #streams = new Set<AgentStream>();
  #door: TlsDoor | undefined;

  constructor(options: IngestOptions) {
    this.#options = options;
  }

  async listen(handler: AgentHandler): Promise<string> {
    const { address, tls } = this.#options;
    if (tls === undefined && !isLocal(address)) {
      throw new CollectorError(
        'insecure',
        `refusing to listen unencrypted on ${address}: without TLS only loopback or a unix socket is allowed`,
      );
    }
    const proto = loadProto('whorl.proto');
    this.#server.addService(proto.service('whorl.v1.Collector'), {
      Connect: (call: Duplex) => this.#accept(call, handler),
    });
    return tls === undefined ? await this.#bindPlain(address) : await this.#bindTls(address, tls, proto);
  }

  /** From the next connection on. */
  use(tls: DoorCertificates): void {
    this.#door?.use(tls);
  }

  async #bindTls(address: string, tls: DoorCertificates, proto: LoadedProto): Promise<string> {
    // Connections that were shaken hands with are no longer encrypted as far as the library is concerned.
    const injector = this.#server.createConnectionInjector(ServerCredentials.createInsecure());
    const door = new TlsDoor(tls, (connection) => injector.injectConnection(connection));
    this.#door = door;
    this.#server.addService(
      proto.service('whorl.v1.Enrolment'),
      enrolmentCalls(this.#options.gate, (name) => door.peer(name)),
    );
    return await this.#bound(address, async (path) => {
      if (path !== undefined) return await door.listen({ path });
      const [, host = '', port] = /^(.*):(\d+)$/.exec(address) ?? [];
      return await door.listen({ host: host.replace(/^\[(.*)\]$/, '$1'), port: Number(port) });
    });
  }

  #bindPlain(address: string): Promise<string> {
    return this.#bound(address, () => {
      return new Promise<number>((resolve, reject) => {
        this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, bound) => {
          if (error === null) resolve(bound);
          else reject(error);
        });
      });
    });
  }

  async #bound(address: string, bind: (path: string | undefined) => Promise<number>): Promise<string> {
    const path = socketPath(address);
    // The data directory is ours alone by now: a socket that is still there is left from a process that was killed.
    if (path !== undefined) await rm(path, { force: true });
    const port = await bind(path).catch((error: unknown) => {
      throw bindError(address, error instanceof Error ? error : new Error(String(error)));
    });
    if (path === undefined) return address.replace(/:\d+$/, `:${port}`);
    await chmod(path, 0o600);
    return address;
  }

  #accept(call: Duplex, handler: AgentHandler): void {
    const stream: AgentStream = new AgentStream(call, {
      handler,
      about: this.#options,
      admit: (hello) => this.#admit(call, hello, stream),
      gone: () => {
        this.#streams.delete(stream);
        this.#options.gate.left(stream);
      },
    });
    if (this.#streams.size >= maxStreams) {
      stream.refuse('too-many-agents', `${maxStreams} agents are connected already`);
      return;
    }
    this.#streams.add(stream);
  }

  async #admit(
    call: Duplex,
    hello: AgentHello,
    stream: AgentStream,
  ): Promise<IdentityRefusal<AdmissionCode> | undefined> {
    if (this.#door === undefined) return undefined;
    const certificate = this.#door.peer(call.getPeer())?.certificate;
    const refused = await this.#options.gate.admit(hello, certificate, stream);
    // It may have gone while it was looked up: then nobody would say so later.
    if (!this.#streams.has(stream)) this.#options.gate.left(stream);
    return refused;
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.refuse('shutting-down', 'the collector is shutting down');
    this.#door?.close();
    await new Promise<void>((resolve) => {
      // A peer that does not read its end must not keep us from ours.
      const insist = setTimeout(() => this.#server.forceShutdown(), 1000);
      this.#server.tryShutdown(() => {
        clearTimeout(insist);
        resolve();
      });
    });
    this.#door?.destroy();
  }
}

function socketPath(address: string): string | undefined {
  return address.startsWith('unix:') ? address.slice('unix:'.length) : undefined;
}

/** Nothing that leaves the machine. */
function isLocal(address: string): boolean {
  return /^(unix:\/|127(\.\d{1,3}){3}:|\[::1\]:|localhost:)/.test(address);
}

function bindError(address: string, error: Error): CollectorError {
  if (error.message.includes('EADDRINUSE')) {
    return new CollectorError(
      'port-in-use',
      `${address} is in use; end what listens there or choose another address with --listen`,
      { cause: error },
    );
  }
  return new CollectorError('bad-address', `cannot listen on ${address}: ${error.message}`, { cause: error });
}
