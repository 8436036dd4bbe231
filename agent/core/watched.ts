import type { Substitutions } from '../../fingerprint/generalise.ts';
import type { Approval } from '../../fingerprint/incident.ts';
import type { FingerprintIndex } from '../../fingerprint/index-behaviour.ts';
import type { Phase } from '../../fingerprint/phase.ts';
import type { Instance, Workload } from '../../fingerprint/workload.ts';
import { Dictionary } from './dictionary.ts';
import type { InstanceRecord } from './instances.ts';
import { KnownActs } from './known-acts.ts';
import { PeerNames } from './peers.ts';
import { Placement } from './placement.ts';
import { Shown } from './shown.ts';
import { UnlearnedStart } from './unlearned-start.ts';

/** What judges a workload, and in whose name. */
export interface InForce {
  readonly index: FingerprintIndex;
  readonly approval: Approval;
  /** Phases of life that it judges; absent: both. What happens in another is learned. */
  readonly phases?: readonly Phase[];
}

/** One workload on this node: learned while nothing is in force, judged as soon as something is. */
export class WatchedWorkload {
  readonly workload: Workload;
  readonly dictionary = new Dictionary();
  readonly instances = new Map<string, WatchedInstance>();
  inForce: InForce | undefined;

  constructor(workload: Workload) {
    this.workload = workload;
  }
}

/** One copy of it: its own names (for generalising and peers) and what it has shown. */
export class WatchedInstance {
  readonly record: InstanceRecord;
  readonly instance: Instance;
  readonly names: Substitutions;
  readonly peers = new PeerNames();
  readonly known = new KnownActs();
  readonly placement = new Placement();
  readonly shown: Shown;
  readonly unlearnedStart = new UnlearnedStart();
  events = 0;
  lost = 0;

  constructor(record: InstanceRecord, node: string) {
    const { container, owner } = record;
    const pod = container?.pod;
    const podUid = owner.kind === 'container' ? owner.podUid : undefined;
    this.record = record;
    this.instance = {
      id: record.id,
      node,
      startedAt: record.startedAt,
      ...(pod === undefined ? {} : { pod }),
    };
    this.names = {
      node,
      // A short id (`ctr run … c1`) would also stand in words that are nobody's name.
      ...(record.id.length >= 12 && !record.id.includes('/') ? { container: record.id } : {}),
      ...(pod === undefined ? {} : { pod, hostname: pod }),
      ...(podUid === undefined ? {} : { uid: podUid }),
      ...(container?.namespace === undefined ? {} : { namespace: container.namespace }),
    };
    this.shown = new Shown(record.state === 'found' ? 'steady' : 'start', record.startedAt);
  }
}
