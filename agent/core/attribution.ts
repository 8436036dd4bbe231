import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import { Acts } from './acts.ts';
import type { Attributed, AttributedAct } from './attributed.ts';
import type { Counters } from './counters.ts';
import type { InstanceRecord } from './instances.ts';
import { asProbe, recogniseProbe } from './late-probes.ts';
import { foundAgain } from './lineage.ts';
import { Membership } from './membership.ts';
import type { OwnProcesses } from './own.ts';
import { Pen } from './pen.ts';
import type { ProcessRecord } from './process-record.ts';
import { Sweep } from './sweep.ts';

export interface AttributionOptions {
  readonly counters: Counters;
  /** Recorded events: container refs or bare cgroup ids stand for instances, and nothing waits for a workload. */
  readonly offline?: boolean;
  readonly own?: OwnProcesses;
  /** µs since boot when watching began: processes older than this were there before. */
  readonly watchingSince?: number;
  readonly maxProcesses?: number;
  /** How many of the dead stay as they were (process-table.ts). */
  readonly unpacked?: number;
}

const none: readonly Attributed[] = [];
/** A cgroup may outlive its processes; without any for this long the copy has ended. */
const emptyUs = 10_000_000;

/**
 * Who did it: turns events into acts of programs of instances (acts.ts), in an order in which each can be understood.
 * Deterministic: time comes from the events. Ancestry follows our own fork records, never the parent of now.
 */
export class Attribution {
  readonly #counters: Counters;
  readonly #offline: boolean;
  readonly #members: Membership;
  readonly #acts: Acts;
  readonly #sweep = new Sweep();
  readonly #pen: Pen;
  #now = 0;
  #latest = Number.POSITIVE_INFINITY;
  #happened = 0;
  #expiredAt = 0;

