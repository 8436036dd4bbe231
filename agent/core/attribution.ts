import { maxLineage } from '../../fingerprint/behaviour.ts';
import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { Workload } from '../../fingerprint/workload.ts';
import type { ActEvent, Attributed, AttributedAct } from './attributed.ts';
import type { Counters } from './counters.ts';
import { isProbe } from './entrance.ts';
import { type InstanceRecord, internActor } from './instances.ts';
import { foundAgain, foundParents, isNews, lengthen } from './lineage.ts';
import { Membership } from './membership.ts';
import type { OwnProcesses } from './own.ts';
import { Pen } from './pen.ts';
import type { ProcessRecord } from './process-table.ts';
import { isRuntimePrologue, prologueIsOver } from './prologue.ts';
import { noteMove } from './sweep/moved.ts';
import { Sweep } from './sweep.ts';

export interface AttributionOptions {
  readonly counters: Counters;
  /** Recorded events: container refs or bare cgroup ids stand for instances, and nothing waits for a workload. */
  readonly offline?: boolean;
  readonly own?: OwnProcesses;
  /** µs since boot when watching began: processes older than this were there before. */
  readonly watchingSince?: number;
  readonly maxProcesses?: number;
}

type PlainAct = Exclude<ActEvent, { kind: 'exec' }>;

const none: readonly Attributed[] = [];
/** A cgroup may outlive its processes; without any for this long the copy has ended. */
const emptyUs = 10_000_000;

/**
 * Who did it: turns events into acts of programs of instances. Deterministic: time comes from the events.
 *
 * Ancestry follows our own fork records, never the parent of now; fork inherits the program, exec appends one. What a
 * process does between entering an instance and its first exec there is the runtime's prologue: counted, not given out.
 */
export class Attribution {
  readonly #counters: Counters;
  readonly #offline: boolean;
  readonly #members: Membership;
  readonly #sweep = new Sweep();
  readonly #pen: Pen;
  #now = 0;
  #happened = 0;
  #expiredAt = 0;

