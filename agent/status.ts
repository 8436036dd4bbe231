import { isCanaryWorkload } from '../fingerprint/canary.ts';
import { type CoverageWord, coverageChange } from '../fingerprint/coverage.ts';
import type { Disarm } from './arm-watch.ts';
import type { CanaryStatus } from './canary.ts';
import type { LeaseSummary } from './core/leases.ts';
import type { Watch } from './core/watch.ts';
import type { WatchedWorkload } from './core/watched.ts';
import type { LabelsStatus } from './disarm-labels.ts';
import type { PodsStatus } from './pods.ts';
import type { Hold } from './ports/enforcer.ts';
import type { SpoolStats } from './ports/uplink.ts';
import type { SourceStatus } from './source-state.ts';

export interface StatusFacts {
  readonly node: string;
  readonly session: string;
  readonly startedAt: number;
  readonly ready: boolean;
  readonly source: SourceStatus;
  readonly coverage: readonly CoverageWord[];
  readonly uplink: string;
  readonly spool: SpoolStats;
  readonly holds: readonly Hold[];
  /** What may be killed without asking. */
  readonly leases: LeaseSummary;
  /** Where nothing new is stopped. */
  readonly disarms: readonly Disarm[];
  /** Undefined where the Kubernetes API is not asked. */
  readonly disarmLabels: LabelsStatus | undefined;
  readonly watch: Watch;
  /** Undefined when silence is not tested. */
  readonly canary: CanaryStatus | undefined;
  /** Undefined where the Kubernetes API is not asked. */
  readonly kubernetes: (PodsStatus & { readonly withoutPod: number }) | undefined;
  readonly counters: Readonly<Record<string, number>>;
}

/** What `GET /status` answers: plain JSON, times in µs since the Unix epoch, everything printable. */
export function statusOf({ watch, ...facts }: StatusFacts): unknown {
  return {
    ...facts,
    workloads: [...watch.workloads()]
      .filter((w) => !isCanaryWorkload(w.workload))
      .map((w) => workloadStatus(w, facts.coverage)),
    incidents: watch.openIncidents(),
  };
}

function workloadStatus(watched: WatchedWorkload, coverage: StatusFacts['coverage']): unknown {
  const { workload, inForce, approval, untrusted, dictionary, instances } = watched;
  return {
    workload,
    state: untrusted !== undefined ? 'untrusted' : inForce === undefined ? 'learning' : 'judging',
    ...(untrusted === undefined ? {} : { untrusted }),
    behaviours: dictionary.size,
    ...(approval === undefined ? {} : { approval }),
    ...(inForce === undefined
      ? {}
      : {
          inert: inForce.inert ?? 0,
          warnings: inForce.warnings ?? [],
          // What the fingerprint judges and nobody here can see.
          unseen: coverageChange([...inForce.index.coverage], coverage).lost,
        }),
    instances: [...instances.values()].map(({ instance, events, lost }) => ({ ...instance, events, lost })),
  };
}
