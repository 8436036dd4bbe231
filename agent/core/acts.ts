import { maxLineage } from '../../fingerprint/behaviour.ts';
import type { Event, EventOf } from '../../fingerprint/event.ts';
import type { ActEvent, Attributed } from './attributed.ts';
import type { Counters } from './counters.ts';
import { isProbe } from './entrance.ts';
import { Executions } from './executions.ts';
import { type InstanceRecord, internActor } from './instances.ts';
import { foundAgain, foundParents, isNews, lengthen } from './lineage.ts';
import type { Membership } from './membership.ts';
import type { ProcessRecord } from './process-record.ts';
import { isRuntimePrologue, prologueIsOver } from './prologue.ts';
import { noteMove } from './sweep/moved.ts';

type PlainAct = Exclude<ActEvent, { kind: 'exec' }>;

const none: readonly Attributed[] = [];

/**
 * What one event says of who is who, and whose act it is. Fork inherits the program, exec appends one. What a process
 * does between entering an instance and its first exec there is the runtime's prologue: counted, not given out.
 */
export class Acts {
  readonly #counters: Counters;
  readonly #members: Membership;
  readonly #executions = new Executions();

  constructor(counters: Counters, members: Membership) {
    this.#counters = counters;
    this.#members = members;
  }

  /** @param now µs since the epoch: the latest time any event told. */
  of(event: Event, now: number): readonly Attributed[] {
    switch (event.kind) {
      case 'gap':
        return this.#gap(event, now);
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

  #gap(event: EventOf<'gap'>, now: number): readonly Attributed[] {
    this.#members.doubt(Math.max(event.until, now));
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
    record.image = this.#executions.kept(event, record.ref);
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
}

/** The first program of a tree inside: how it came in is its root from then on. */
function enter(record: ProcessRecord, instance: InstanceRecord, event: EventOf<'exec'>): void {
  record.entrance = event;
  if (record.root === 'interactive' && isProbe(event, instance.container?.probes)) record.root = 'probe';
}