  constructor(options: AttributionOptions) {
    const {
      counters,
      offline = false,
      own = { trees: [], single: [] },
      watchingSince = 0,
      maxProcesses,
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
    });
  }

  /** What the event means, after what it made known of earlier ones. */
  observe(event: Event): readonly Attributed[] {
    if (event.time > this.#now) this.#now = event.time;
    if (event.found === true && event.kind !== 'cgroup') return this.#sweep.add(event) ? none : this.settle();
    if (event.time > this.#happened) this.#happened = event.time;
    const due = this.#sweep.size > 0 || this.#now - this.#expiredAt > 1_000_000;
    const waited = due ? this.settle() : none;
    const now = this.#pen.pass(this.#one(event));
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
    for (const event of this.#sweep.take()) out.push(...this.#pen.pass(this.#one(event)));
    if (this.#now - this.#expiredAt > 1_000_000) out.push(...this.#pen.pass(this.#expire()));
    return out;
  }

  /** What a look at the present state found: taken in at once and in this order, parents before children. */
  found(events: readonly Event[]): readonly Attributed[] {
    const out = [...this.settle()];
    for (const event of events) out.push(...this.#pen.pass(this.#one(event)));
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
      for (const record of this.#members.table.all()) recogniseProbe(record, instance, probes);
    return this.#pen.release(instance, workload).map((item) => asProbe(item, probes));
  }

  /** Nobody knows the instance: its acts count as unjudged, those that waited too, until it is identified after all. */
  abandon(instance: InstanceRecord): readonly Attributed[] {
    return this.#pen.abandon(instance);
  }

  /** Time went on to here, with nothing that had to come this way. µs since the epoch. */
  passed(time: number): void {
    if (time > this.#now) this.#now = time;
    if (time > this.#happened) this.#happened = time;
  }

  /** The process as it stands, for a look at raw records before they become events. */
  process(ref: ProcessRef): ProcessRecord | undefined {
    return this.#members.table.get(ref);
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

  #one(event: Event): readonly Attributed[] {
    switch (event.kind) {
      case 'gap':
        return this.#gap(event);
      case 'cgroup':
        return this.#cgroup(event);
      case 'fork':
        this.#members.fork(event);
        return none;
      case 'exit':
        this.#members.exit(event);
        return none;
      case 'attach':
        return this.#attach(event);
      case 'exec':
        return this.#exec(event);
      default:
        return this.#act(event);
    }
  }

  #gap(event: EventOf<'gap'>): readonly Attributed[] {
    this.#members.doubt(Math.max(event.until, this.#now));
    this.#counters.add('lost.source', event.lost);
    const { cgroup } = event;
    const instance = cgroup === undefined ? undefined : this.#members.instances.ofCgroup(cgroup, event.time);
    return [{ type: 'gap', instance, event }];
  }

  #cgroup(event: EventOf<'cgroup'>): readonly Attributed[] {
    const { instances } = this.#members;
    if (event.action !== 'removed') {
      this.#learnCgroup(event.id, event.path);
      return none;
    }
    const ended = instances.removeCgroup(event);
    return ended === undefined
      ? none
      : [{ type: 'instance', instance: ended, state: 'exited', time: event.time }];
  }

  #learnCgroup(id: number, path: string): void {
    if (!this.#members.instances.learnCgroup(id, path)) this.#counters.add('lost.cgroup-table-full');
  }

  #attach(event: EventOf<'attach'>): readonly Attributed[] {
    if (event.path !== undefined) this.#learnCgroup(event.to, event.path);
    const before = this.#members.actorOf(event.process);
    const { record, left } = this.#members.move(event);
    if (left === undefined || before.actor === undefined) return none;
    const detail = this.#members.instances.pathOf(event.to) ?? 'unknown';
    const { time, process } = event;
    const act: ActEvent = { time, process, kind: 'privilege', privilege: 'leave-cgroup', detail };
    return [
      {
        type: 'act',
        instance: left,
        process: record,
        actor: before.actor,
        assumed: before.assumed,
        event: act,
        image: record.image,
      },
    ];
  }

  #exec(event: EventOf<'exec'>): readonly Attributed[] {
    const record = this.#members.processOf(event);
    const { instance } = record;
    if (record.own !== 'no') return this.#passed('passed.own');
    if (event.error !== undefined) return this.#emit(record, event);
    const before = record.image;
    record.image = event;
    if (instance === undefined) return this.#passed('passed.host');
    if (record.actor === undefined && isRuntimePrologue(event, before, instance)) {
      record.runtimeAgain = true;
      return this.#passed('passed.prologue');
    }
    if (event.found === true && !isNews(record, event)) return none;
    return this.#runs(record, instance, event);
  }

  /** From here on the process is this program. */
  #runs(record: ProcessRecord, instance: InstanceRecord, event: EventOf<'exec'>): readonly Attributed[] {
    const found = event.found === true;
    const parents = found ? foundParents(record) : (record.actor?.lineage ?? []);
    if (found) record.assumed = Math.min(parents.length + 1, maxLineage);
    else if (parents.length === 0) enter(record, instance, event);
    record.actor = internActor(instance, {
      root: record.root ?? 'found',
      lineage: lengthen(parents, event.exe),
    });
    const acts = this.#emit(record, event);
    if (instance.state !== 'new') return acts;
    instance.state = found ? 'found' : 'started';
    instance.first = record.ref;
    return [{ type: 'instance', instance, state: instance.state, time: event.time }, ...acts];
  }

  #act(event: PlainAct): readonly Attributed[] {
    const record = this.#members.processOf(event);
    if (record.own !== 'no') return this.#passed('passed.own');
    if (record.instance === undefined) return this.#passed('passed.host');
    if (event.kind === 'privilege' && event.found !== true) noteMove(record, event);
    if (record.actor !== undefined) return this.#emit(record, event);
    if (!prologueIsOver(record, event, record.instance)) return this.#passed('passed.prologue');
    if (record.image === undefined) return this.#passed('unjudged.program-unknown');
    // Moved in while it ran, and it never executes again: it goes on as the program that it was.
    const was = this.#runs(record, record.instance, foundAgain(record, record.image, event.time));
    return [...was, ...this.#emit(record, event)];
  }

  #emit(process: ProcessRecord, event: ActEvent): readonly Attributed[] {
    const { instance, actor, assumed, image } = process;
    if (instance === undefined) return this.#passed('passed.host');
    if (actor === undefined) return this.#passed('passed.prologue');
    return [{ type: 'act', instance, process, actor, assumed, event, image }];
  }

  #passed(counter: string): readonly Attributed[] {
    this.#counters.add(counter);
    return none;
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

/** The first program of a tree inside: how it came in is its root from then on. */
function enter(record: ProcessRecord, instance: InstanceRecord, event: EventOf<'exec'>): void {
  record.entrance = event;
  if (record.root === 'interactive' && isProbe(event, instance.container?.probes)) record.root = 'probe';
}

/** Which commands are probes the runtime told only now, after some of them had run. */
function recogniseProbe(
  record: ProcessRecord,
  instance: InstanceRecord,
  probes: readonly (readonly string[])[],
): void {
  const { actor, entrance, root } = record;
  if (record.instance !== instance || root !== 'interactive' || entrance === undefined) return;
  if (!isProbe(entrance, probes)) return;
  record.root = 'probe';
  if (actor !== undefined) record.actor = internActor(instance, { ...actor, root: 'probe' });
}

/** The same for what such a tree did while it waited. */
function asProbe(item: Attributed, probes: readonly (readonly string[])[] | undefined): Attributed {
  if (item.type !== 'act' || item.actor.root !== 'interactive') return item;
  const { entrance } = item.process;
  if (entrance === undefined || !isProbe(entrance, probes)) return item;
  return { ...item, actor: internActor(item.instance, { ...item.actor, root: 'probe' }) };
}
