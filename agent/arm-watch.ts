import { printable } from '../fingerprint/printable.ts';
import { formatSeconds } from '../fingerprint/time.ts';
import type { Instance, Workload } from '../fingerprint/workload.ts';
import type { DisarmLabels } from './disarm-labels.ts';
import type { ArmState, LocalDisarm } from './ports/disarm.ts';
import type { Log } from './ports.ts';
import type { StateLine } from './state-line.ts';

/** Heartbeats have room for some hundred counters: more places than a person can oversee are counted alone. */
const maxNamed = 32;

export interface ArmWatchOptions {
  /** What somebody on the node said; absent where nobody can. */
  readonly local?: ArmState | undefined;
  /** Absent where the Kubernetes API is not asked. */
  readonly labels?: Pick<DisarmLabels, 'of' | 'inForce' | 'keep'> | undefined;
  /** µs since the Unix epoch. */
  readonly now: () => number;
  readonly log: Log;
  readonly say: (line: StateLine) => void;
}

/** Why nothing new is stopped somewhere: what is held stays held, and may be let go. */
export interface Disarm {
  /** Absent: all of this node. */
  readonly namespace?: string;
  /** µs since the epoch; absent: until somebody changes what was said. */
  readonly until?: number;
  /** In one sentence, printable: by whom or what, until when. */
  readonly detail: string;
}

/** Whom a stop would meet. */
export interface Place {
  readonly workload: Pick<Workload, 'namespace'>;
  readonly instance: Pick<Instance, 'pod'>;
}

/**
 * The one place that knows whether stopping something is disarmed on this node, and why: by somebody on the node, or by a
 * label of its namespace. Whoever must not wait for a disk asks what was looked up within the last second.
 */
export class ArmWatch {
  readonly #options: ArmWatchOptions;
  #here: Disarm | undefined;
  #asked = 0;
  #answered = 0;
  /** What is told to be in force, by namespace; the node's under the empty one. */
  #told = new Map<string, Disarm>();

  constructor(options: ArmWatchOptions) {
    this.#options = options;
  }

  /** To be called before anything is judged, and every second: a disarm holds within it, and so does its end. */
  async look(): Promise<void> {
    await this.#lookHere();
    this.#tell();
    await this.#options.labels?.keep();
  }

  /** By what is known without waiting. @param place undefined: somebody nothing is known of */
  readonly disarmed = (place: Place | undefined): Disarm | undefined => {
    if (this.#here !== undefined || place === undefined) return this.#here;
    // Namespaces of other things than pods (`host`) are named by us: they are not those of the API.
    if (place.instance.pod === undefined) return undefined;
    return this.#options.labels?.of(place.workload.namespace);
  };

  /** The same, by what stands on the node at this moment. */
  readonly disarmedNow = async (place: Place | undefined): Promise<Disarm | undefined> => {
    await this.#lookHere();
    return this.disarmed(place);
  };

  get inForce(): readonly Disarm[] {
    return [...(this.#here === undefined ? [] : [this.#here]), ...(this.#options.labels?.inForce() ?? [])];
  }

  /** For heartbeats: so the collector knows where its orders are refused, and until when (in seconds; 0: open). */
  counters(): Readonly<Record<string, number>> {
    const named = this.inForce.filter(({ namespace }) => namespace !== undefined);
    const seconds = (until = 0): number => Math.floor(until / 1_000_000);
    return {
      'disarmed.node': this.#here === undefined ? 0 : 1,
      'disarmed.namespaces': named.length,
      ...Object.fromEntries(
        named.slice(0, maxNamed).map((d) => [`disarmed.namespace.${d.namespace}`, seconds(d.until)]),
      ),
    };
  }

  async #lookHere(): Promise<void> {
    const { local, now } = this.#options;
    this.#asked += 1;
    const asked = this.#asked;
    const found = await local?.disarmed(now());
    // One that was asked later and answered sooner knows better.
    if (asked < this.#answered) return;
    this.#answered = asked;
    this.#here = found === undefined ? undefined : onThisNode(found);
  }

  #tell(): void {
    const { log, say } = this.#options;
    const before = this.#told;
    this.#told = new Map(this.inForce.map((disarm) => [disarm.namespace ?? '', disarm]));
    for (const [name, disarm] of this.#told) {
      if (before.get(name)?.detail === disarm.detail) continue;
      log.warn({ ...disarm }, 'nothing is stopped there: disarmed');
      say({ type: 'disarm-in-force', ...disarm });
    }
    for (const [name, disarm] of before) {
      if (this.#told.has(name)) continue;
      log.info({ ...disarm }, 'no longer disarmed');
      say({ type: 'disarm-ended', ...disarm });
    }
  }
}

function onThisNode({ reason, until }: LocalDisarm): Disarm {
  const end = until === undefined ? '' : ` until ${formatSeconds(until)}`;
  return {
    detail: `disarmed on this node${end} (${printable(reason)})`,
    ...(until === undefined ? {} : { until }),
  };
}
