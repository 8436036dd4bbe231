import { once } from 'node:events';
import { setInterval, setTimeout as sleep } from 'node:timers/promises';
import { type EventSource, SourceError } from '../ports/source.ts';
import type { FalcoIntakeOptions, HeardSink } from './falco/intake.ts';
import { runBeside } from './falco/run-beside.ts';
import { falcoVersionOf } from './falco/version.ts';
import { ask } from './grpc-stream/ask.ts';
import { connectGrpc, type GrpcTransport } from './grpc-stream/connect.ts';
import type { GrpcCall, GrpcConnection, GrpcEndpoint } from './grpc-stream/grpc.ts';
import { problem } from './grpc-stream/refusal.ts';

export interface FalcoGrpcOptions extends FalcoIntakeOptions {
  readonly endpoint: GrpcEndpoint;
  readonly transport: GrpcTransport;
  /** Falco sends what has come up only when it is asked: so often. */
  readonly pokeMs?: number;
}

const pokeMs = 100;
const nothing = new Uint8Array();
const asking = { timeoutMs: 10_000, maxBytes: 1 << 16 };
const methods = { version: '/falco.version.service/version', sub: '/falco.outputs.service/sub' } as const;

/**
 * Falco's gRPC output, up to 0.43. Falco has one queue for all its readers and gives each alert to one of them: there
 * must be no other, and of ours there is one.
 */
export function falcoGrpcSource(options: FalcoGrpcOptions): EventSource {
  return {
    name: 'falco',
    run: (sink, signal) => runBeside(options, sink, signal, (heard, until) => read(options, heard, until)),
  };
}

async function read(options: FalcoGrpcOptions, sink: HeardSink, signal: AbortSignal): Promise<void> {
  const { endpoint, transport, log } = options;
  if (!endpoint.address.startsWith('unix:') && endpoint.certificate === undefined)
    throw problem(
      endpoint,
      'wrong-certificate',
      'over TCP it always asks who we are; give sourceCa, sourceCertificate and sourceKey, or use its unix socket',
    );
  const connection = await connectGrpc(endpoint, transport);
  try {
    const version = await versionAt(connection);
    if (signal.aborted) return;
    log.info({ version }, 'reading the gRPC output of Falco; every other reader of it takes alerts away');
    sink.connected(version);
    await subscribe(connection, options, sink, signal);
  } finally {
    connection.close();
  }
}

async function versionAt(connection: GrpcConnection): Promise<string> {
  try {
    return falcoVersionOf(await ask(connection, methods.version, nothing, asking));
  } catch (cause) {
    if (!(cause instanceof SourceError) || cause.code !== 'wrong-service') throw cause;
    throw new SourceError(
      'wrong-service',
      `${cause.message}; Falco 0.44 and later have no gRPC output: use file:, unix:, fifo: or http: (docs/sources.md)`,
      { cause },
    );
  }
}

async function subscribe(
  connection: GrpcConnection,
  { now, pokeMs: every = pokeMs }: FalcoGrpcOptions,
  sink: HeardSink,
  signal: AbortSignal,
): Promise<void> {
  const call = connection.duplex(methods.sub, nothing, (bytes) => sink.bytes(bytes, now()));
  const over = new AbortController();
  const both = AbortSignal.any([signal, over.signal]);
  const poking = poke(call, every, both);
  try {
    const end = await Promise.race([call.ended, stopped(signal)]);
    if (end !== undefined) throw end.error;
    // What it has sent already it believes delivered: taken before we leave.
    await sleep(every);
  } finally {
    over.abort();
    await poking;
    await call.cancel();
  }
}

/** One request that is not taken yet is enough: the next is not sent before it. */
async function poke(call: GrpcCall, every: number, signal: AbortSignal): Promise<void> {
  try {
    for await (const _ of setInterval(every, undefined, { signal })) call.write(nothing);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function stopped(signal: AbortSignal): Promise<undefined> {
  if (!signal.aborted) await once(signal, 'abort');
  return undefined;
}
