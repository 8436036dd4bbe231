import type { Actor } from '../../fingerprint/behaviour.ts';
import type { Event, EventOf, ProcessRef } from '../../fingerprint/event.ts';
import type { Counters } from './counters.ts';
import { type InstanceRecord, Instances } from './instances.ts';
import { isOwn, type OwnProcesses } from './own.ts';
import type { ProcessRecord } from './process-record.ts';
import { ProcessTable } from './process-table.ts';

export interface MembershipOptions {
  readonly counters: Counters;
  readonly offline: boolean;
  readonly own: OwnProcesses;
  /** µs since boot when watching began: processes older than this were there before. */
  readonly watchingSince: number;
  readonly maxProcesses?: number;
  readonly unpacked?: number;
}

/** After a gap a process without a known parent may be anybody's: it is not called an intruder for this long. */
const doubtUs = 60_000_000;

/**
 * Which process belongs to which instance, and by which root. A process is where its parent is until it is seen to
 * enter another instance's cgroup from outside; a container's process stays a member wherever it moves.
 */
export class Membership {
  readonly table: ProcessTable;
  readonly instances: Instances;
  readonly #own: OwnProcesses;
  readonly #since: number;
  #doubtUntil = 0;

  constructor(options: MembershipOptions) {
    this.#own = options.own;
    this.#since = options.watchingSince;
    this.instances = new Instances({ offline: options.offline });
    this.table = new ProcessTable({
      onEvicted: () => options.counters.add('lost.process-evicted'),
      ...(options.maxProcesses === undefined ? {} : { maxProcesses: options.maxProcesses }),
      ...(options.unpacked === undefined ? {} : { unpacked: options.unpacked }),
    });
  }

  /** The acting process, placed where the event says it is. */
  processOf(event: Event): ProcessRecord {
    const record = this.#known(event);
    if (record.own === 'no') this.#place(record, event);
    return record;
  }

  fork(event: EventOf<'fork'>): void {
    const parent = this.processOf(event);
    const known = this.table.get(event.child);
    // In another order than it happened: the child's first act overtook its fork.
    if (known !== undefined) this.table.adopt(known, parent);
    else this.#add(event.child, parent, event.time);
  }

  exit(event: EventOf<'exit'>): void {
    const record = this.table.get(event.process);
    if (record === undefined || record.exitedAt !== undefined) return;
    this.table.exit(record, event.time);
  }

  doubt(until: number): void {
    this.#doubtUntil = Math.max(this.#doubtUntil, until + doubtUs);
  }

  /** The program a process is now. */
  actorOf(ref: ProcessRef): { readonly actor: Actor | undefined; readonly assumed: number } {
    const record = this.table.get(ref);
    return { actor: record?.actor, assumed: record?.assumed ?? 0 };
  }

  /**
   * The process moved to another cgroup. Within its instance nothing happens, into one from nowhere it enters.
   *
   * @returns the instance whose cgroups it left, if it acted there as a program.
   */
  move(event: EventOf<'attach'>): { readonly record: ProcessRecord; readonly left?: InstanceRecord } {
    const record = this.#known(event);
    if (
      record.own !== 'no' &&
      this.#own.canary !== undefined &&
      this.instances.pathOf(event.to) === this.#own.canary
    )
      record.own = 'no';
    if (record.own !== 'no') return { record };
    record.cgroup = event.to;
    record.cgroupInherited = false;
    const target = this.instances.ofCgroup(event.to, event.time);
    // Recordings remember what the runtime said while the container lived.
    if (target !== undefined && event.container !== undefined) target.container ??= event.container;
    const from = record.instance;
    if (target === from) return { record };
    // Managers (systemd, containerd as a unit) place what they start; a container's own process has no such business.
    if (target !== undefined && from?.owner.kind !== 'container') this.#enter(record, target, event);
    return from === undefined ? { record } : { record, left: from };
  }

  #known(event: Event): ProcessRecord {
    const record = this.table.get(event.process);
    if (record !== undefined) return record;
    // Its fork was not seen: the parent the event names is the next best thing.
    const parent = event.parent === undefined ? undefined : this.table.get(event.parent);
    const added = this.#add(event.process, parent, event.time);
    // The sensor is started before there is anybody to see the agent fork it.
    if (event.parent !== undefined && isOwn(this.#own, event.parent) === 'tree') added.own = 'tree';
    if (event.found === true) forgetProgram(added);
    return added;
  }

  #add(ref: ProcessRef, parent: ProcessRecord | undefined, time: number): ProcessRecord {
    const record = this.table.add(ref, parent, time);
    if (record.own === 'no') record.own = isOwn(this.#own, ref);
    return record;
  }

  /** Only an explicit move leaves an instance: a late event of the slower ring still names the cgroup of before. */
  #place(record: ProcessRecord, event: Event): void {
    if (record.instance !== undefined && !record.cgroupInherited) return;
    const target = this.instances.ofEvent(event);
    const elsewhere = record.cgroupInherited && event.cgroup !== undefined && event.cgroup !== record.cgroup;
    if (event.cgroup !== undefined) {
      record.cgroup = event.cgroup;
      record.cgroupInherited = false;
    }
    if (target === undefined || target === record.instance) return;
    // Born elsewhere: clone3 with CLONE_INTO_CGROUP makes no attach.
    if (record.instance === undefined || (elsewhere && record.instance.owner.kind !== 'container'))
      this.#enter(record, target, event);
  }

  #enter(record: ProcessRecord, instance: InstanceRecord, event: Event): void {
    const entrypoint = this.#isEntrypoint(record, instance, event);
    this.table.join(record, instance, event.time);
    record.actor = undefined;
    record.entrance = undefined;
    record.assumed = 0;
    record.runtimeAgain = false;
    record.enteredAt = event.time;
    record.root = entrypoint ? 'entrypoint' : this.#laterRoot(record, event);
    if (entrypoint) instance.entrypointStart = Math.min(instance.entrypointStart, record.ref.start);
  }

  #isEntrypoint(record: ProcessRecord, instance: InstanceRecord, event: Event): boolean {
    if (instance.entrypointStart === Number.POSITIVE_INFINITY || instance.live === 0) return true;
    // Of those found, the oldest that came from outside: a container's first process is older than any exec into it,
    // and its orphans become its children, not the host's. So what was learned of the entrypoint is what judges it.
    if (this.#predates(record, event)) return record.ref.start < instance.entrypointStart;
    // A unit's ExecStartPre, ExecStart, ExecReload are all started by the manager itself.
    return instance.owner.kind === 'unit' && record.parent?.ref.pid === 1;
  }

  #laterRoot(record: ProcessRecord, event: Event): Actor['root'] {
    if (this.#predates(record, event)) return 'found';
    if (event.kind === 'attach' || record.parent !== undefined) return 'interactive';
    // Its parent is nobody we saw: from outside, unless what we did not see was lost.
    return event.parent !== undefined && event.time > this.#doubtUntil ? 'interactive' : 'found';
  }

  #predates(record: ProcessRecord, event: Event): boolean {
    return event.found === true || record.ref.start < this.#since;
  }
}

/** Found, not seen to start: what its parent runs says nothing of what it runs. */
function forgetProgram(record: ProcessRecord): void {
  record.actor = undefined;
  record.entrance = undefined;
  record.image = undefined;
  record.assumed = 0;
}