  constructor(options: AttributionOptions) {
    const {
      counters,
      offline = false,
      own = { trees: [], single: [] },
      watchingSince = 0,
      maxProcesses,
      unpacked,
    } = options;
    this.#counters = counters;
    this.#offline = offline;
    this.#pen = new Pen(counters, offline);
    this.#members = new Membership({
      counters,
      offline,
      own,
      watchingSince,
      ...(maxProcesses === undefined ? {} : { maxProcesses }),
      ...(unpacked === undefined ? {} : { unpacked }),
    });
    this.#acts = new Acts(counters, this.#members);
  }

  /** Nothing happens later than this, µs since the epoch: a source whose clock runs ahead must not end what lasts. */
  believeUntil(time: number): void {
    this.#latest = time;
  }

  /** What the event means, after what it made known of earlier ones. */
  observe(told: Event): readonly Attributed[] {
    if (!this.#offline) this.#members.table.pack();
    const event = told.time > this.#latest ? this.#notFuture(told) : told;
    if (event.time > this.#now) this.#now = event.time;
    if (event.found === true && event.kind !== 'cgroup') return this.#sweep.add(event) ? none : this.settle();
    if (event.time > this.#happened) this.#happened = event.time;
    const due = this.#sweep.size > 0 || this.#now - this.#expiredAt > 1_000_000;
    const waited = due ? this.settle() : none;
    const now = this.#pen.pass(this.#acts.of(event, this.#now));
    return waited.length === 0 ? now : [...waited, ...now];
  }

  /** When the last that was told happened, µs since the epoch: how far behind the present we are. */
  get happened(): number {
    return this.#happened;
  }

  /** Findings of a sweep wait: who is who may still change. */
  get unsettled(): boolean {
    return this.#sweep.size > 0;
  }

  /**
   * Takes in what a sweep of the present state has found; call when the source pauses and at the end.
   *
   * @param time µs since the epoch, when it is later than the last event.
   */
  settle(time = 0): readonly Attributed[] {
    if (time > this.#now) this.#now = time;
    const out: Attributed[] = [];
    for (const event of this.#sweep.take()) out.push(...this.#pen.pass(this.#acts.of(event, this.#now)));
    if (this.#now - this.#expiredAt > 1_000_000) out.push(...this.#pen.pass(this.#expire()));
    return out;
  }

  /** What a look at the present state found: taken in at once and in this order, parents before children. */
  found(events: readonly Event[]): readonly Attributed[] {
    const out = [...this.settle()];
    for (const event of events) out.push(...this.#pen.pass(this.#acts.of(event, this.#now)));
    return out;
  }

  /** The same of a process nobody told of; its start is known to the clock tick only. */
  foundUnknown(event: EventOf<'exec'>): readonly Attributed[] {
    const out = this.found([event]);
    const record = this.#members.table.get(event.process);
    if (record !== undefined) record.isRounded = true;
    return out;
  }

  /** The living process that /proc shows under this pid and start, in clock ticks. */
  alive(pid: number, startTicks: number): ProcessRecord | undefined {
    return this.#members.table.alive(pid, startTicks);
  }

  /** The instance's workload is known: what waited for it comes out, in order. */
  identify(instance: InstanceRecord, workload: Workload): readonly Attributed[] {
    const { probes } = instance.container ?? {};
    if (probes !== undefined)
      for (const record of this.#members.table.of(instance)) recogniseProbe(record, instance, probes);
    return this.#pen.release(instance, workload).map((item) => asProbe(item, probes));
  }

  /** Nobody knows the instance: its acts count as unjudged, those that waited too, until it is identified after all. */
  abandon(instance: InstanceRecord): readonly Attributed[] {
    return this.#pen.abandon(instance);
  }

  /** Time went on to here, with nothing that had to come this way. µs since the epoch. */
  passed(told: number): void {
    const time = Math.min(told, this.#latest);
    if (time > this.#now) this.#now = time;
    if (time > this.#happened) this.#happened = time;
  }

  /** The process as it stands, for a look at raw records before they become events. */
  process(ref: ProcessRef): ProcessRecord | undefined {
    return this.#members.table.get(ref);
  }

  /** The source begins anew: it may reckon when processes started by another boot time than before. */
  sourceRestarted(): void {
    this.#members.table.roundStarts();
  }

  /** The copy that lives in this control group. */
  copyIn(cgroup: number, time: number): InstanceRecord | undefined {
    return this.#members.instances.ofCgroup(cgroup, time);
  }

  instance(id: string): InstanceRecord | undefined {
    return this.#members.instances.get(id);
  }

  /**
   * The process executed what it should not: it and all that descends from it, now and later, is one intruder's. The
   * topmost mark stays. `outside`: its program is none of the fingerprint's, so what it does is not judged further.
   */
  mark(process: ProcessRecord, outside: boolean): ProcessRef {
    const culprit = process.culprit ?? process.ref;
    for (const record of this.#members.table.descendants(process)) {
      record.culprit ??= culprit;
      record.outside ||= outside;
    }
    return culprit;
  }

  /** What runs in the instance now, unmarked, as if a sweep had found it: for judging by another fingerprint. */
  restate(instance: InstanceRecord): readonly AttributedAct[] {
    const members = [...this.#members.table.living()].filter((r) => r.instance === instance);
    for (const record of members) {
      record.culprit = undefined;
      record.outside = false;
    }
    return members
      .sort((a, b) => a.ref.start - b.ref.start)
      .flatMap((process) => {
        const { actor, assumed, image } = process;
        if (actor === undefined || image === undefined || !isSame(image.process, process.ref)) return [];
        return [
          {
            type: 'act',
            instance,
            process,
            actor,
            assumed,
            event: foundAgain(process, image, this.#now),
            image,
          },
        ];
      });
  }

  /** True when no other instance lives below its cgroup, so that stopping the cgroup stops nobody else. */
  isExclusive(instance: InstanceRecord): boolean {
    return this.#members.instances.isExclusive(instance);
  }

  /** Living processes that descend from this one or are it, whatever was re-parented or died in between. */
  subtree(culprit: ProcessRef): readonly ProcessRef[] {
    return this.#members.table.subtree(culprit).map((record) => record.ref);
  }

  #notFuture(event: Event): Event {
    this.#counters.add('events.future');
    return { ...event, time: this.#latest };
  }

  #expire(): readonly Attributed[] {
    this.#expiredAt = this.#now;
    this.#members.table.expire(this.#now);
    if (this.#offline) return none;
    const out: Attributed[] = [];
    for (const instance of this.#members.instances.all()) {
      if (instance.state === 'new' || instance.live > 0 || instance.emptySince + emptyUs > this.#now)
        continue;
      this.#members.instances.close(instance);
      out.push({ type: 'instance', instance, state: 'exited', time: instance.emptySince });
    }
    return out;
  }
}

function isSame(a: ProcessRef, b: ProcessRef): boolean {
  return a.pid === b.pid && a.start === b.start;
}
