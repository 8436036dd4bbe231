import type { ProcessRef } from '../fingerprint/event.ts';
import type { Incident } from '../fingerprint/incident.ts';
import type { Receipt, StopAction } from '../fingerprint/order.ts';
import { isForeign, modes } from '../fingerprint/verdict.ts';
import { workloadKey } from '../fingerprint/workload.ts';
import type { Attribution } from './core/attribution.ts';
import type { InstanceRecord } from './core/instances.ts';
import { nextStep } from './core/ladder.ts';
import { allowedAgainst } from './core/orders.ts';
import { needed, type Stop, type StopMode } from './core/stop-rates.ts';
import type { Watch } from './core/watch.ts';
import type { Enforcer, StopRequest, StopResult } from './ports/enforcer.ts';

/** Stops that count against the node's limits: these allow some sixty in ten minutes. */
const maxStops = 256;
/** As many incidents as the watch remembers telling. */
const maxTimed = 1_024;
/** Processes of one incident that were stopped; one that is forgotten is dead by then. */
const maxTargets = 64;

/** When what led to a stop happened in the kernel, and when it was judged; µs since the epoch. */
export interface Timing {
  readonly eventTime: number;
  readonly judgedAt: number;
}

export interface StopHandOptions {
  readonly enforcer: Pick<Enforcer, 'act'>;
  readonly attribution: Pick<Attribution, 'subtree' | 'isExclusive'>;
  readonly watch: Pick<Watch, 'approvalOf'>;
  /** How long a hold or freeze lasts before it ends by itself. */
  readonly holdUs: number;
  /** µs since the Unix epoch. */
  readonly now: () => number;
}

export interface Stopping {
  readonly action: StopAction;
  readonly incident: Incident;
  readonly target: ProcessRef;
  readonly instance: InstanceRecord;
  /** Of the act that led to it; absent: of the incident's first. */
  readonly timing?: Timing;
  /** It counts against the node's limits. */
  readonly counts: boolean;
}

export type Stopped = Omit<Receipt, 'order' | 'incident'>;

/** Stops what drifts, by order or by lease: the same steps, the same limits. */
export class StopHand {
  readonly #options: StopHandOptions;
  readonly #timed = new Map<string, Timing>();
  readonly #targets = new Map<string, ReadonlySet<string>>();
  #stops: readonly Stop[] = [];

  constructor(options: StopHandOptions) {
    this.#options = options;
  }

  /** Of the last minutes. */
  get stops(): readonly Stop[] {
    return this.#stops;
  }

  /** Remembers when the incident's first event happened in the kernel and when it was judged. */
  judged(incident: string, timing: Timing): void {
    if (!this.#timed.has(incident)) keep(this.#timed, incident, timing, maxTimed);
  }

  /** Processes of this incident that somebody has begun to stop; undefined: none. */
  targetsOf(incident: string): { has(target: ProcessRef): boolean } | undefined {
    const targets = this.#targets.get(incident);
    return targets === undefined ? undefined : { has: (target) => targets.has(nameOf(target)) };
  }

  /** Whether the copy as a whole ends with these; of a copy whose first process nobody saw that is to be feared. */
  endsCopy({ first }: InstanceRecord, action: StopAction, taken: readonly ProcessRef[]): boolean {
    if (needed[action] !== 'kill') return false;
    if (action === 'kill' || first === undefined) return true;
    return taken.some((p) => p.pid === first.pid && p.start === first.start);
  }

  /** Whom a stop takes: the target, what else is foreign in its incident, and all that descends from them. */
  taken(action: StopAction, incident: Incident, target: ProcessRef): readonly ProcessRef[] {
    return this.#below(this.#topmost(action, incident, target));
  }

  #topmost(action: StopAction, incident: Incident, target: ProcessRef): readonly ProcessRef[] {
    const mayStop = (process: ProcessRef): boolean => this.#mayStop(process, incident, needed[action]);
    const others = foreignProcesses(incident).filter((p) => nameOf(p) !== nameOf(target));
    return [target, ...others.filter(mayStop)];
  }

