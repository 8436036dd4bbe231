import { chmod, rm } from 'node:fs/promises';
import {
  type ChannelOptions,
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  status,
} from '@grpc/grpc-js';
import { maxAgentMessageBytes, maxCollectorMessageBytes } from '../../proto/convert.ts';
import { loadProto } from '../../proto/load.ts';
import { type AgentEdge, type AgentHandler, CollectorError } from '../ports.ts';
import { type AboutCollector, AgentStream, type Duplex } from './ingest-grpc/agent-stream.ts';

export interface IngestOptions extends AboutCollector {
  /** `host:port`, port 0 for any; or `unix:/path`. */
  readonly address: string;
  /** PEM. Absent only for loopback or a unix socket: config.ts sees to that, and this adapter again. */
  readonly tls?: { readonly certificate: Buffer; readonly key: Buffer };
  readonly tokenMatches: (presented: string) => boolean;
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
    this.#server.addService(loadProto('whorl.proto').service('whorl.v1.Collector'), {
      Connect: (call: Duplex) => this.#accept(call, handler),
    });
    const credentials =
      tls === undefined
        ? ServerCredentials.createInsecure()
        : ServerCredentials.createSsl(null, [{ private_key: tls.key, cert_chain: tls.certificate }], false);
    return await this.#bind(address, credentials);
  }

  async #bind(address: string, credentials: ServerCredentials): Promise<string> {
    const path = socketPath(address);
    // The data directory is ours alone by now: a socket that is still there is left from a process that was killed.
    if (path !== undefined) await rm(path, { force: true });
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(address, credentials, (error, bound) => {
        if (error === null) resolve(bound);
        else reject(bindError(address, error));
      });
    });
    if (path === undefined) return address.replace(/:\d+$/, `:${port}`);
    await chmod(path, 0o600);
    return address;
  }

  #accept(call: Duplex, handler: AgentHandler): void {
    const presented = call.metadata.get('authorization')[0];
    const token = typeof presented === 'string' ? presented.replace(/^Bearer /, '') : '';
    if (!this.#options.tokenMatches(token)) {
      call.emit('error', {
        code: status.UNAUTHENTICATED,
        details: 'the token is not the one of this collector',
      });
      return;
    }
    if (this.#streams.size >= maxStreams) {
      call.emit('error', {
        code: status.RESOURCE_EXHAUSTED,
        details: `${maxStreams} agents are connected already`,
      });
      return;
    }
    const stream: AgentStream = new AgentStream(call, handler, this.#options, () =>
      this.#streams.delete(stream),
    );
    this.#streams.add(stream);
  }

  async close(): Promise<void> {
    for (const stream of this.#streams) stream.refuse('shutting-down', 'the collector is shutting down');
    await new Promise<void>((resolve) => {
      // A peer that does not read its end must not keep us from ours.
      const insist = setTimeout(() => this.#server.forceShutdown(), 1000);
      this.#server.tryShutdown(() => {
        clearTimeout(insist);
        resolve();
      });
    });
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
