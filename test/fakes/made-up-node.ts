import type { InstanceRecord } from '../../agent/core/instances.ts';
import type { Enforcer, Hold, StopRequest, StopResult } from '../../agent/ports/enforcer.ts';
import type { ProcessRef } from '../../fingerprint/event.ts';
import type { Incident } from '../../fingerprint/incident.ts';
import { anApproval } from './reports.ts';

/** What was done to a made-up process. */
export interface Stopped {
  readonly action: StopRequest['action'];
  readonly incident: string;
  readonly target: string;
  /** µs of the agent's clock. */
  readonly at: number;
}

/** As many as a flood of the tests may have alive. */
const maxIncidents = 20_000;

/** A node without a kernel: copies that run, incidents of theirs, and processes of which none can be ended twice. */
export class MadeUpNode {
  readonly #onStopped: (stopped: Stopped) => void;
  readonly #instances: ReadonlyMap<string, InstanceRecord>;
  readonly #incidents = new Map<string, Incident>();
  readonly #ended = new Set<string>();
  #holds: readonly Hold[] = [];

  constructor(copies: readonly string[], onStopped: (stopped: Stopped) => void) {
    this.#instances = new Map(copies.map((id) => [id, recordOf(id)]));
    this.#onStopped = onStopped;
  }

  readonly attribution = {
    instance: (id: string) => this.#instances.get(id),
    subtree: (culprit: ProcessRef) => [culprit],
    isExclusive: () => true,
  };
  readonly watch = { incident: (id: string) => this.#incidents.get(id), approvalOf: () => anApproval };
  readonly enforcer: Enforcer = {
    act: async (request) => this.#act(request),
    holds: () => this.#holds,
    resume: async (which) => this.#resume(which === 'all' ? undefined : which.incident),
  };

  drifted(incident: Incident): void {
    const [oldest] = this.#incidents.keys();
    if (this.#incidents.size >= maxIncidents && oldest !== undefined) this.#incidents.delete(oldest);
    this.#incidents.set(incident.id, incident);
  }

  #act({ action, incident: { id: incident }, culprit, cgroupPath, deadline }: StopRequest): StopResult {
    const target = `${culprit.pid}:${culprit.start}`;
    if (this.#ended.has(target)) return { result: 'target-gone', action, stopped: [] };
    const at = Date.now() * 1000;
    const pids = [culprit.pid];
    if (action === 'kill' || action === 'kill-subtree') this.#ended.add(target);
    else this.#holds = [...this.#holds, { incident, action, cgroupPath, pids, since: at, deadline }];
    this.#onStopped({ action, incident, target, at });
    return { result: 'done', action, stopped: pids, stoppedAt: at };
  }

  #resume(incident: string | undefined): readonly Hold[] {
    const isMeant = (hold: Hold): boolean => incident === undefined || hold.incident === incident;
    const going = this.#holds.filter(isMeant);
    this.#holds = this.#holds.filter((hold) => !isMeant(hold));
    return going;
  }
}

function recordOf(id: string): InstanceRecord {
  return {
    id,
    cgroupPath: `/${id}`,
    owner: { kind: 'cgroup', path: `/${id}`, owner: `cgroup/${id}` },
    container: undefined,
    startedAt: 1,
    first: { pid: 1, start: 1 },
    entrypointStart: 1,
    state: 'started',
    workload: undefined,
    surroundings: undefined,
    podImages: [],
    abandoned: false,
    live: 1,
    emptySince: 0,
    pen: [],
    actors: new Map(),
  };
}