  #below(topmost: readonly ProcessRef[]): readonly ProcessRef[] {
    return distinct(topmost.flatMap((p) => this.#options.attribution.subtree(p)));
  }

  /** Begins before it returns: nothing else is done between a verdict and its stop. */
  async stop(stopping: Stopping): Promise<Stopped> {
    const { action, incident, target, timing, counts } = stopping;
    this.#remember(incident, target, needed[action], counts);
    const { result, stopped, stoppedAt, evidence, detail, ...done } = await this.#climb(stopping);
    return {
      result,
      action: done.action,
      stopped,
      ...durations(timing ?? this.#timed.get(incident.id), stoppedAt),
      ...(evidence === undefined ? {} : { evidence }),
      ...(detail === undefined ? {} : { detail }),
    };
  }

  /** What is named; when that fails, something milder: a subtree that cannot be killed is better held. */
  async #climb({ action: wanted, incident, target, instance }: Stopping): Promise<StopResult> {
    const { attribution, now, holdUs, enforcer } = this.#options;
    const exclusive = attribution.isExclusive(instance);
    const about = { incident, cgroupPath: instance.cgroupPath, culprit: target, exclusive };
    const topmost = this.#topmost(wanted, incident, target);
    const below = (): readonly ProcessRef[] => this.#below(topmost);
    const request = (action: StopAction): StopRequest => ({
      ...about,
      action,
      deadline: now() + holdUs,
      // Grows while a fork storm is chased: the fork events go on coming in.
      get subtree() {
        return below();
      },
    });
    const tried: StopResult[] = [];
    for (;;) {
      const step = nextStep({ wanted, ceiling: wanted, exclusive, tried });
      if (step.kind === 'end') return tried.at(-1) ?? { result: 'failed', action: wanted, stopped: [] };
      tried.push(await enforcer.act(request(step.action)));
    }
  }

  #mayStop(process: ProcessRef, incident: Incident, needs: StopMode): boolean {
    const allowed = allowedAgainst(process, incident, this.#options.watch.approvalOf(incident.workload));
    return allowed !== undefined && modes.indexOf(allowed) >= modes.indexOf(needs);
  }

  /** One incident counts once against each limit, however often it is stopped. */
  #remember(incident: Incident, target: ProcessRef, mode: StopMode, counts: boolean): void {
    const targets = [...(this.#targets.get(incident.id) ?? []), nameOf(target)];
    keep(this.#targets, incident.id, new Set(targets.slice(-maxTargets)), maxTimed);
    if (!counts || this.#stops.some((s) => s.incident === incident.id && s.mode === mode)) return;
    const workload = workloadKey(incident.workload);
    const stop = { at: this.#options.now(), incident: incident.id, workload, mode };
    this.#stops = [...this.#stops.slice(-maxStops), stop];
  }
}

/**
 * What one stop takes along beside the process that is named: every other one of foreign code that its incident tells
 * of. What a person started by exec or attach is stopped by an order that names it, never beside another (DESIGN §7).
 */
function foreignProcesses(incident: Incident): readonly ProcessRef[] {
  return incident.drifts
    .filter((d) => d.kind === 'exec' && d.root !== 'interactive' && isForeign(d.because))
    .map((d) => d.process);
}

function distinct(processes: readonly ProcessRef[]): readonly ProcessRef[] {
  return [...new Map(processes.map((p) => [nameOf(p), p])).values()];
}

function nameOf({ pid, start }: ProcessRef): string {
  return `${pid}:${start}`;
}

function durations(timing: Timing | undefined, stoppedAt: number | undefined): Partial<Receipt> {
  if (timing === undefined) return {};
  const { eventTime, judgedAt } = timing;
  return {
    eventToVerdictUs: Math.max(0, judgedAt - eventTime),
    ...(stoppedAt === undefined ? {} : { eventToStoppedUs: Math.max(0, stoppedAt - eventTime) }),
  };
}

function keep<V>(map: Map<string, V>, key: string, value: V, max: number): void {
  if (!map.has(key) && map.size >= max) {
    const oldest = map.keys().next();
    if (oldest.done !== true) map.delete(oldest.value);
  }
  map.set(key, value);
}
