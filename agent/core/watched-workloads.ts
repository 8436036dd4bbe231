import { type Workload, workloadKey } from '../../fingerprint/workload.ts';
import type { PeerDirectory } from './address-book.ts';
import type { InstanceRecord } from './instances.ts';
import { WatchedInstance, WatchedWorkload } from './watched.ts';

export interface Watching {
  readonly watched: WatchedWorkload;
  readonly instance: WatchedInstance;
  readonly workload: Workload;
}

/** Ten times the pods of a full node: jobs come and go under new names for ever. */
const maxWorkloads = 1_024;

/** The workloads of this node and their copies. */
export class WatchedWorkloads {
  readonly #node: string;
  readonly #directory: PeerDirectory | undefined;
  readonly #workloads = new Map<string, WatchedWorkload>();
  /** The same by instance: making the workload's key costs more than all the rest of a known act. */
  readonly #places = new WeakMap<InstanceRecord, Watching>();

  constructor(node: string, directory: PeerDirectory | undefined) {
    this.#node = node;
    this.#directory = directory;
  }

  all(): Iterable<WatchedWorkload> {
    return this.#workloads.values();
  }

  *copies(): Generator<WatchedInstance> {
    for (const { instances } of this.#workloads.values()) yield* instances.values();
  }

  /** The copy that this record stands for; a new one the first time. */
  copyOf(record: InstanceRecord, workload: Workload): Watching {
    const place = this.#places.get(record);
    if (place !== undefined && place.workload === workload) return place;
    const watched = this.workloadOf(workload);
    const known = watched.instances.get(record.id);
    const instance =
      known?.record === record ? known : new WatchedInstance(record, this.#node, this.#directory);
    watched.instances.set(record.id, instance);
    const watching = { watched, instance, workload };
    this.#places.set(record, watching);
    return watching;
  }

  /** @returns the copy that is no longer watched, if it was. */
  end(record: InstanceRecord): Watching | undefined {
    const { workload } = record;
    const watched = workload === undefined ? undefined : this.#workloads.get(workloadKey(workload));
    const instance = watched?.instances.get(record.id);
    if (workload === undefined || watched === undefined || instance?.record !== record) return undefined;
    watched.instances.delete(record.id);
    return { watched, instance, workload };
  }

  find(workload: Workload): WatchedWorkload | undefined {
    return this.#workloads.get(workloadKey(workload));
  }

  workloadOf(workload: Workload): WatchedWorkload {
    const key = workloadKey(workload);
    const known = this.#workloads.get(key);
    if (known !== undefined) return known;
    if (this.#workloads.size >= maxWorkloads) this.#forgetOne();
    const watched = new WatchedWorkload(workload);
    this.#workloads.set(key, watched);
    return watched;
  }

  /** The oldest that has no copy here; what it learned was told, and is told again when it comes back. */
  #forgetOne(): void {
    for (const [key, { instances }] of this.#workloads) {
      if (instances.size > 0) continue;
      this.#workloads.delete(key);
      return;
    }
  }
}
