import { setTimeout as sleep } from 'node:timers/promises';
import { printable } from '../../fingerprint/printable.ts';
import { type EventSource, SourceError, type SourceSink } from '../ports/source.ts';
import { type AskOptions, ask } from './grpc-stream/ask.ts';
import { connectGrpc, type GrpcTransport } from './grpc-stream/connect.ts';
import type { GrpcConnection, GrpcEndpoint } from './grpc-stream/grpc.ts';
import { problem } from './grpc-stream/refusal.ts';
import { LossWatch } from './source-tracee/loss-watch.ts';
import { maskFor } from './source-tracee/mask.ts';
import { eventsRequest, methods, metricsOf, versionOf } from './source-tracee/messages.ts';

export interface TraceeOptions {
  /** Tried in this order; the first that somebody listens at is taken. */
  readonly endpoints: readonly [GrpcEndpoint, ...GrpcEndpoint[]];
  readonly transport: GrpcTransport;
  /** Ask for the fields that are read, where that takes nothing from other clients; else for all. */
  readonly mask: boolean;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** How often its counters are looked at. */
  readonly lookMs?: number;
  /** How long it may take to answer a question. */
  readonly patienceMs?: number;
}

const lookMs = 2_000;
/** Answers beside the stream come within milliseconds; who needs this long stands still. */
const patienceMs = 10_000;
/** A version is a word, the counters are twenty numbers and a line for each of some hundred programs. */
const maxAnswerBytes = 1 << 20;

/**
 * Tracee's events over gRPC, as they come. Always read, never paused: one client that stops reading stops Tracee for the
 * whole node (event-sources §1.4).
 */
export function traceeSource(options: TraceeOptions): EventSource {
  return { name: 'tracee', run: (sink, signal) => runTracee(options, sink, signal) };
}

async function runTracee(options: TraceeOptions, sink: SourceSink, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const connection = await connectFirst(options);
  try {
    await deliver(connection, options, sink, signal);
  } finally {
    connection.close();
  }
}

/** @throws SourceError of the first address when nobody is at any */
async function connectFirst({ endpoints, transport }: TraceeOptions): Promise<GrpcConnection> {
  const errors: SourceError[] = [];
  for (const endpoint of endpoints) {
    try {
      return await connectGrpc(endpoint, transport);
    } catch (error) {
      if (!(error instanceof SourceError) || error.code !== 'unreachable') throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  const others = endpoints.slice(1).map((e) => printable(e.address));
  if (first === undefined || others.length === 0) throw first;
  throw new SourceError('unreachable', `${first.message}; nor is it at ${others.join(' or ')}`, {
    cause: first,
  });
}

async function deliver(
  connection: GrpcConnection,
  options: TraceeOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  const { now } = options;
  const version = versionOf(await ask(connection, methods.version, empty, asking(options)));
  if (signal.aborted) return;
  sink.note({ type: 'connected', version });
  const mask = options.mask ? maskFor(version) : [];
  let heard = false;
  let isOver = false;
  const call = connection.stream(methods.events, eventsRequest(mask), (bytes) => {
    heard = true;
    // Who leaves reads on until Tracee knows: what comes meanwhile is nobody's.
    if (!isOver) sink.bytes(bytes, now());
  });
  const stopped = Promise.withResolvers<undefined>();
  const stop = () => stopped.resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  const looking = new AbortController();
  const hasHeard = () => {
    const was = heard;
    heard = false;
    return was;
  };
  try {
    const watching = watchLoss(connection, options, sink, hasHeard, looking.signal);
    const end = await Promise.race([call.ended, watching, stopped.promise]);
    if (end !== undefined) throw end.error;
  } finally {
    isOver = true;
    looking.abort();
    signal.removeEventListener('abort', stop);
    await call.cancel();
  }
}

const empty = new Uint8Array();

function asking({ patienceMs: timeoutMs = patienceMs }: TraceeOptions): AskOptions {
  return { timeoutMs, maxBytes: maxAnswerBytes };
}

/**
 * Tells that Tracee has our request, and looks at its counters until the signal aborts.
 *
 * @throws SourceError `wedged`; as the call ended otherwise
 */
async function watchLoss(
  connection: GrpcConnection,
  options: TraceeOptions,
  sink: SourceSink,
  hasHeard: () => boolean,
  signal: AbortSignal,
): Promise<never | undefined> {
  const { now, lookMs: every = lookMs } = options;
  const watch = new LossWatch();
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    const metrics = metricsOf(await ask(connection, methods.metrics, empty, asking(options)));
    if (signal.aborted) return undefined;
    // It was asked behind our request for events, on the same line: who answers this has that.
    if (isFirst) sink.note({ type: 'watching' });
    for (const finding of watch.look(metrics, now(), hasHeard())) {
      if (finding.type === 'wedged') throw wedged(connection, finding.why);
      const { since, until, lost } = finding;
      sink.note({ type: 'gap', since, until, lost, reason: 'Tracee lost events before anybody saw them' });
    }
    await sleep(every, undefined, { signal }).catch(() => undefined);
  }
  return undefined;
}

function wedged({ endpoint }: GrpcConnection, why: string): SourceError {
  return problem(endpoint, 'wedged', `it stands still (${why}); restart it`);
}
