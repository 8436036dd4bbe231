import { setTimeout as sleep } from 'node:timers/promises';
import { type EventSource, SourceError, type SourceSink } from '../ports/source.ts';
import type { Log } from '../ports.ts';
import { ask } from './grpc-stream/ask.ts';
import { connectGrpc, type GrpcTransport } from './grpc-stream/connect.ts';
import type { GrpcConnection, GrpcEndpoint } from './grpc-stream/grpc.ts';
import type { MetricsError } from './prometheus/metrics-error.ts';
import { watchCounters } from './prometheus/watch-counters.ts';
import { dumpRequest, eventsRequest, methods, policiesOf, versionOf } from './source-tetragon/messages.ts';
import { PolicyWatch } from './source-tetragon/policy-watch.ts';

export interface TetragonSourceOptions {
  readonly endpoint: GrpcEndpoint;
  readonly transport: GrpcTransport;
  /** Page of its metrics; undefined: what it loses is not looked for. */
  readonly metrics: string | undefined;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  /** The policies that listen, each time that was asked; undefined: it does not say. */
  readonly onPolicies: (names: ReadonlySet<string> | undefined) => void;
  /** How often its policies are asked for, and its counters read. */
  readonly askMs?: number;
  readonly lookMs?: number;
  /** How long an answer beside the stream may take. */
  readonly patienceMs?: number;
}

/** What a policy does is changed by people; and whether somebody answers at all is seen in as many seconds. */
const askMs = 10_000;
const lookMs = 2_000;
/** Answers beside the stream come within milliseconds; who needs this long stands still. */
const patienceMs = 10_000;
/** Of all processes of a crowded node: 1.5 KiB each, 32 768 of them, and room. */
const dumpPatienceMs = 30_000;
const maxDumpBytes = 128 << 20;
/** A policy is a line; a site may have a hundred of its own. */
const maxAnswerBytes = 4 << 20;

/** Its own loss: events that it had and dropped for us, and those the kernel had no room for. */
const lossCounters = [
  'tetragon_notify_overflowed_events_total',
  'tetragon_observer_ringbuf_events_lost_total',
  'tetragon_observer_ringbuf_queue_events_lost_total',
  'tetragon_bpf_missed_events_total',
];

/**
 * Tetragon's events over gRPC, as they come. Who does not read fast enough loses the newest of them, and only the metrics
 * tell (event-sources §3.3).
 */
export function tetragonSource(options: TetragonSourceOptions): EventSource {
  return { name: 'tetragon', run: (sink, signal) => runTetragon(options, sink, signal) };
}

async function runTetragon(
  options: TetragonSourceOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return;
  const connection = await connectGrpc(options.endpoint, options.transport);
  try {
    await deliver(connection, options, sink, signal);
  } finally {
    connection.close();
  }
}

async function deliver(
  connection: GrpcConnection,
  options: TetragonSourceOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  const version = versionOf(await ask(connection, methods.version, nothing, limits(options)));
  if (signal.aborted) return;
  sink.note({ type: 'connected', version });
  const over = new AbortController();
  // Before the dump is asked for: what starts in between is in one of the two.
  const call = connection.stream(methods.events, eventsRequest, (bytes) => {
    if (!over.signal.aborted) sink.bytes(bytes, options.now());
  });
  const stopped = Promise.withResolvers<undefined>();
  const stop = () => stopped.resolve(undefined);
  signal.addEventListener('abort', stop, { once: true });
  try {
    const besides = Promise.all([
      takeSnapshot(connection, options, sink, over.signal),
      watchPolicies(connection, options, sink, over.signal),
      watchLoss(options, sink, over.signal),
    ]);
    const end = await Promise.race([call.ended, besides.then(() => undefined), stopped.promise]);
    if (end !== undefined) throw end.error;
  } finally {
    over.abort();
    signal.removeEventListener('abort', stop);
    await call.cancel();
  }
}

const nothing = new Uint8Array();

function limits({ patienceMs: timeoutMs = patienceMs }: TetragonSourceOptions) {
  return { timeoutMs, maxBytes: maxAnswerBytes };
}

/** Everything that runs, where it can say so (since v1.3). An empty one tells that there is none. */
async function takeSnapshot(
  connection: GrpcConnection,
  { log }: TetragonSourceOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  let bytes: Uint8Array = nothing;
  try {
    const most = { timeoutMs: dumpPatienceMs, maxBytes: maxDumpBytes };
    bytes = await ask(connection, methods.debug, dumpRequest, most);
  } catch (err) {
    if (!(err instanceof SourceError)) throw err;
    if (signal.aborted) return;
    log.warn(told(err), 'Tetragon does not tell what runs already; programs are known when they first act');
  }
  if (!signal.aborted) sink.note({ type: 'snapshot', bytes });
}

/** Asks again and again; who does not tell of policies is asked for the version. @throws SourceError when nobody answers */
async function watchPolicies(
  connection: GrpcConnection,
  options: TetragonSourceOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  const { now, onPolicies, askMs: every = askMs } = options;
  const watch = new PolicyWatch();
  let names = await policies(connection, options);
  while (!signal.aborted) {
    onPolicies(names);
    for (const { policy, since, until } of watch.look(names ?? new Set(), now()))
      sink.note({ type: 'gap', since, until, lost: 0, reason: `the policy ${policy} was not loaded` });
    await sleep(every, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    if (names === undefined) await ask(connection, methods.version, nothing, limits(options));
    else names = policiesOf(await ask(connection, methods.policies, nothing, limits(options)));
  }
}

/** @returns undefined when it does not say */
async function policies(
  connection: GrpcConnection,
  options: TetragonSourceOptions,
): Promise<ReadonlySet<string> | undefined> {
  try {
    return policiesOf(await ask(connection, methods.policies, nothing, limits(options)));
  } catch (err) {
    if (!(err instanceof SourceError) || (err.code !== 'wrong-service' && err.code !== 'no-permission'))
      throw err;
    options.log.warn(told(err), 'Tetragon does not tell which policies it has');
    return undefined;
  }
}

async function watchLoss(
  { metrics, now, log, lookMs: everyMs = lookMs }: TetragonSourceOptions,
  sink: SourceSink,
  signal: AbortSignal,
): Promise<void> {
  if (metrics === undefined) return;
  const gap = (since: number, until: number, lost: number, reason: string) =>
    sink.note({ type: 'gap', since, until, lost, reason });
  await watchCounters(
    {
      address: metrics,
      names: lossCounters,
      family: 'tetragon_',
      everyMs,
      now,
      onGrown: (grown, since, until) => {
        const lost = [...grown.values()].reduce((sum, n) => sum + n, 0);
        gap(since, until, lost, `Tetragon lost events (${[...grown.keys()].join(', ')})`);
      },
      onRestarted: (since, until) => gap(since, until, 0, 'Tetragon was started anew'),
      onFailed: (error) =>
        log.warn(
          told(error),
          'what Tetragon loses cannot be told: its metrics cannot be read; correct sourceMetrics',
        ),
      onRead: () => log.info({ metrics }, "Tetragon's metrics are read"),
    },
    signal,
  );
}

/** What is a sentence for a person already needs no stack trace beside it. */
function told({ code, message }: SourceError | MetricsError): {
  readonly code: string;
  readonly reason: string;
} {
  return { code, reason: message };
}
