import { setTimeout as sleep } from 'node:timers/promises';
import type { Counters } from '../prometheus/counters.ts';
import type { MetricsError } from '../prometheus/metrics-error.ts';
import { watchCounters } from '../prometheus/watch-counters.ts';
import { Delivered } from './delivered.ts';
import type { FalcoCounters, FalcoIntakeOptions, HeardSink } from './intake.ts';

const silentMs = 60_000;
const everyMs = 2_000;

/** Falco's own names; those of the kernel's side were called otherwise before 0.39. */
const kernelNames = ['falcosecurity_scap_n_drops_total', 'falcosecurity_falco_n_drops_total'];
const queueName = 'falcosecurity_falco_outputs_queue_num_drops_total';
const matchesName = 'falcosecurity_falco_rules_matches_total';

/** What is looked at beside the stream until the signal aborts: what Falco loses, and whether it is there at all. */
export async function lookBeside(
  options: FalcoIntakeOptions,
  sink: HeardSink,
  signal: AbortSignal,
): Promise<void> {
  const { counters } = options;
  await Promise.all([
    listenForSilence(options, sink, signal),
    ...(counters === undefined ? [] : [lookAtCounters(counters, options, sink, signal)]),
  ]);
}

/** An idle node is silent too: nothing is concluded from it, it is only said. */
async function listenForSilence(
  { now, log, silentMs: longest = silentMs }: FalcoIntakeOptions,
  sink: HeardSink,
  signal: AbortSignal,
): Promise<void> {
  let isTold = false;
  while (!signal.aborted) {
    const silentFor = (now() - sink.heardAt) / 1000;
    if (silentFor < longest) isTold = false;
    else if (!isTold) {
      isTold = true;
      log.warn(
        { seconds: Math.round(silentFor / 1000) },
        'Falco says nothing; look whether it runs, has the rules of deploy/sources/falco and priority debug, and writes here',
      );
    }
    await sleep(Math.min(longest, 1_000), undefined, { signal }).catch(() => undefined);
  }
}

async function lookAtCounters(
  counters: FalcoCounters,
  { now, log }: FalcoIntakeOptions,
  sink: HeardSink,
  signal: AbortSignal,
): Promise<void> {
  const { address, received, reasons } = counters;
  const gap = (since: number, until: number, lost: number, reason: string) =>
    sink.note({ type: 'gap', since, until, lost, reason });
  const delivered = new Delivered(received);
  await watchCounters(
    {
      address,
      names: [...kernelNames, queueName, matchesName],
      family: 'falcosecurity_',
      everyMs: counters.everyMs ?? everyMs,
      now,
      onGrown: (grown, since, until) => {
        const kernel = kernelNames.reduce((sum, name) => sum + (grown.get(name) ?? 0), 0);
        if (kernel > 0) gap(since, until, kernel, reasons.kernel);
        const queue = grown.get(queueName) ?? 0;
        if (queue > 0) gap(since, until, queue, reasons.queue);
        delivered.matched(growthOf(grown), queue);
      },
      onLooked: (time) => {
        const missing = delivered.look(time);
        if (missing === undefined) return;
        log.warn({ missing: missing.lost }, lostOnTheWay);
        gap(missing.since, missing.until, missing.lost, lostOnTheWay);
      },
      onRestarted: (since, until) => {
        delivered.restarted();
        gap(since, until, 0, 'Falco was started again');
      },
      onFailed: (error) => tellFailure(error, counters, log),
      onRead: () => log.info({ address }, 'Falco tells what it loses'),
    },
    signal,
  );
}

/** @returns alerts that rules gave */
function growthOf(grown: Counters): number {
  return grown.get(matchesName) ?? 0;
}

const lostOnTheWay =
  'alerts that Falco gave did not come here; another reader of its gRPC output takes them away, or its output fails';

function tellFailure(error: MetricsError, { isAsked }: FalcoCounters, log: FalcoIntakeOptions['log']): void {
  const why = `${error.message}; what Falco loses shows only as far as it says so itself`;
  if (isAsked) log.warn({ code: error.code }, why);
  else log.info({ code: error.code }, why);
}
