import type { AttributedAct } from '../agent/core/attributed.ts';
import { Attribution } from '../agent/core/attribution.ts';
import { Counters } from '../agent/core/counters.ts';
import { Watch, type WatchOutput } from '../agent/core/watch.ts';
import type { InForce } from '../agent/core/watched.ts';
import { workloadOf } from '../agent/core/workload-of.ts';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import type { BehaviourKind, Event } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { CliError, exitCodes } from './exit.ts';

export interface Observed {
  /** What no fingerprint covers: everything learnable when there is none. */
  readonly novelties: readonly Behaviour[];
  /** As they stand at the end, in order of their beginning. */
  readonly incidents: readonly Incident[];
  readonly counters: Counters;
  readonly instances: ReadonlySet<string>;
  readonly events: number;
  /** Events that gaps tell of; a gap of unknown size counts as one. */
  readonly lost: number;
  /** µs since the Unix epoch of the first and last event. */
  readonly first: number;
  readonly last: number;
}

/**
 * Recorded events through the agent's own core: attributed, generalised, learned or judged, rolled up into incidents.
 * Everything belongs to one subject; what names another image was left out before.
 */
export function observe(
  events: Iterable<Event>,
  options: {
    readonly subject: Subject;
    readonly coverage: readonly BehaviourKind[];
    readonly inForce?: InForce;
  },
): Observed {
  const counters = new Counters();
  const attribution = new Attribution({ counters, offline: true });
  const watch = new Watch({ node: 'recorded', coverage: () => options.coverage, counters, attribution });
  const found = new Findings(watch);
  let count = 0;
  let lost = 0;
  let first = Number.POSITIVE_INFINITY;
  let last = 0;
  const take = (items: ReturnType<Attribution['observe']>): void => {
    for (const item of items) {
      if (item.type === 'instance' && item.state !== 'exited') begin(item.instance, item.state);
      else found.add(watch.observe(item));
    }
  };
  const begin = (instance: AttributedAct['instance'], state: 'started' | 'found'): void => {
    const workload = workloadOf(
      {
        ...(instance.container ?? { id: instance.id }),
        image: options.subject.name,
        digest: options.subject.digest,
      },
      instance,
      'recorded',
    );
    if (workload === undefined) return;
    take(attribution.identify(instance, workload));
    found.instances.add(instance.id);
    found.add(watch.began(instance, workload, state));
    if (options.inForce !== undefined) found.add(watch.setInForce(workload, options.inForce));
  };
  for (const event of events) {
    count += 1;
    first = Math.min(first, event.time);
    last = Math.max(last, event.time);
    if (event.kind === 'gap') lost += Math.max(1, event.lost);
    take(attribution.observe(event));
  }
  take(attribution.settle());
  if (counters.get('lost.dictionary-full') > 0) throw tooMany();
  return { ...found.result(), counters, events: count, lost, first, last };
}

class Findings {
  readonly instances = new Set<string>();
  readonly #watch: Watch;
  readonly #novelties: Behaviour[] = [];
  readonly #incidents = new Map<string, Incident>();

  constructor(watch: Watch) {
    this.#watch = watch;
  }

  add(outputs: readonly WatchOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'incident') this.#incidents.set(output.incident.id, output.incident);
      else if (output.report.type === 'novelty') this.#novelties.push(output.report.behaviour);
    }
  }

  /** An incident that only counts changed was not told again; the book has its last state. */
  result(): Pick<Observed, 'novelties' | 'incidents' | 'instances'> {
    const incidents = [...this.#incidents.values()].map((told) => this.#watch.incident(told.id) ?? told);
    incidents.sort((a, b) => a.first - b.first || (a.id < b.id ? -1 : 1));
    return { novelties: this.#novelties, incidents, instances: this.instances };
  }
}

function tooMany(): CliError {
  return new CliError(
    exitCodes.usage,
    'the recording holds more than 20 000 different behaviours of one workload',
    'name the image with --subject so that other workloads are left out, or record one workload',
  );
}
