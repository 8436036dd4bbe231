import type { Behaviour } from '../../fingerprint/behaviour.ts';
import type { CoverageWord } from '../../fingerprint/coverage.ts';
import type { Event } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import type { Report } from '../../fingerprint/report.ts';
import type { Census } from './meant-runtime.ts';
import type { StepLog } from './step-log.ts';
import type { Target } from './target.ts';

/** What the copies of one target showed in one run. */
export interface TargetSeen {
  /** In order of time, each once for every way of starting the image. */
  readonly behaviours: { readonly behaviour: Behaviour; readonly time: number }[];
  readonly instances: Set<string>;
  /** Never learnable: told and left out. */
  readonly incidents: Map<string, Incident>;
  events: number;
}

/** One run of the command. */
export interface RunSeen {
  readonly targets: ReadonlyMap<Target, TargetSeen>;
  readonly census: Census;
  readonly steps: StepLog;
  readonly coverage: readonly CoverageWord[];
  /** µs since the epoch. */
  readonly since: number;
  readonly until: number;
  /** Events that somebody says were lost, and what else nobody can know. */
  readonly lost: number;
  /** Why absence in it proves nothing, in sentences. */
  readonly incomplete: readonly string[];
}

/** Gathers what the pipeline tells during a run. */
export class RunCollector {
  readonly targets = new Map<Target, TargetSeen>();
  readonly #census: Census;
  readonly #gaps: { readonly gap: Extract<Event, { kind: 'gap' }>; readonly cgroup: string | undefined }[] =
    [];

  constructor(census: Census, targets: readonly Target[]) {
    this.#census = census;
    for (const target of targets)
      this.targets.set(target, { behaviours: [], instances: new Set(), incidents: new Map(), events: 0 });
  }

  report(report: Report): void {
    switch (report.type) {
      case 'novelty':
        this.#of(report.instance)?.behaviours.push(report);
        return;
      case 'instance':
        this.#of(report.instance.id)?.instances.add(report.instance.id);
        return;
      case 'support': {
        const seen = this.#of(report.instance);
        if (seen !== undefined) seen.events += report.events;
        return;
      }
      case 'incident':
        this.#of(report.incident.instance.id)?.incidents.set(report.incident.id, report.incident);
        return;
      case 'gap':
      case 'receipt':
      case 'canary':
        return;
    }
  }

  gap(gap: Extract<Event, { kind: 'gap' }>, cgroup: string | undefined): void {
    this.#gaps.push({ gap, cgroup });
  }

  /** Events lost since then by what is recorded. What another cgroup lost says nothing of ours. */
  lostSince(since: number): { readonly lost: number; readonly reasons: readonly string[] } {
    const ours = this.#gaps.filter(({ gap, cgroup }) => gap.until >= since && this.#isOurs(gap, cgroup));
    // A loss of unknown size is a loss.
    const lost = ours.reduce((sum, { gap }) => sum + Math.max(1, gap.lost), 0);
    return { lost, reasons: [...new Set(ours.map(({ gap }) => gap.reason))] };
  }

  #isOurs(gap: Extract<Event, { kind: 'gap' }>, cgroup: string | undefined): boolean {
    if (gap.cgroup === undefined || cgroup === undefined) return true;
    return [...this.#census.cgroups].some((path) => cgroup === path || cgroup.startsWith(`${path}/`));
  }

  #of(instance: string): TargetSeen | undefined {
    const target = this.#census.targets.get(instance);
    return target === undefined ? undefined : this.targets.get(target);
  }
}
