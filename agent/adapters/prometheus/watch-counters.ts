import { setTimeout as sleep } from 'node:timers/promises';
import { type Counters, countersOf, hasFamily } from './counters.ts';
import { MetricsError } from './metrics-error.ts';
import { readMetrics } from './read-metrics.ts';

export interface CounterWatchOptions {
  /** `http://127.0.0.1:2112/metrics` */
  readonly address: string;
  readonly names: readonly string[];
  /** What the names of all metrics of this service begin with: a page without any is another service's. */
  readonly family: string;
  readonly everyMs: number;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  /** Between these times they grew, by this much each; only those that did. */
  readonly onGrown: (grown: Counters, since: number, until: number) => void;
  /** A counter went down: whoever counts was started anew between these times, and what it counted last is unknown. */
  readonly onRestarted: (since: number, until: number) => void;
  /** Once when it cannot be read, until it can again. What is lost meanwhile shows when it can. */
  readonly onFailed: (error: MetricsError) => void;
  /** It can be read: the first time, and after each failure. */
  readonly onRead?: () => void;
  /** After each reading, when the others were told. */
  readonly onLooked?: (time: number) => void;
}

interface Reading {
  readonly counters: Counters;
  readonly time: number;
}

/** Reads the counters again and again until `signal` aborts. A counter that is not there stands at nought. */
export async function watchCounters(options: CounterWatchOptions, signal: AbortSignal): Promise<void> {
  let last: Reading | undefined;
  let works: boolean | undefined;
  while (!signal.aborted) {
    const reading = await read(options, signal).catch(asFailure);
    if (signal.aborted) return;
    if (reading instanceof MetricsError) {
      if (works !== false) options.onFailed(reading);
      works = false;
    } else {
      if (works !== true) options.onRead?.();
      works = true;
      if (last !== undefined) compare(last, reading, options);
      last = reading;
      options.onLooked?.(reading.time);
    }
    await sleep(options.everyMs, undefined, { signal }).catch(() => undefined);
  }
}

function asFailure(error: unknown): MetricsError {
  if (error instanceof MetricsError) return error;
  throw error;
}

async function read(
  { address, names, family, now }: CounterWatchOptions,
  signal: AbortSignal,
): Promise<Reading> {
  const page = await readMetrics(address, signal);
  if (!hasFamily(page, family))
    throw new MetricsError('wrong-service', `the page at ${address} has no metrics named ${family}…`);
  return { counters: countersOf(page, names), time: now() };
}

function compare(last: Reading, reading: Reading, options: CounterWatchOptions): void {
  const grown = new Map<string, number>();
  let restarted = false;
  for (const name of options.names) {
    const before = last.counters.get(name) ?? 0;
    const now = reading.counters.get(name) ?? 0;
    if (now < before) restarted = true;
    // After a restart the counter began at nought: all that it says is new.
    const growth = now < before ? now : now - before;
    if (growth > 0) grown.set(name, growth);
  }
  if (restarted) options.onRestarted(last.time, reading.time);
  if (grown.size > 0) options.onGrown(grown, last.time, reading.time);
}
