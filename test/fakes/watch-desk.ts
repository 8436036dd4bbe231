import type { Attributed } from '../../agent/core/attributed.ts';
import { Attribution } from '../../agent/core/attribution.ts';
import { Counters } from '../../agent/core/counters.ts';
import type { Surroundings } from '../../agent/core/surroundings.ts';
import { Watch, type WatchOptions, type WatchOutput } from '../../agent/core/watch.ts';
import type { InForce } from '../../agent/core/watched.ts';
import { behaviourKinds, type Event, type EventOf, type ProcessRef } from '../../fingerprint/event.ts';
import { indexBehaviour } from '../../fingerprint/index-behaviour.ts';
import { learn } from '../../fingerprint/learn.ts';
import type { Report } from '../../fingerprint/report.ts';
import { observation, workload } from './behaviours.ts';

type Incident = Extract<WatchOutput, { type: 'incident' }>['incident'];

export const ref = (pid: number): ProcessRef => ({ pid, start: pid });

/** Attribution and watch of one node, one workload, cgroup `n` of copy `n`. */
export class Desk {
  readonly counters = new Counters();
  readonly attribution = new Attribution({ counters: this.counters });
  readonly watch: Watch;
  readonly out: WatchOutput[] = [];
  /** Of each copy that starts from now on. */
  surroundings: Surroundings | undefined;
  #time = 1_000_000;

  constructor(more: Partial<WatchOptions> = {}) {
    this.watch = new Watch({
      node: 'node-1',
      coverage: () => behaviourKinds,
      counters: this.counters,
      attribution: this.attribution,
      ...more,
    });
  }

  see(event: Partial<Event> & { kind: Event['kind'] }): void {
    this.#time += 1_000;
    // One literal, one kind: the spread loses what the compiler knew of the union.
    this.#take(this.attribution.observe({ time: this.#time, process: ref(0), ...event } as Event));
  }
  settle(): void {
    this.#take(this.attribution.settle(this.#time));
  }
  #take(items: readonly Attributed[]): void {
    for (const item of items) {
      if (item.type !== 'instance' || item.state === 'exited') this.out.push(...this.watch.observe(item));
      else {
        item.instance.surroundings = this.surroundings;
        this.out.push(...this.watch.began(item.instance, workload, item.state));
        this.#take(this.attribution.identify(item.instance, workload));
      }
    }
  }
  start(copy: number, ...exes: readonly string[]): void {
    this.see({ kind: 'cgroup', action: 'made', id: copy, path: `/k8s.io/cart-${copy}` });
    this.see({ kind: 'attach', process: ref(copy), to: copy });
    for (const exe of exes) this.exec(copy, exe);
  }
  exec(pid: number, exe: string, more: Partial<EventOf<'exec'>> = {}): void {
    this.see({ kind: 'exec', process: ref(pid), exe, args: [exe], origin: 'image', ...more });
  }
  run(parent: number, pid: number, exe: string, more: Partial<EventOf<'exec'>> = {}): void {
    this.see({ kind: 'fork', process: ref(parent), child: ref(pid) });
    this.exec(pid, exe, more);
  }
  open(pid: number, path: string, more: Partial<EventOf<'open'>> = {}): void {
    this.see({ kind: 'open', process: ref(pid), path, access: 'read', ...more });
  }
  found(copy: number, pid: number, exe: string): void {
    this.see({ kind: 'cgroup', action: 'found', id: copy, path: `/k8s.io/cart-${copy}` });
    this.exec(pid, exe, { found: true, cgroup: copy });
    this.settle();
  }

  reports<T extends Report['type']>(type: T): Extract<Report, { type: T }>[] {
    return this.out
      .map((o) => (o.type === 'report' ? o.report : undefined))
      .filter((r): r is Extract<Report, { type: T }> => r?.type === type);
  }
  novelties(): string[] {
    return this.reports('novelty').map(
      ({ behaviour: b }) => `${b.lineage.join('>')} ${b.kind}${'path' in b ? ` ${b.path}` : ''}`,
    );
  }
  incidents(): Incident[] {
    return [...this.watch.openIncidents()];
  }
  drifts(): string[] {
    return this.incidents().flatMap((i) =>
      i.drifts.map((d) => `${d.lineage.join('>')} ${d.kind} ${d.because}`),
    );
  }
  support(): string[] {
    return this.watch
      .support(9_000_000)
      .flatMap((o) => (o.type === 'report' && o.report.type === 'support' ? [o.report.seen] : []));
  }
}

/** A desk whose workload is judged by what `teach` did on another. */
export function judging(
  teach: (desk: Desk) => void,
  over: Partial<InForce> = {},
  more: Partial<WatchOptions> = {},
): Desk {
  const school = new Desk(more);
  teach(school);
  const behaviours = school.reports('novelty').map((r) => r.behaviour);
  const baseline = learn(workload.subject, behaviours, { coverage: behaviourKinds, observation });
  const approval = { fingerprint: 'sha256:f', version: 1, signedBy: 'Shop Inc', maxMode: 'kill' } as const;
  const inForce: InForce = { index: indexBehaviour(baseline), approval, ...over };
  const desk = new Desk(more);
  desk.watch.setInForce(workload, inForce);
  return desk;
}
