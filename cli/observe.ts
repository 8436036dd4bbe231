import type { PeerDirectory } from '../agent/core/address-book.ts';
import type { Attributed } from '../agent/core/attributed.ts';
import { Attribution } from '../agent/core/attribution.ts';
import { Counters } from '../agent/core/counters.ts';
import type { InstanceRecord } from '../agent/core/instances.ts';
import type { Surroundings } from '../agent/core/surroundings.ts';
import { Watch, type WatchOutput } from '../agent/core/watch.ts';
import type { InForce } from '../agent/core/watched.ts';
import { workloadOf } from '../agent/core/workload-of.ts';
import type { Behaviour } from '../fingerprint/behaviour.ts';
import type { CoverageWord } from '../fingerprint/coverage.ts';
import type { ContainerRef, Event } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Report } from '../fingerprint/report.ts';
import type { Subject } from '../fingerprint/workload.ts';
import { CliError, exitCodes } from './exit.ts';

export interface ObserveOptions {
  readonly subject: Subject;
  readonly coverage: readonly CoverageWord[];
  /** Judge by it; without it everything is learned. */
  readonly inForce?: InForce;
  /** Who lives at which address, where the recording itself shows it. */
  readonly directory?: PeerDirectory;
}

export interface Observed {
  /** What no fingerprint covers: everything learnable when there is none. */
  readonly novelties: readonly Behaviour[];
  /** All that an agent would have told its collector of it, in its order. */
  readonly reports: readonly Report[];
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
 * @throws CliError when one workload shows more than a fingerprint can hold
 */
export function observe(events: Iterable<Event>, options: ObserveOptions): Observed {
  const observer = new Observer(options);
  for (const event of events) observer.take(event);
  return observer.end();
}

class Observer {
  readonly #options: ObserveOptions;
  readonly #counters = new Counters();
  readonly #attribution: Attribution;
  readonly #watch: Watch;
  readonly #instances = new Set<string>();
  readonly #reports: Report[] = [];
  readonly #incidents = new Map<string, Incident>();
  #events = 0;
  #lost = 0;
  #first = Number.POSITIVE_INFINITY;
  #last = 0;

  constructor(options: ObserveOptions) {
    const counters = this.#counters;
    this.#options = options;
    this.#attribution = new Attribution({ counters, offline: true });
    const coverage = () => options.coverage;
    this.#watch = new Watch({
      node: 'recorded',
      coverage,
      counters,
      attribution: this.#attribution,
      ...(options.directory === undefined ? {} : { directory: options.directory }),
    });
  }

  take(event: Event): void {
    this.#events += 1;
    this.#first = Math.min(this.#first, event.time);
    this.#last = Math.max(this.#last, event.time);
    if (event.kind === 'gap') this.#lost += Math.max(1, event.lost);
    this.#handle(this.#attribution.observe(event));
  }

  end(): Observed {
    this.#handle(this.#attribution.settle());
    if (this.#counters.get('lost.dictionary-full') > 0) throw tooMany();
    // An incident of which only counts changed was not told again: the book has its last state.
    const incidents = [...this.#incidents.values()].map((told) => this.#watch.incident(told.id) ?? told);
    incidents.sort((a, b) => a.first - b.first || (a.id < b.id ? -1 : 1));
    this.#keep(this.#watch.support(this.#last));
    return {
      novelties: this.#reports.flatMap((r) => (r.type === 'novelty' ? [r.behaviour] : [])),
      reports: this.#reports,
      incidents,
      counters: this.#counters,
      instances: this.#instances,
      events: this.#events,
      lost: this.#lost,
      first: this.#first,
      last: this.#last,
    };
  }

  #handle(items: readonly Attributed[]): void {
    for (const item of items) {
      if (item.type === 'instance' && item.state !== 'exited') this.#begin(item.instance, item.state);
      else this.#keep(this.#watch.observe(item));
    }
  }

  /** Nobody need be asked who it is: the subject was given. */
  #begin(instance: InstanceRecord, state: 'started' | 'found'): void {
    const { subject, inForce } = this.#options;
    const { container } = instance;
    const owner = container?.owner ?? container?.name ?? subject.name;
    const ref = { ...(container ?? { id: instance.id }), owner, image: subject.name, digest: subject.digest };
    const workload = workloadOf(ref, instance, 'recorded');
    if (workload === undefined) return;
    this.#instances.add(instance.id);
    if (container !== undefined) instance.surroundings = surroundingsOf(container);
    if (inForce !== undefined && container !== undefined)
      instance.container = { ...container, probes: [...(container.probes ?? []), ...probesIn(inForce)] };
    // In force before its first copy is told of, or that copy would be judged twice.
    if (inForce !== undefined) this.#keep(this.#watch.setInForce(workload, inForce));
    this.#keep(this.#watch.began(instance, workload, state));
    this.#handle(this.#attribution.identify(instance, workload));
  }

  #keep(outputs: readonly WatchOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'incident') this.#incidents.set(output.incident.id, output.incident);
      else this.#reports.push(output.report);
    }
  }
}

/** What the agent would have read where the copy lives, as far as the recording says it. */
function surroundingsOf({ hostname, addresses = [], resolvers, search = [] }: ContainerRef): Surroundings {
  return {
    search,
    addresses,
    ...(resolvers === undefined ? {} : { resolvers }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}

/** A recording seldom carries the pod spec; what the fingerprint knows as a probe was one when it was learned. */
function probesIn({ index }: InForce): readonly (readonly string[])[] {
  const programs = [...index.programs.values()].flat();
  return programs.filter((p) => p.root === 'probe' && p.parent === '').flatMap((p) => p.program.args);
}

function tooMany(): CliError {
  return new CliError(
    exitCodes.usage,
    'the recording holds more than 20 000 different behaviours of one workload',
    'record one workload, or leave others out by their image digest',
  );
}
